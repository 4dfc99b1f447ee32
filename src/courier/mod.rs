//! Takes what is queued to where it goes, many at a time: lines of the audit, and spans.
//!
//! Nobody waits for it. What finds no room in the queue is dropped and counted, and so is what is never taken; what is
//! not taken now is tried again.

mod post;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

pub use self::post::{Address, Post};

/// What is carried at a time.
const BATCH: usize = 512;
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Where it goes.
pub trait Place: Send + Sync + 'static {
    type Item: Send + Sync + 'static;

    /// All of them, or none as far as anybody can tell; or how many of them were not wanted.
    fn take(&self, batch: &[Self::Item]) -> impl Future<Output = Result<usize, Failure>> + Send;
}

/// Why nothing was taken.
#[derive(Debug, PartialEq)]
pub enum Failure {
    /// It may work later.
    Later(String),
    /// It is these that are not taken.
    Never(String),
}

/// How much may wait, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// How many find room in the queue.
    pub queue: usize,
    /// How long the first of a batch waits for others.
    pub linger: Duration,
    /// Between the first two attempts to deliver the same. It doubles from one to the next.
    pub pause: Duration,
}

/// Where it is handed in.
pub struct Outbox<T> {
    queue: mpsc::Sender<T>,
    tally: Arc<Tally>,
}

/// What became of what was handed in.
#[derive(Debug, Default)]
pub struct Tally {
    delivered: AtomicU64,
    dropped: AtomicU64,
}

/// The end that delivers.
#[derive(Debug)]
pub struct Courier {
    pub tally: Arc<Tally>,
    what: &'static str,
    end: CancellationToken,
    round: JoinHandle<()>,
}

struct Round<P: Place> {
    what: &'static str,
    place: P,
    queue: mpsc::Receiver<P::Item>,
    tally: Arc<Tally>,
    end: CancellationToken,
    pace: Pace,
    /// The last attempt failed, and that was told.
    is_ailing: bool,
}

impl<T> Outbox<T> {
    pub fn new(queue: mpsc::Sender<T>, tally: Arc<Tally>) -> Self {
        Self { queue, tally }
    }

    pub fn put(&self, item: T) {
        if self.queue.try_send(item).is_err() {
            self.lost();
        }
    }

    /// Something did not even come to be handed in.
    pub fn lost(&self) {
        self.tally.drop_items(1);
    }
}

impl Courier {
    /// `what` is carried, as messages call it.
    pub fn start<P: Place>(what: &'static str, to: P, pace: Pace) -> (Outbox<P::Item>, Self) {
        let (sender, queue) = mpsc::channel(pace.queue);
        let (tally, end) = (Arc::<Tally>::default(), CancellationToken::new());
        let round = Round {
            what,
            place: to,
            queue,
            tally: tally.clone(),
            end: end.clone(),
            pace,
            is_ailing: false,
        };
        let courier = Self {
            tally: tally.clone(),
            what,
            end,
            round: tokio::spawn(round.run()),
        };
        (Outbox::new(sender, tally), courier)
    }

    /// Delivers what is queued, as far as that is done within this time, and takes nothing more.
    pub async fn close(self, within: Duration) {
        self.end.cancel();
        let is_done = timeout(within, self.round).await.is_ok();
        let dropped = self.tally.dropped();
        if !is_done || dropped > 0 {
            warn!(dropped, complete = is_done, "parts of {} are missing", self.what);
        }
    }
}

impl<P: Place> Round<P> {
    async fn run(mut self) {
        let mut batch = Vec::with_capacity(BATCH);
        while self.collect(&mut batch).await {
            self.deliver(&batch).await;
            batch.clear();
        }
    }

    /// Whether there is anything, or ever will be.
    async fn collect(&mut self, batch: &mut Vec<P::Item>) -> bool {
        let end = self.end.clone();
        tokio::select! {
            biased;
            found = self.queue.recv_many(batch, BATCH) => {
                if found > 0 && !self.pace.linger.is_zero() {
                    self.wait_for_more(batch).await;
                }
                found > 0
            }
            () = end.cancelled() => {
                // What was queued before is taken all the same, and then there is no more.
                self.queue.close();
                self.queue.recv_many(batch, BATCH).await > 0
            }
        }
    }

