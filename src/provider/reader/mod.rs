//! What stands in front of each connection and turns the reads of many objects into few calls.
//!
//! Guarantees: a call ends within the backend's deadline, and a caller hears within twice that; a caller that goes
//! away leaves nothing behind; a backend that panics gives an error. What is shared is shared between users of one
//! connection, who see the same whoever asks.

mod batcher;
mod tally;

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use std::{fmt, iter};

use futures::FutureExt as _;
use tokio::sync::{Semaphore, oneshot};
use tokio::time::{sleep, timeout};

use super::flights::Flights;
use super::{Backend, Find, Health, Limits, Location, Payload, Push, Remote};
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::engine::values::Values;
use batcher::{Batcher, Call};
pub use tally::Tally;

/// How long a read waits for others to go with it, when it is not alone.
const WINDOW: Duration = Duration::from_millis(3);

type Answer = Result<Payload, Problem>;

pub struct Reader {
    line: Arc<Line>,
    finds: Flights<Find, Result<Values, Problem>>,
    checks: Flights<(), Result<Health, Problem>>,
}

/// What calls under way share with the reader.
struct Line {
    backend: Arc<dyn Backend>,
    limits: Limits,
    permits: Semaphore,
    reads: Mutex<Batcher<oneshot::Sender<Answer>>>,
    tally: tally::Counters,
}

impl Reader {
    pub fn new(backend: Arc<dyn Backend>) -> Self {
        let limits = backend.limits();
        let line = Line {
            permits: Semaphore::new(limits.parallel.max(1)),
            reads: Mutex::new(Batcher::new(limits.batch, limits.parallel)),
            tally: tally::Counters::default(),
            backend,
            limits,
        };
        Self {
            line: Arc::new(line),
            finds: Flights::default(),
            checks: Flights::default(),
        }
    }

    /// What an entry of `data` gets.
    pub async fn value(&self, location: Location, property: Option<&str>) -> Result<SecretBytes, Problem> {
        let key = location.key.clone();
        match self.read(self.line.backend.locate(location, property)).await {
            Ok(payload) => self.select(&payload, property)?.ok_or(Problem::Absent { key }),
            Err(Problem::Absent { .. }) => Err(self.line.backend.missing_value(&key)),
            Err(problem) => Err(problem),
        }
    }

    /// What an `extract` gets.
    pub async fn extract(&self, location: Location, property: Option<&str>) -> Result<Values, Problem> {
        let key = location.key.clone();
        let payload = self.read(self.line.backend.locate(location, property)).await?;
        self.explode(&payload, property)?.ok_or(Problem::Absent { key })
    }

    pub async fn read(&self, location: Location) -> Answer {
        let what = location.key.clone();
        let (waiter, answer) = oneshot::channel();
        self.line.tally.asked();
        self.line.reads().ask(location, waiter);
        self.line.go_on();
        // Once to come up, once to be answered.
        match timeout(self.line.limits.deadline * 2, answer).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(crashed(&what)),
            Err(_) => Err(too_late(&what, self.line.limits.deadline * 2)),
        }
    }

    pub async fn find(&self, query: &Find) -> Result<Values, Problem> {
        let (line, question) = (self.line.clone(), query.clone());
        let work = || async move { line.one("find", line.backend.find(&question)).await };
        self.finds.join(query.clone(), Err(crashed("find")), work).await
    }

    pub async fn check(&self) -> Result<Health, Problem> {
        let line = self.line.clone();
        let work = || async move { line.one("check", line.backend.check()).await };
        self.checks.join((), Err(crashed("check")), work).await
    }

    pub async fn write(&self, push: &Push) -> Result<(), Problem> {
        let written = self
            .line
            .one(&push.remote.key, self.line.backend.write(push))
            .await;
        self.something_changed();
        written
    }

    pub async fn delete(&self, remote: &Remote) -> Result<(), Problem> {
        let deleted = self.line.one(&remote.key, self.line.backend.delete(remote)).await;
        self.something_changed();
        deleted
    }

    pub async fn exists(&self, remote: &Remote) -> Result<bool, Problem> {
        self.line.one(&remote.key, self.line.backend.exists(remote)).await
    }

    pub fn select(&self, payload: &Payload, property: Option<&str>) -> Result<Option<SecretBytes>, Problem> {
        self.line.backend.select(payload, property)
    }

    pub fn explode(&self, payload: &Payload, property: Option<&str>) -> Result<Option<Values>, Problem> {
        self.line.backend.explode(payload, property)
    }

    /// What was asked before is answered to those who asked, and to nobody who asks now.
    fn something_changed(&self) {
        self.line.reads().seal();
        self.finds.seal();
    }

    pub fn tally(&self) -> Tally {
        self.line.tally.now()
    }
}

impl Line {
    fn reads(&self) -> MutexGuard<'_, Batcher<oneshot::Sender<Answer>>> {
        self.reads.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts what may be started.
    fn go_on(self: &Arc<Self>) {
        let (calls, opens_window) = {
            let mut reads = self.reads();
            let calls: Vec<_> = iter::from_fn(|| reads.next_call(oneshot::Sender::is_closed)).collect();
            (calls, reads.opens_window())
        };
        for call in calls {
            tokio::spawn(self.clone().carry(call));
        }
        if opens_window {
            let line = self.clone();
            tokio::spawn(async move {
                sleep(WINDOW).await;
                line.reads().window_is_over();
                line.go_on();
            });
        }
    }

    /// A batch of reads. However it ends, those who wait for it hear of it.
    async fn carry(self: Arc<Self>, call: Call) {
        let answers = self.ask(&call.locations).await;
        let waiters = self.reads().land(call);
        for (waiters, answer) in waiters.into_iter().zip(answers) {
            for waiter in waiters {
                // One who has gone away in the meantime does not mind.
                let _ = waiter.send(answer.clone());
            }
        }
        self.go_on();
    }

    async fn ask(&self, wanted: &[Location]) -> Vec<Answer> {
        let _permit = self.permits.acquire().await;
        self.tally.called(wanted.len());
        let limit = self.limits.deadline;
        let all = |problem: fn(&str, Duration) -> Problem| {
            wanted
                .iter()
                .map(|location| Err(problem(&location.key, limit)))
                .collect()
        };
        match timeout(limit, AssertUnwindSafe(self.backend.read(wanted)).catch_unwind()).await {
            Ok(Ok(answers)) => answers,
            Ok(Err(_)) => all(|key, _| crashed(key)),
            Err(_) => all(too_late),
        }
    }

    /// A call that stands for itself.
    async fn one<T>(
        &self,
        what: &str,
        call: impl Future<Output = Result<T, Problem>> + Send,
    ) -> Result<T, Problem> {
        let limit = self.limits.deadline;
        let work = async {
            let _permit = self.permits.acquire().await;
            timeout(limit, AssertUnwindSafe(call).catch_unwind()).await
        };
        match timeout(limit * 2, work).await {
            Ok(Ok(Ok(outcome))) => outcome,
            Ok(Ok(Err(_))) => Err(crashed(what)),
            Ok(Err(_)) | Err(_) => Err(too_late(what, limit)),
        }
    }
}

fn too_late(what: &str, limit: Duration) -> Problem {
    Problem::Unreachable {
        what: what.to_owned(),
        why: format!("no answer within {}s", limit.as_secs()),
    }
}

fn crashed(what: &str) -> Problem {
    Problem::BadAnswer {
        what: what.to_owned(),
        why: "lockstep could not cope with it; this is a defect".to_owned(),
    }
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader")
            .field("backend", &self.line.backend)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
