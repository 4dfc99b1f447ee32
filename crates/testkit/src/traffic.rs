//! What came in by a door, and how.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Calls, counted.
#[derive(Debug, Clone, Default)]
pub struct Traffic {
    /// How often each call was made: [`crate::Asked::call`] is the key.
    pub calls: BTreeMap<String, usize>,
    /// How many calls were under way at a time, at most.
    pub peak: usize,
    under_way: usize,
    begun: Vec<Instant>,
}

impl Traffic {
    /// All calls.
    pub fn total(&self) -> usize {
        self.begun.len()
    }

    /// Calls whose name contains this.
    pub fn of(&self, part: &str) -> usize {
        let named = self.calls.iter().filter(|(call, _)| call.contains(part));
        named.map(|(_, count)| count).sum()
    }

    /// Calls that began within such a time of each other, at most.
    pub fn busiest(&self, window: Duration) -> usize {
        let mut first = 0;
        let mut most = 0;
        for (last, at) in self.begun.iter().enumerate() {
            while at.duration_since(self.begun[first]) > window {
                first += 1;
            }
            most = most.max(last + 1 - first);
        }
        most
    }
}

/// Where a door counts.
#[derive(Debug, Clone, Default)]
pub struct Tally(Arc<Mutex<Traffic>>);

/// A call that is under way; it has ended when this is dropped.
#[derive(Debug)]
pub struct UnderWay(Tally);

impl Tally {
    pub fn begin(&self, call: String) -> UnderWay {
        let mut traffic = self.open();
        *traffic.calls.entry(call).or_default() += 1;
        traffic.begun.push(Instant::now());
        traffic.under_way += 1;
        traffic.peak = traffic.peak.max(traffic.under_way);
        UnderWay(self.clone())
    }

    pub fn so_far(&self) -> Traffic {
        self.open().clone()
    }

    /// Counts from nothing again; what is under way stays so.
    pub fn forget(&self) {
        let mut traffic = self.open();
        *traffic = Traffic {
            under_way: traffic.under_way,
            ..Traffic::default()
        };
    }

    fn open(&self) -> MutexGuard<'_, Traffic> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.open().under_way -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_busiest_moment_is_found() {
        let start = Instant::now();
        let after = |millis: &u64| start + Duration::from_millis(*millis);
        let traffic = Traffic {
            begun: [0, 10, 900, 950, 990, 2500].iter().map(after).collect(),
            ..Traffic::default()
        };
        assert_eq!(traffic.busiest(Duration::from_millis(100)), 3);
        assert_eq!(traffic.busiest(Duration::from_secs(1)), 5);
        assert_eq!(Traffic::default().busiest(Duration::from_secs(1)), 0);
    }

    #[test]
    fn what_is_under_way_at_a_time_is_known() {
        let tally = Tally::default();
        let both = [tally.begin("a".to_owned()), tally.begin("b".to_owned())];
        drop(both);
        drop(tally.begin("a".to_owned()));
        let traffic = tally.so_far();
        assert_eq!((traffic.peak, traffic.total(), traffic.of("a")), (2, 3, 2));
        tally.forget();
        assert_eq!((tally.so_far().peak, tally.so_far().total()), (0, 0));
    }
}
