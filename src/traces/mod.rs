//! Traces: what a turn of an object was spent on. A span for the turn, one for each of its steps, and one for each call
//! to a backend.
//!
//! - A span holds names of objects and stores, static words and numbers: no value, and no key that a value has.
//! - Nobody waits for it: a span that is over is queued, and where the queue is full it is dropped and counted.
//! - Off unless a flag or a variable says where spans go. Then no span is made, and nothing is kept for one.
//! - What goes on elsewhere on somebody's behalf, such as a call that answers many, is told [`here`] whose it is.

#[cfg(feature = "otlp")]
mod export;
mod sampler;
mod span;
#[cfg(not(feature = "otlp"))]
mod without;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use futures::FutureExt as _;
use futures::future::{Either, Inspect};
use http::HeaderValue;
use jiff::Timestamp;
use rand::RngExt as _;
use rand::rngs::StdRng;
use tokio::task::futures::TaskLocalFuture;

use crate::courier::Outbox;

#[cfg(feature = "otlp")]
pub use self::export::{TraceFlags, open};
pub use self::sampler::Sampler;
pub use self::span::{Ids, Kind, Span, Value};
#[cfg(not(feature = "otlp"))]
pub use self::without::{TraceFlags, open};

/// W3C's header that tells a server which span asks it.
pub const PARENT: &str = "traceparent";

tokio::task_local! {
    static CURRENT: Current;
}

/// Where traces go. The default makes none.
#[derive(Clone, Default)]
pub struct Traces(Option<Arc<Book>>);

/// What all who make spans share.
struct Book {
    spans: Outbox<Span>,
    sampler: Sampler,
    random: Mutex<StdRng>,
    /// Backends are told which span asks them.
    to_backends: bool,
    clock: fn() -> Timestamp,
}

/// A span that is not over, or was not when it was taken hold of.
struct Open {
    book: Arc<Book>,
    ids: Ids,
    /// What it is a step of, however far down; `None` for the turn itself.
    turn: Option<Arc<Open>>,
    span: Mutex<Option<Span>>,
}

/// The span under way, if there is any, as what goes on elsewhere on its behalf needs it.
#[derive(Clone, Default)]
pub struct Here(Option<Arc<Open>>);

/// A span that is about to be worked within, if there is one.
#[derive(Debug)]
pub struct Begun(Option<Arc<Open>>);

/// Work within a span, or without one.
pub type Within<F> = Either<TaskLocalFuture<Current, Inspect<F, fn(&<F as Future>::Output)>>, F>;

/// The span that a future is polled within.
#[derive(Debug)]
pub struct Current {
    open: Arc<Open>,
    /// It is over when the future is.
    ends: bool,
}

impl Traces {
    pub fn new(
        spans: Outbox<Span>,
        sampler: Sampler,
        random: StdRng,
        to_backends: bool,
        clock: fn() -> Timestamp,
    ) -> Self {
        Self(Some(Arc::new(Book {
            spans,
            sampler,
            random: Mutex::new(random),
            to_backends,
            clock,
        })))
    }

    /// A trace begins, if it is to be kept. What it takes to describe it is only done then.
    pub fn begin(&self, describe: impl FnOnce(&mut Span)) -> Begun {
        Begun(self.0.as_ref().and_then(|book| {
            let ids = book.new_trace()?;
            let span = Span::new(ids, None, (book.clock)());
            Some(Open::new(book, None, span, describe))
        }))
    }
}

/// The span under way.
pub fn here() -> Here {
    Here(CURRENT.try_with(|current| current.open.clone()).ok())
}

/// Tells something of the span under way, if there is any.
pub fn note(tell: impl FnOnce(&mut Span)) {
    // Most of the time nobody wants to know.
    let _ = CURRENT.try_with(|current| current.open.with(tell));
}

/// The turn under way has failed, and so has the step of it that finds that.
pub fn failed(reason: &'static str) {
    let _ = CURRENT.try_with(|current| {
        current.open.with(|span| span.failed(reason));
        if let Some(turn) = &current.open.turn {
            turn.with(|span| span.failed(reason));
        }
    });
}

/// A step of what is under way when this is called.
pub fn step<F: Future>(name: &'static str, work: F) -> Within<F> {
    here().child(|span| span.name = name.into(), work)
}

