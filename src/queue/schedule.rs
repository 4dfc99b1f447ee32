//! The order of work, as a pure state machine over instants that are handed in.
//!
//! Guarantees: an object is at most once in here and never worked on twice at a time; a wake-up during work leads to
//! exactly one more turn; what is new or changed goes before what is merely due; an object that fails waits
//! exponentially longer, others do not notice.
//!
//! Timers sit in an ordered set rather than a wheel: as fast for the sizes we meet (a million entries cost
//! microseconds), exact, and deterministic in tests.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::hash::Hash;
use std::time::{Duration, Instant};

const FIRST_RETRY: Duration = Duration::from_secs(1);
const LAST_RETRY: Duration = Duration::from_mins(7);

/// What becomes of an object after its turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// All is well until then.
    After(Duration),
    /// There is nothing to do until something changes.
    WhenWoken,
    /// It failed; try again, later each time.
    Backoff,
    /// The same, but there is something to look after by then.
    BackoffWithin(Duration),
    /// It failed, and trying again sooner is pointless.
    FailedAfter(Duration),
    /// It failed, and only a change elsewhere can help.
    Stuck,
    /// The object is no more, and nothing is remembered of it.
    Gone,
}

#[derive(Debug)]
pub struct Schedule<K> {
    entries: HashMap<K, Entry>,
    timers: BTreeSet<(Instant, K)>,
    /// New or changed objects.
    urgent: VecDeque<K>,
    /// Objects whose time has come.
    periodic: VecDeque<K>,
}

#[derive(Debug)]
struct Entry {
    state: State,
    failures: u32,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    Asleep,
    Timer(Instant),
    Ready { lane: Lane, since: Instant },
    Running { woken: bool },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lane {
    Urgent,
    Periodic,
}

/// A turn that was handed out.
#[derive(Debug, PartialEq, Eq)]
pub struct Turn<K> {
    pub key: K,
    /// How long it stood in its lane.
    pub waited: Duration,
}

/// How many objects wait in each lane.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Depth {
    pub urgent: usize,
    pub periodic: usize,
}

impl<K> Default for Schedule<K> {
    fn default() -> Self {
        Self {
            entries: HashMap::new(),
            timers: BTreeSet::new(),
            urgent: VecDeque::new(),
            periodic: VecDeque::new(),
        }
    }
}

impl<K: Clone + Eq + Hash + Ord> Schedule<K> {
    /// Something about the object changed: it is next in the urgent lane, wherever it was. Whether that is news.
    pub fn wake(&mut self, key: &K, now: Instant) -> bool {
        let entry = self.entries.entry(key.clone()).or_insert(Entry {
            state: State::Asleep,
            failures: 0,
        });
        match entry.state {
            State::Running { woken } => {
                entry.state = State::Running { woken: true };
                return !woken;
            }
            State::Ready {
                lane: Lane::Urgent, ..
            } => return false,
            State::Ready {
                lane: Lane::Periodic, ..
            } => self.periodic.retain(|waiting| waiting != key),
            State::Timer(at) => {
                self.timers.remove(&(at, key.clone()));
            }
            State::Asleep => {}
        }
        entry.state = State::Ready {
            lane: Lane::Urgent,
            since: now,
        };
        self.urgent.push_back(key.clone());
        true
    }

    /// What an object that failed has waited for has happened: it is tried again at that time at the latest. Whether
    /// that is news.
    pub fn hasten(&mut self, key: &K, at: Instant) -> bool {
        let Some(entry) = self.entries.get_mut(key).filter(|entry| entry.failures > 0) else {
            return false;
        };
        match entry.state {
            State::Timer(later) if later > at => {
                self.timers.remove(&(later, key.clone()));
                self.timers.insert((at, key.clone()));
                entry.state = State::Timer(at);
                true
            }
            State::Running { woken: false } => {
                // It may be failing of what is over now.
                entry.state = State::Running { woken: true };
                true
            }
            State::Running { woken: true } | State::Timer(_) | State::Ready { .. } | State::Asleep => false,
        }
    }

