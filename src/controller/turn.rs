//! One turn of one object, and the trace of it where that is kept.

use futures::FutureExt as _;

use super::Context;
use crate::engine::object::ObjectRef;
use crate::queue::Next;
use crate::traces::{self, Begun};

/// A turn that is about to be taken.
pub struct Turn(Begun);

impl Turn {
    /// What the object is called is only asked where somebody wants to know.
    pub fn of(context: &Context, object: impl FnOnce() -> ObjectRef) -> Self {
        Self(context.traces.begin(|span| {
            let object = object();
            span.name = format!("reconcile {}", object.kind).into();
            span.about(&object);
        }))
    }

    pub fn take<F: Future<Output = Next>>(self, work: F) -> impl Future<Output = Next> + use<F> {
        self.0.within(work.inspect(tell_outcome))
    }
}

fn tell_outcome(next: &Next) {
    let outcome = match next {
        Next::Gone => "gone",
        Next::After(_) | Next::WhenWoken => "done",
        Next::Backoff | Next::BackoffWithin(_) | Next::FailedAfter(_) | Next::Stuck => "failed",
    };
    // What only an edit helps is not tried again, and is a failure all the same.
    traces::note(|span| {
        let outcome = if span.reason.is_some() { "failed" } else { outcome };
        span.set("lockstep.outcome", outcome);
    });
}
