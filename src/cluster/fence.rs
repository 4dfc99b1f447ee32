//! Until when we may write: a replica that has lost the lease begins no write any more, whatever it was about to do.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

/// Whoever holds a clone may move it. Where nobody elects a leader, it is open for good.
#[derive(Clone, Debug, Default)]
pub struct Fence(Option<Arc<Gate>>);

#[derive(Debug, Default)]
struct Gate {
    open_until: Mutex<Option<Instant>>,
    under_way: TaskTracker,
}

/// A write under way; it is over when this is dropped.
#[derive(Debug)]
#[must_use]
pub struct Pass {
    _token: Option<TaskTrackerToken>,
}

impl Fence {
    /// One that is shut until somebody opens it.
    pub fn shut() -> Self {
        Self(Some(Arc::default()))
    }

    /// It shuts by itself then, also if nobody gets round to it.
    pub fn open_until(&self, at: Instant) {
        self.set(Some(at));
    }

    pub fn close(&self) {
        self.set(None);
    }

    pub fn is_open(&self) -> bool {
        let until = self.0.as_ref().map(|gate| *lock(&gate.open_until));
        until.is_none_or(|until| until.is_some_and(|until| Instant::now() < until))
    }

    /// Leave to write; `None`: somebody else may be writing.
    pub fn pass(&self) -> Option<Pass> {
        // In this order: whoever waits for what is under way has shut it before.
        let token = self.0.as_ref().map(|gate| gate.under_way.token());
        self.is_open().then_some(Pass { _token: token })
    }

    /// Waits until nothing is under way any more. For one that is shut.
    pub async fn is_quiet(&self) {
        if let Some(gate) = &self.0 {
            gate.under_way.close();
            gate.under_way.wait().await;
        }
    }

    fn set(&self, until: Option<Instant>) {
        if let Some(gate) = &self.0 {
            *lock(&gate.open_until) = until;
        }
    }
}

fn lock(until: &Mutex<Option<Instant>>) -> MutexGuard<'_, Option<Instant>> {
    until.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    const WHILE: Duration = Duration::from_secs(10);

    #[tokio::test(start_paused = true)]
    async fn it_shuts_when_nobody_keeps_it_open() {
        let fence = Fence::shut();
        assert!(!fence.is_open() && Fence::default().is_open());
        fence.open_until(Instant::now() + WHILE);
        assert!(fence.clone().is_open());
        tokio::time::advance(WHILE).await;
        assert!(!fence.is_open() && fence.pass().is_none());
        fence.open_until(Instant::now() + WHILE);
        fence.close();
        assert!(!fence.is_open());
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_under_way_when_it_shuts_can_be_waited_for() {
        let fence = Fence::shut();
        fence.open_until(Instant::now() + WHILE);
        let pass = fence.pass().expect("it is open");
        fence.close();
        assert!(fence.pass().is_none());
        assert!(timeout(WHILE, fence.is_quiet()).await.is_err());
        drop(pass);
        fence.is_quiet().await;
        let always = Fence::default();
        let _pass = always.pass().expect("it is open for good");
        always.is_quiet().await;
    }
}