    /// Hands out the next turn, if any is due.
    pub fn pop(&mut self, now: Instant) -> Option<Turn<K>> {
        self.ring(now);
        let key = self.urgent.pop_front().or_else(|| self.periodic.pop_front())?;
        let entry = self.entries.get_mut(&key)?;
        let waited = match entry.state {
            State::Ready { since, .. } => now.saturating_duration_since(since),
            State::Asleep | State::Timer(_) | State::Running { .. } => Duration::ZERO,
        };
        entry.state = State::Running { woken: false };
        Some(Turn { key, waited })
    }

    /// A turn is over.
    pub fn finish(&mut self, key: &K, next: Next, now: Instant) {
        let Some(entry) = self.entries.get_mut(key) else {
            return;
        };
        let State::Running { woken } = entry.state else {
            return;
        };
        let wait = match next {
            Next::After(wait) => {
                entry.failures = 0;
                Some(wait)
            }
            Next::WhenWoken | Next::Stuck => {
                entry.failures = 0;
                None
            }
            Next::Backoff => {
                let wait = backoff(entry.failures);
                entry.failures = entry.failures.saturating_add(1);
                Some(wait)
            }
            Next::BackoffWithin(most) => {
                let wait = backoff(entry.failures).min(most);
                entry.failures = entry.failures.saturating_add(1);
                Some(wait)
            }
            Next::FailedAfter(wait) => {
                entry.failures = entry.failures.saturating_add(1);
                Some(wait)
            }
            Next::Gone if woken => None,
            Next::Gone => {
                self.entries.remove(key);
                return;
            }
        };
        entry.state = State::Asleep;
        if woken || wait.is_some_and(|wait| wait.is_zero()) {
            self.wake(key, now);
        } else if let Some(at) = wait.and_then(|wait| now.checked_add(wait)) {
            entry.state = State::Timer(at);
            self.timers.insert((at, key.clone()));
        }
    }

    /// When the next timer goes off.
    pub fn next_timer(&self) -> Option<Instant> {
        self.timers.first().map(|(at, _)| *at)
    }

    /// Objects that are due and wait for a worker.
    pub fn depth(&self) -> Depth {
        Depth {
            urgent: self.urgent.len(),
            periodic: self.periodic.len(),
        }
    }

    /// Moves objects whose time has come into the periodic lane.
    fn ring(&mut self, now: Instant) {
        while let Some((at, key)) = self.timers.first().cloned() {
            if at > now {
                return;
            }
            self.timers.pop_first();
            if let Some(entry) = self.entries.get_mut(&key) {
                entry.state = State::Ready {
                    lane: Lane::Periodic,
                    since: at,
                };
                self.periodic.push_back(key);
            }
        }
    }
}

