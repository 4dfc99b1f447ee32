//! The audit: who read, made, wrote or deleted what, and what was refused. One line of JSON each, and never a value.
//!
//! Nobody waits for it: a line is queued, and where the queue is full it is dropped and counted. Lines are numbered
//! before that, so that one that is missing shows. Off unless a flag says where lines go; then it costs nothing.

mod flags;
mod log;
mod record;
mod sink;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use jiff::Timestamp;
use serde::Serialize;

pub use self::flags::AuditFlags;
pub use self::log::open;
pub use self::record::{Action, Asked, Record, Who};
use crate::cluster::Store;
use crate::courier::Outbox;
use crate::engine::object::ObjectRef;
use crate::engine::problem::Problem;
use crate::provider::pool::DialObserver;

/// Where deeds are told. The default tells nobody.
#[derive(Clone, Default)]
pub struct Audit(Option<Arc<Book>>);

/// What all who tell share.
struct Book {
    /// Stands for this process: fingerprints of another one are made with another key.
    run: String,
    last: AtomicU64,
    lines: Outbox<String>,
    clock: fn() -> Timestamp,
}

#[derive(Serialize)]
struct Line<'r> {
    time: Timestamp,
    run: &'r str,
    number: u64,
    #[serde(flatten)]
    record: &'r Record,
}

impl Audit {
    fn new(run: String, lines: Outbox<String>, clock: fn() -> Timestamp) -> Self {
        let last = AtomicU64::default();
        Self(Some(Arc::new(Book {
            run,
            last,
            lines,
            clock,
        })))
    }

    /// Whether anybody listens.
    pub fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// Tells of a deed. What it takes to do so is only done where somebody listens.
    pub fn tell(&self, deed: impl FnOnce() -> Record) {
        let Some(book) = &self.0 else { return };
        let line = Line {
            time: (book.clock)(),
            run: &book.run,
            number: book.last.fetch_add(1, Relaxed) + 1,
            record: &deed(),
        };
        // Nothing in a record can fail to be written.
        let Ok(mut text) = serde_json::to_string(&line) else {
            return book.lines.lost();
        };
        text.push('\n');
        book.lines.put(text);
    }
}

impl DialObserver for Audit {
    fn connected(&self, store: &Store, credentials: &[ObjectRef], problem: Option<&Problem>) {
        self.tell(|| {
            let who = Who::new(&ObjectRef::from(&store.key), &store.uid);
            let record = Record::new(Action::Connect, who).store(&store.key);
            record.credentials(credentials).ended(problem)
        });
    }
}

impl fmt::Debug for Audit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_on() { "Audit(on)" } else { "Audit(off)" })
    }
}

#[cfg(test)]
mod tests;