    async fn wait_for_more(&mut self, batch: &mut Vec<P::Item>) {
        let until = Instant::now() + self.pace.linger;
        while batch.len() < BATCH {
            tokio::select! {
                found = self.queue.recv_many(batch, BATCH - batch.len()) => if found == 0 { return },
                () = sleep_until(until) => return,
                () = self.end.cancelled() => return,
            }
        }
    }

    /// Tries until it is done, or will never be, or everything ends.
    async fn deliver(&mut self, batch: &[P::Item]) {
        let mut pause = self.pace.pause;
        loop {
            let failure = match self.place.take(batch).await {
                Ok(unwanted) => return self.delivered(batch.len(), unwanted),
                Err(failure) => failure,
            };
            let (why, is_final) = match failure {
                Failure::Later(why) => (why, self.end.is_cancelled()),
                Failure::Never(why) => (why, true),
            };
            if !std::mem::replace(&mut self.is_ailing, true) {
                warn!(why, "{} cannot be delivered", self.what);
            }
            if is_final {
                return self.tally.drop_items(batch.len());
            }
            tokio::select! {
                () = sleep(pause) => pause = (pause * 2).min(LONGEST_PAUSE),
                () = self.end.cancelled() => {}
            }
        }
    }

    fn delivered(&mut self, items: usize, unwanted: usize) {
        let unwanted = unwanted.min(items);
        self.tally.drop_items(unwanted);
        self.tally.delivered.fetch_add((items - unwanted) as u64, Relaxed);
        if std::mem::take(&mut self.is_ailing) {
            info!("{} can be delivered again", self.what);
        }
    }
}

impl Tally {
    pub fn delivered(&self) -> u64 {
        self.delivered.load(Relaxed)
    }

    pub fn dropped(&self) -> u64 {
        self.dropped.load(Relaxed)
    }

    fn drop_items(&self, items: usize) {
        self.dropped.fetch_add(items as u64, Relaxed);
    }
}

impl<T> fmt::Debug for Outbox<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Outbox")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    /// Keeps the sizes of what it is given, and takes all but so many of each.
    #[derive(Clone, Default)]
    struct Shelf {
        batches: Arc<Mutex<Vec<usize>>>,
        unwanted: usize,
    }

    impl Place for Shelf {
        type Item = u8;

        async fn take(&self, batch: &[u8]) -> Result<usize, Failure> {
            self.batches.lock().expect("unpoisoned").push(batch.len());
            Ok(self.unwanted)
        }
    }

    const PACE: Pace = Pace {
        queue: 2000,
        linger: Duration::from_secs(5),
        pause: Duration::from_secs(1),
    };

    #[tokio::test(start_paused = true)]
    async fn what_comes_within_a_while_goes_together_and_a_full_batch_at_once() {
        let shelf = Shelf::default();
        let (outbox, courier) = Courier::start("the test", shelf.clone(), PACE);
        let batches = || shelf.batches.lock().expect("unpoisoned").clone();
        outbox.put(1);
        sleep(Duration::from_secs(4)).await;
        outbox.put(2);
        assert_eq!(batches(), [0; 0]);
        sleep(Duration::from_secs(2)).await;
        assert_eq!(batches(), [2]);
        (0..600).for_each(|_| outbox.put(3));
        sleep(Duration::from_millis(1)).await;
        assert_eq!(batches(), [2, 512]);
        courier.close(Duration::from_secs(1)).await;
        assert_eq!(batches(), [2, 512, 88], "the end waits for nobody");
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_not_wanted_counts_as_dropped() {
        let unwanted = 1;
        let shelf = Shelf {
            unwanted,
            ..Shelf::default()
        };
        let (outbox, courier) = Courier::start("the test", shelf, PACE);
        let tally = courier.tally.clone();
        (0..3).for_each(|_| outbox.put(0));
        courier.close(Duration::from_secs(1)).await;
        assert_eq!((tally.delivered(), tally.dropped()), (2, 1));
        outbox.put(0);
        assert_eq!(tally.dropped(), 2, "nothing is taken any more");
    }
}
