//! What was asked of one store's backend, and what came of it. Kept as long as the store lives, over all connections.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use super::gate::Outcome;

/// Bounds of call durations, in seconds, and of batches, in locations.
const DURATIONS: &[f64] = &[0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0];
const SIZES: &[f64] = &[1.0, 2.0, 5.0, 10.0, 20.0];

#[derive(Debug)]
pub struct Tally {
    reads: AtomicU64,
    answered: AtomicU64,
    throttled: AtomicU64,
    unanswered: AtomicU64,
    took: Spread,
    batches: Spread,
}

/// A [`Tally`] at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Totals {
    /// Reads that were wanted.
    pub reads: u64,
    /// Calls of any kind, by how they ended.
    pub answered: u64,
    pub throttled: u64,
    pub unanswered: u64,
    /// How long calls took, in seconds.
    pub took: Histogram,
    /// How many locations a call for reads asked for.
    pub batches: Histogram,
}

/// How many values were at most that large.
#[derive(Clone, Debug, PartialEq)]
pub struct Histogram {
    pub bounds: &'static [f64],
    /// One for each bound, not cumulated, and one for what is beyond.
    pub counts: Vec<u64>,
    pub sum: f64,
}

#[derive(Debug)]
struct Spread {
    bounds: &'static [f64],
    counts: Vec<AtomicU64>,
    /// In millionths.
    sum: AtomicU64,
}

impl Default for Tally {
    fn default() -> Self {
        Self {
            reads: AtomicU64::default(),
            answered: AtomicU64::default(),
            throttled: AtomicU64::default(),
            unanswered: AtomicU64::default(),
            took: Spread::new(DURATIONS),
            batches: Spread::new(SIZES),
        }
    }
}

impl Tally {
    /// A read is wanted.
    pub(super) fn asked(&self) {
        self.reads.fetch_add(1, Relaxed);
    }

    /// A call for so many reads is made.
    pub(super) fn batched(&self, locations: usize) {
        let locations = u32::try_from(locations).unwrap_or(u32::MAX);
        self.batches
            .add(f64::from(locations), u64::from(locations) * 1_000_000);
    }

    /// A call is over.
    pub(super) fn called(&self, took: Duration, outcome: &Outcome) {
        let count = match outcome {
            Outcome::Answered => &self.answered,
            Outcome::Throttled { .. } => &self.throttled,
            Outcome::Unanswered(_) => &self.unanswered,
            Outcome::Nothing => return,
        };
        count.fetch_add(1, Relaxed);
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.took.add(took.as_secs_f64(), micros);
    }

    pub fn totals(&self) -> Totals {
        Totals {
            reads: self.reads.load(Relaxed),
            answered: self.answered.load(Relaxed),
            throttled: self.throttled.load(Relaxed),
            unanswered: self.unanswered.load(Relaxed),
            took: self.took.now(),
            batches: self.batches.now(),
        }
    }
}

impl Totals {
    /// Reads that cost no call of their own.
    pub fn saved(&self) -> u64 {
        self.reads.saturating_sub(self.batches.count())
    }
}

impl Histogram {
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }
}

impl Spread {
    fn new(bounds: &'static [f64]) -> Self {
        Self {
            bounds,
            counts: (0..=bounds.len()).map(|_| AtomicU64::default()).collect(),
            sum: AtomicU64::default(),
        }
    }

    fn add(&self, value: f64, millionths: u64) {
        let place = self.bounds.partition_point(|bound| *bound < value);
        self.counts[place].fetch_add(1, Relaxed);
        self.sum.fetch_add(millionths, Relaxed);
    }

    fn now(&self) -> Histogram {
        Histogram {
            bounds: self.bounds,
            counts: self.counts.iter().map(|count| count.load(Relaxed)).collect(),
            sum: Duration::from_micros(self.sum.load(Relaxed)).as_secs_f64(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_counted_under_the_first_bound_that_holds_them() {
        let tally = Tally::default();
        for (took, outcome) in [
            (5, Outcome::Answered),
            (
                6,
                Outcome::Throttled {
                    why: "HTTP 429".to_owned(),
                    pause: None,
                },
            ),
            (60_000, Outcome::Unanswered(String::new())),
            (1, Outcome::Nothing),
        ] {
            tally.called(Duration::from_millis(took), &outcome);
        }
        let totals = tally.totals();
        assert_eq!(totals.took.counts, [1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
        assert!((totals.took.sum - 60.011).abs() < 1e-9);
        assert_eq!((totals.answered, totals.throttled, totals.unanswered), (1, 1, 1));
    }
}
