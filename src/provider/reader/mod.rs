//! What stands in front of each connection and turns the reads of many objects into few calls.
//!
//! Guarantees: a call ends within the backend's deadline, and a caller hears within twice that; a caller that goes
//! away leaves nothing behind; a backend that panics gives an error. What is shared is shared between users of one
//! connection, who see the same whoever asks.

mod batcher;
mod budget;
mod circuit;
mod company;
pub mod gate;
mod line;
mod retry;
pub mod tally;
pub(super) mod told;
mod turns;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use lockstep_api::RetrySettings;
use tokio::time::{Instant, timeout_at};

use super::flights::Flights;
use super::{Backend, Find, Health, Hold, Location, Payload, Push, Remote, Wanted};
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::engine::values::Values;
use gate::Gate;
use line::{Line, Operation, Waiter, crashed};
pub use retry::Retries;
use told::Origin;
use turns::Turns;

type Answer = Result<Payload, Problem>;

pub struct Reader {
    line: Arc<Line>,
    finds: Flights<Find, Result<Values, Problem>>,
    checks: Flights<(), Result<Health, Problem>>,
    turns: Turns,
    holds: Flights<Wanted, Result<Arc<Self>, Problem>>,
    /// The backend is what is held of one moment: it is asked at once, and nothing can go wrong on the way.
    is_held: bool,
}

impl Reader {
    /// The gate outlives the connection: what was learnt about a backend is not forgotten when we log in anew.
    pub fn new(
        backend: Arc<dyn Backend>,
        gate: Arc<Gate>,
        settings: Option<&RetrySettings>,
        origin: Origin,
    ) -> Self {
        Self {
            line: Line::new(backend, gate, settings, origin),
            finds: Flights::default(),
            checks: Flights::default(),
            turns: Turns::default(),
            holds: Flights::default(),
            is_held: false,
        }
    }

    /// What answers everything that an object asks in one turn: of one moment, where the backend can be held.
    pub async fn hold(self: &Arc<Self>, hold: Hold) -> Result<Arc<Self>, Problem> {
        if self.is_held || !self.line.backend.can_be_held() {
            return Ok(self.clone());
        }
        let line = self.line.clone();
        let work = || async move {
            let still = line
                .one(Operation::Hold, "hold", || line.backend.hold(hold))
                .await?;
            let (gate, origin) = (line.gate.clone(), line.origin.clone());
            Ok(Arc::new(Self {
                is_held: true,
                ..Self::new(still, gate, None, origin)
            }))
        };
        self.holds.join(hold.wanted, Err(crashed("hold")), work).await
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
        if self.is_held {
            let answers = self.line.backend.read(std::slice::from_ref(&location)).await;
            return answers
                .into_iter()
                .next()
                .unwrap_or_else(|| Err(crashed(&location.key)));
        }
        let (line, what) = (&self.line, location.key.clone());
        line.admit(&what)?;
        // Once to come up, once to be answered.
        let (now, patience) = (Instant::now(), line.limits.deadline * 2);
        let until = now + patience;
        let (waiter, answer) = Waiter::new();
        line.gate.tally().asked();
        line.reads().ask(location, waiter, now, until);
        line.go_on();
        match timeout_at(until, answer).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(crashed(&what)),
            Err(_) => Err(line.too_late(&what, patience)),
        }
    }

    pub async fn find(&self, query: &Find) -> Result<Values, Problem> {
        if self.is_held {
            return self.line.backend.find(query).await;
        }
        let (line, question) = (self.line.clone(), query.clone());
        let work = || async move {
            line.one(Operation::Find, "find", || line.backend.find(&question))
                .await
        };
        self.finds.join(query.clone(), Err(crashed("find")), work).await
    }

    /// Never repeated: whoever checks does so again.
    pub async fn check(&self) -> Result<Health, Problem> {
        let line = self.line.clone();
        let work = || async move { line.one(Operation::Check, "check", || line.backend.check()).await };
        self.checks.join((), Err(crashed("check")), work).await
    }

    /// Whoever looks at a key and then writes or deletes holds this meanwhile.
    pub async fn turn(&self, key: &str) -> impl Drop + use<> {
        self.turns.take(key).await
    }

    pub async fn write(&self, push: &Push) -> Result<(), Problem> {
        let line = &self.line;
        let written = line.one(Operation::Write, &push.remote.key, || line.backend.write(push));
        let written = written.await;
        self.something_changed();
        written
    }

    pub async fn delete(&self, remote: &Remote) -> Result<(), Problem> {
        let line = &self.line;
        let deleted = line.one(Operation::Delete, &remote.key, || line.backend.delete(remote));
        let deleted = deleted.await;
        self.something_changed();
        deleted
    }

    pub async fn exists(&self, remote: &Remote) -> Result<bool, Problem> {
        let line = &self.line;
        line.one(Operation::Exists, &remote.key, || line.backend.exists(remote))
            .await
    }

    pub fn select(&self, payload: &Payload, property: Option<&str>) -> Result<Option<SecretBytes>, Problem> {
        self.line.backend.select(payload, property)
    }

    pub fn explode(&self, payload: &Payload, property: Option<&str>) -> Result<Option<Values>, Problem> {
        self.line.backend.explode(payload, property)
    }

    /// What was asked before is answered to those who asked, and to nobody who asks now.
    pub(super) fn something_changed(&self) {
        self.line.reads().seal();
        self.holds.seal();
        self.finds.seal();
    }

    /// How long ago we logged in, where that gave us a token.
    pub fn token_age(&self) -> Option<Duration> {
        self.line.backend.token_age()
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
mod hardship_tests;
#[cfg(test)]
mod tests;
