//! The workers: take turns from a [`Schedule`], run them side by side, and put back what comes of them.

use std::fmt::Debug;
use std::future::Future;
use std::hash::Hash;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::FutureExt as _;
use tokio::sync::{Notify, Semaphore};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::error;

use super::schedule::{Depth, Next, Schedule, Turn};

/// What is told about a queue, for its metrics.
pub trait Observer: Send + Sync {
    fn added(&self);
    fn depth(&self, depth: Depth);
    /// A turn began. The number stands for it until it is finished.
    fn started(&self, waited: Duration) -> u64;
    fn finished(&self, turn: u64, next: Next, took: Duration);
    fn panicked(&self);
}

/// A queue of objects of one kind.
pub struct Queue<K> {
    schedule: Mutex<Schedule<K>>,
    changed: Notify,
    observer: Arc<dyn Observer>,
}

impl<K: Clone + Debug + Eq + Hash + Ord + Send + 'static> Queue<K> {
    pub fn new(observer: Arc<dyn Observer>) -> Arc<Self> {
        Arc::new(Self {
            schedule: Mutex::default(),
            changed: Notify::new(),
            observer,
        })
    }

    /// The object changed, or something that it hangs on did.
    pub fn wake(&self, key: &K) {
        if self.with(|schedule| schedule.wake(key, Instant::now().into_std())) {
            self.observer.added();
            self.changed.notify_one();
        }
    }

    /// Something changed that the object may have changed itself: one that fails is not tried again for it.
    pub fn nudge(&self, key: &K) {
        if self.with(|schedule| schedule.nudge(key, Instant::now().into_std())) {
            self.observer.added();
            self.changed.notify_one();
        }
    }

    /// What the object, if it failed, has waited for has happened: it is tried again within that time.
    pub fn hasten(&self, key: &K, within: Duration) {
        let at = Instant::now().into_std() + within;
        if self.with(|schedule| schedule.hasten(key, at)) {
            self.changed.notify_one();
        }
    }

    /// Works until told to stop, then waits for the turns under way. At most `limit` run at a time.
    pub async fn work<F, Fut>(self: Arc<Self>, limit: usize, stop: CancellationToken, turn: F)
    where
        F: Fn(K) -> Fut + Clone + Send + 'static,
        Fut: Future<Output = Next> + Send,
    {
        let (permits, running) = (Arc::new(Semaphore::new(limit)), TaskTracker::new());
        while let Some(permit) = until(&stop, permits.clone().acquire_owned())
            .await
            .and_then(Result::ok)
        {
            let Some(next) = until(&stop, self.next()).await else {
                break;
            };
            let (queue, turn) = (self.clone(), turn.clone());
            running.spawn(async move {
                queue.take_turn(next, turn).await;
                drop(permit);
            });
        }
        running.close();
        running.wait().await;
    }

    async fn next(&self) -> Turn<K> {
        loop {
            let changed = self.changed.notified();
            let (turn, timer) =
                self.with(|schedule| (schedule.pop(Instant::now().into_std()), schedule.next_timer()));
            match (turn, timer) {
                (Some(turn), _) => return turn,
                (None, Some(at)) => {
                    let _ = tokio::time::timeout_at(at.into(), changed).await;
                }
                (None, None) => changed.await,
            }
        }
    }

    async fn take_turn<F, Fut>(&self, next: Turn<K>, turn: F)
    where
        F: Fn(K) -> Fut,
        Fut: Future<Output = Next>,
    {
        let number = self.observer.started(next.waited);
        let started = Instant::now();
        // A panic in one object's turn is that object's failure, not the process's.
        let outcome = AssertUnwindSafe(turn(next.key.clone()))
            .catch_unwind()
            .await
            .unwrap_or_else(|_| {
                error!(object = ?next.key, "a reconcile panicked; this is a bug in lockstep");
                self.observer.panicked();
                Next::Backoff
            });
        self.observer.finished(number, outcome, started.elapsed());
        self.with(|schedule| schedule.finish(&next.key, outcome, Instant::now().into_std()));
        self.changed.notify_one();
    }

    fn with<T>(&self, work: impl FnOnce(&mut Schedule<K>) -> T) -> T {
        // The schedule does not panic half-way through a change, so a poisoned lock is still sound.
        let mut schedule = self.schedule.lock().unwrap_or_else(PoisonError::into_inner);
        let result = work(&mut schedule);
        self.observer.depth(schedule.depth());
        result
    }
}

impl<K: Debug> Debug for Queue<K> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Queue").finish_non_exhaustive()
    }
}

/// The future's value, or `None` when told to stop first.
async fn until<T>(stop: &CancellationToken, future: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        biased;
        () = stop.cancelled() => None,
        value = future => Some(value),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

    use super::*;

    #[derive(Default)]
    struct Heard {
        panics: AtomicUsize,
        turns: AtomicUsize,
    }

    impl Observer for Heard {
        fn added(&self) {}

        fn depth(&self, _: Depth) {}

        fn started(&self, _: Duration) -> u64 {
            0
        }

        fn finished(&self, _: u64, _: Next, _: Duration) {
            self.turns.fetch_add(1, SeqCst);
        }

        fn panicked(&self) {
            self.panics.fetch_add(1, SeqCst);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_panic_is_counted_and_tried_again_and_others_go_on() {
        let (heard, stop) = (Arc::<Heard>::default(), CancellationToken::new());
        let queue = Queue::new(heard.clone());
        let (tries, done) = (Arc::new(AtomicUsize::new(0)), stop.clone());
        queue.wake(&"bad");
        queue.wake(&"good");
        let turn = move |key| {
            let (tries, done) = (tries.clone(), done.clone());
            async move {
                if key == "bad" {
                    let tries = tries.fetch_add(1, SeqCst);
                    assert!(tries >= 2, "on purpose");
                    done.cancel();
                }
                Next::WhenWoken
            }
        };
        queue.work(2, stop, turn).await;
        assert_eq!((heard.panics.load(SeqCst), heard.turns.load(SeqCst)), (2, 4));
    }
}