/// What [`PARENT`] says to a backend, where it is to know.
pub fn parent_header() -> Option<HeaderValue> {
    let header = CURRENT.try_with(|current| {
        let Ids { trace, span } = current.open.ids;
        let text = current
            .open
            .book
            .to_backends
            .then(|| format!("00-{trace:032x}-{span:016x}-01"));
        text.and_then(|text| HeaderValue::try_from(text).ok())
    });
    header.ok().flatten()
}

impl Here {
    /// Those of whom somebody wants to know what became of them.
    pub fn among<'h>(askers: impl Iterator<Item = &'h Self>) -> Vec<Self> {
        askers.filter(|asker| asker.0.is_some()).cloned().collect()
    }

    /// A part of the span.
    pub fn child<F: Future>(&self, describe: impl FnOnce(&mut Span), work: F) -> Within<F> {
        let open = self.0.as_ref().map(|parent| {
            let book = &parent.book;
            let ids = Ids {
                trace: parent.ids.trace,
                span: book.id(),
            };
            let span = Span::new(ids, Some(parent.ids.span), (book.clock)());
            let turn = parent.turn.as_ref().unwrap_or(parent).clone();
            Open::new(book, Some(turn), span, describe)
        });
        Begun(open).within(work)
    }

    /// Goes on elsewhere, as a part of the same span.
    pub fn enter<F: Future>(self, work: F) -> Either<TaskLocalFuture<Current, F>, F> {
        match self.0 {
            Some(open) => {
                let ends = false;
                Either::Left(CURRENT.scope(Current { open, ends }, work))
            }
            None => Either::Right(work),
        }
    }

    fn ids(&self) -> Option<Ids> {
        self.0.as_ref().map(|open| open.ids)
    }
}

/// What is done for all of these at once: a part of the first one's span, and linked to the others'.
pub fn joint<F: Future>(askers: &[Here], describe: impl FnOnce(&mut Span), work: F) -> Within<F> {
    let nobody = Here::default();
    let (first, others) = askers.split_first().unwrap_or((&nobody, &[]));
    let link = |span: &mut Span| {
        others.iter().filter_map(Here::ids).for_each(|ids| span.link(ids));
        describe(span);
    };
    first.child(link, work)
}

impl Begun {
    /// Polled within that span, which is over when the work is, or is given up.
    pub fn within<F: Future>(self, work: F) -> Within<F> {
        match self.0 {
            Some(open) => {
                let (ends, work) = (true, work.inspect(end as fn(&F::Output)));
                Either::Left(CURRENT.scope(Current { open, ends }, work))
            }
            None => Either::Right(work),
        }
    }
}

fn end<T>(_: &T) {
    let _ = CURRENT.try_with(|current| current.open.end());
}

impl Book {
    /// `None`: this one is not kept.
    fn new_trace(&self) -> Option<Ids> {
        let (trace, span) = self.random(|random| (random.random::<u128>(), random.random::<u64>()));
        let ids = Ids {
            trace: trace.max(1),
            span: span.max(1),
        };
        self.sampler.keeps(ids.trace).then_some(ids)
    }

    /// Zero stands for none.
    fn id(&self) -> u64 {
        self.random(|random| random.random::<u64>().max(1))
    }

    fn random<T>(&self, draw: impl FnOnce(&mut StdRng) -> T) -> T {
        draw(&mut self.random.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Open {
    fn new(
        book: &Arc<Book>,
        turn: Option<Arc<Self>>,
        mut span: Span,
        describe: impl FnOnce(&mut Span),
    ) -> Arc<Self> {
        describe(&mut span);
        Arc::new(Self {
            book: book.clone(),
            ids: span.ids,
            turn,
            span: Mutex::new(Some(span)),
        })
    }

    /// Of a span that is over, nothing is told any more.
    fn with(&self, tell: impl FnOnce(&mut Span)) {
        let mut span = self.span.lock().unwrap_or_else(PoisonError::into_inner);
        span.as_mut().map(tell).unwrap_or_default();
    }

    fn end(&self) {
        let span = self.span.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(mut span) = span {
            span.ended = span.began.max((self.book.clock)());
            self.book.spans.put(span);
        }
    }
}

impl Drop for Current {
    fn drop(&mut self) {
        if self.ends {
            // If it is over already, this tells nothing more.
            self.open.with(|span| span.set("lockstep.broken_off", true));
            self.open.end();
        }
    }
}

impl fmt::Debug for Traces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() {
            "Traces(on)"
        } else {
            "Traces(off)"
        })
    }
}

impl fmt::Debug for Open {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Open").field(&self.ids).finish()
    }
}

impl fmt::Debug for Here {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Here").field(&self.ids()).finish()
    }
}

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
