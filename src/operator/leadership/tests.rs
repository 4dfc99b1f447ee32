//! Several replicas over one lease in memory, under a clock that does not run by itself.

use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use tokio::time::{Instant, sleep};

use super::election::{Bid, Seen};
use super::*;

const TERMS: Terms = Terms {
    lease: Duration::from_secs(15),
    deadline: Duration::from_secs(10),
    retry: Duration::from_secs(2),
};
const LATENCY: Duration = Duration::from_millis(5);

/// What becomes of a request.
#[derive(Clone, Copy)]
enum Fate {
    Pass,
    Refused,
    /// It is carried out, and the answer is lost.
    Unanswered,
    /// The same, and so late that nobody waits for it any more.
    Late,
}

type Mood = Box<dyn FnMut() -> Fate + Send>;

/// The lease, as the API server keeps it.
#[derive(Clone, Default)]
struct Cupboard(Arc<Mutex<Option<Seen>>>);

/// One replica's way to it.
struct Way {
    cupboard: Cupboard,
    mood: Mutex<Mood>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Cupboard {
    fn put(&self, bid: &Bid) -> Result<Seen, Fault> {
        let mut held = lock(&self.0);
        let version = held.as_ref().map(|seen| seen.version.clone());
        if version != bid.over {
            return Err(Fault::Outdated);
        }
        let next = version
            .and_then(|version| version.parse::<u64>().ok())
            .unwrap_or_default()
            + 1;
        let seen = Seen {
            version: next.to_string(),
            record: bid.record.clone(),
        };
        *held = Some(seen.clone());
        Ok(seen)
    }
}

impl Way {
    async fn go<T>(&self, carry_out: impl Fn() -> Result<T, Fault>) -> Result<T, Fault> {
        let lost = || Err(Fault::Failed("the answer was lost".to_owned()));
        sleep(LATENCY).await;
        let fate = (*lock(&self.mood))();
        match fate {
            Fate::Pass => carry_out(),
            Fate::Refused => lost(),
            Fate::Unanswered => {
                let _ = carry_out();
                lost()
            }
            Fate::Late => {
                sleep(Duration::from_secs(4)).await;
                let _ = carry_out();
                std::future::pending().await
            }
        }
    }
}

#[async_trait]
impl Lease for Way {
    async fn read(&self) -> Result<Option<Seen>, Fault> {
        self.go(|| Ok(lock(&self.cupboard.0).clone())).await
    }

    async fn write(&self, bid: &Bid) -> Result<Seen, Fault> {
        self.go(|| self.cupboard.put(bid)).await
    }
}

struct Replica {
    leadership: Leadership,
    fence: Fence,
}

fn replica(name: &str, cupboard: &Cupboard, mood: impl FnMut() -> Fate + Send + 'static) -> Replica {
    let way = Way {
        cupboard: cupboard.clone(),
        mood: Mutex::new(Box::new(mood)),
    };
    let fence = Fence::shut();
    let elector = Elector::new(name.to_owned(), TERMS);
    let leadership = Leadership::on(("lease", way), elector, fence.clone());
    Replica { leadership, fence }
}

async fn takes_over(replica: &mut Replica) -> Duration {
    let begun = Instant::now();
    assert!(replica.leadership.won(&CancellationToken::new()).await);
    assert!(replica.fence.is_open());
    begun.elapsed()
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_is_given_back_is_taken_within_a_second() {
    let cupboard = Cupboard::default();
    let mut first = replica("first", &cupboard, || Fate::Pass);
    takes_over(&mut first).await;
    let mut second = replica("second", &cupboard, || Fate::Pass);
    sleep(Duration::from_mins(5)).await;
    assert!(first.fence.is_open() && !second.fence.is_open());
    let fence = first.fence.clone();
    first.leadership.release().await;
    assert!(!fence.is_open());
    let took = takes_over(&mut second).await;
    assert!(took < Duration::from_secs(1), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn one_that_was_killed_is_followed_when_its_lease_has_run_out() {
    for after in [0, 700, 1300, 1999] {
        let cupboard = Cupboard::default();
        let mut first = replica("first", &cupboard, || Fate::Pass);
        takes_over(&mut first).await;
        let mut second = replica("second", &cupboard, || Fate::Pass);
        sleep(Duration::from_millis(60_000 + after)).await;
        first.leadership.task.abort();
        let took = takes_over(&mut second).await;
        assert!(!first.fence.is_open(), "it shuts although nobody shuts it");
        assert!(took <= TERMS.lease + Duration::from_secs(1), "{took:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_is_cut_off_stops_before_anybody_follows() {
    let cupboard = Cupboard::default();
    let is_cut_off = Arc::new(Mutex::new(false));
    let cut = is_cut_off.clone();
    let mood = move || if *lock(&cut) { Fate::Refused } else { Fate::Pass };
    let mut first = replica("first", &cupboard, mood);
    takes_over(&mut first).await;
    let mut second = replica("second", &cupboard, || Fate::Pass);
    sleep(Duration::from_mins(1)).await;
    *lock(&is_cut_off) = true;
    let begun = Instant::now();
    first.leadership.lost().await;
    assert!(!first.fence.is_open() && !second.fence.is_open());
    assert!(begun.elapsed() <= TERMS.deadline, "{:?}", begun.elapsed());
    takes_over(&mut second).await;
}

/// Requests fail, answers are lost, and leaders are killed, at random.
#[tokio::test(start_paused = true)]
async fn whatever_happens_no_two_may_write() {
    for seed in 0..10 {
        let (cupboard, mut dice) = (Cupboard::default(), StdRng::seed_from_u64(seed));
        let moody = |seed: u64| {
            let mut dice = StdRng::seed_from_u64(seed);
            move || match dice.random_range(0..10) {
                0 => Fate::Refused,
                1 => Fate::Unanswered,
                2 => Fate::Late,
                _ => Fate::Pass,
            }
        };
        let mut replicas: Vec<_> = (0..3)
            .map(|nth| replica(&format!("first {nth}"), &cupboard, moody(seed * 1000 + nth)))
            .collect();
        let (mut fences, mut open) = (Vec::new(), 0);
        for tick in 0..20_000_u64 {
            sleep(Duration::from_millis(50)).await;
            // Of those, too, who were killed: a process that is only held up would go on from there.
            let all = fences.iter().chain(replicas.iter().map(|replica| &replica.fence));
            let count = all.filter(|fence: &&Fence| fence.is_open()).count();
            assert!(count <= 1, "{count} lead, with {seed} at {tick}");
            open += count;
            if dice.random_range(0..400) == 0 {
                let nth = dice.random_range(0..replicas.len());
                let another = replica(&format!("at {tick}"), &cupboard, moody(seed ^ tick));
                let gone = std::mem::replace(&mut replicas[nth], another);
                gone.leadership.task.abort();
                fences.push(gone.fence);
            }
        }
        assert!(
            open > 5_000,
            "somebody leads most of the time: {open}, with {seed}"
        );
    }
}