/// 1 s, 2 s, 4 s … 7 min.
fn backoff(failures: u32) -> Duration {
    FIRST_RETRY
        .saturating_mul(1_u32.checked_shl(failures).unwrap_or(u32::MAX))
        .min(LAST_RETRY)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    fn keys(schedule: &mut Schedule<&'static str>, now: Instant) -> Vec<&'static str> {
        std::iter::from_fn(|| schedule.pop(now))
            .map(|turn| turn.key)
            .collect()
    }

    #[test]
    fn what_changed_goes_before_what_is_due() {
        let (mut schedule, start) = (Schedule::default(), Instant::now());
        for key in ["a", "b"] {
            schedule.wake(&key, start);
            schedule.pop(start);
            schedule.finish(&key, Next::After(seconds(5)), start);
        }
        schedule.wake(&"new", start + seconds(9));
        assert_eq!(keys(&mut schedule, start + seconds(9)), ["new", "a", "b"]);
    }

    #[test]
    fn a_change_overtakes_the_objects_own_timer_and_its_place_in_the_periodic_lane() {
        let (mut schedule, start) = (Schedule::default(), Instant::now());
        for key in ["a", "b"] {
            schedule.wake(&key, start);
            schedule.pop(start);
            schedule.finish(&key, Next::After(seconds(5)), start);
        }
        assert!(schedule.wake(&"b", start + seconds(1)));
        assert!(!schedule.wake(&"b", start + seconds(1)));
        assert_eq!(keys(&mut schedule, start + seconds(1)), ["b"]);
        schedule.finish(&"b", Next::WhenWoken, start + seconds(1));
        schedule.ring(start + seconds(6));
        schedule.wake(&"a", start + seconds(6));
        assert_eq!(keys(&mut schedule, start + seconds(6)), ["a"]);
        assert_eq!(schedule.depth(), Depth::default());
    }

    #[test]
    fn a_wake_during_work_leads_to_one_more_turn() {
        let (mut schedule, start) = (Schedule::default(), Instant::now());
        schedule.wake(&"a", start);
        schedule.pop(start);
        schedule.wake(&"a", start);
        schedule.wake(&"a", start);
        assert_eq!(schedule.pop(start), None, "it is being worked on");
        schedule.finish(&"a", Next::After(seconds(60)), start);
        assert_eq!(keys(&mut schedule, start), ["a"]);
        schedule.finish(&"a", Next::After(seconds(60)), start);
        assert_eq!(schedule.next_timer(), Some(start + seconds(60)));
    }

    #[test]
    fn failures_wait_longer_each_time_and_a_success_clears_them() {
        let (mut schedule, mut now) = (Schedule::default(), Instant::now());
        schedule.wake(&"a", now);
        for expected in [1, 2, 4, 8, 16, 32, 64, 128, 256, 420, 420] {
            assert!(schedule.pop(now).is_some());
            schedule.finish(&"a", Next::Backoff, now);
            assert_eq!(schedule.next_timer(), Some(now + seconds(expected)));
            now += seconds(expected);
        }
        schedule.pop(now);
        schedule.finish(&"a", Next::After(seconds(60)), now);
        schedule.wake(&"a", now);
        schedule.pop(now);
        schedule.finish(&"a", Next::Backoff, now);
        assert_eq!(schedule.next_timer(), Some(now + seconds(1)));
    }

    #[test]
    fn a_failure_waits_longer_each_time_but_for_what_is_to_be_looked_after() {
        let (mut schedule, mut now) = (Schedule::default(), Instant::now());
        schedule.wake(&"a", now);
        for (most, expected) in [(10, 1), (10, 2), (10, 4), (10, 8), (10, 10), (100, 32)] {
            assert!(schedule.pop(now).is_some());
            schedule.finish(&"a", Next::BackoffWithin(seconds(most)), now);
            assert_eq!(schedule.next_timer(), Some(now + seconds(expected)));
            now += seconds(expected);
        }
    }

    #[test]
    fn only_what_failed_is_hastened_and_never_put_off() {
        let (mut schedule, start) = (Schedule::default(), Instant::now());
        for (key, next) in [
            ("well", Next::After(seconds(60))),
            ("failed", Next::FailedAfter(seconds(60))),
            ("failed just now", Next::FailedAfter(seconds(2))),
        ] {
            schedule.wake(&key, start);
            schedule.pop(start);
            schedule.finish(&key, next, start);
        }
        let soon = start + seconds(5);
        let hastened =
            ["well", "failed", "failed just now", "unknown"].map(|key| schedule.hasten(&key, soon));
        assert_eq!(hastened, [false, true, false, false]);
        assert_eq!(keys(&mut schedule, start + seconds(2)), ["failed just now"]);
        assert_eq!(keys(&mut schedule, soon), ["failed"]);
        assert!(schedule.hasten(&"failed", soon), "it is failing of what is over");
        schedule.finish(&"failed", Next::Backoff, soon);
        assert_eq!(keys(&mut schedule, soon), ["failed"]);
    }

    #[test]
    fn nothing_is_remembered_of_what_is_gone() {
        let (mut schedule, start) = (Schedule::default(), Instant::now());
        schedule.wake(&"a", start);
        schedule.pop(start);
        schedule.finish(&"a", Next::Gone, start);
        assert!(schedule.entries.is_empty() && schedule.next_timer().is_none());
    }

    #[test]
    fn an_object_made_anew_during_its_last_turn_gets_another_and_never_two_at_a_time() {
        let (mut schedule, start) = (Schedule::default(), Instant::now());
        schedule.wake(&"a", start);
        schedule.pop(start);
        schedule.wake(&"a", start);
        assert_eq!(schedule.pop(start), None);
        schedule.finish(&"a", Next::Gone, start);
        assert_eq!(keys(&mut schedule, start), ["a"]);
    }
}
