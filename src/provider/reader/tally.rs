//! How much the reader saves.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Totals since the connection was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Reads that were wanted.
    pub asked: u64,
    /// Locations that the backend was asked for.
    pub keys: u64,
    /// Calls of [`Backend::read`](crate::provider::Backend::read) that it took.
    pub calls: u64,
}

impl Tally {
    /// Reads that cost no call of their own.
    pub fn saved(&self) -> u64 {
        self.asked.saturating_sub(self.calls)
    }
}

#[derive(Debug, Default)]
pub(super) struct Counters {
    asked: AtomicU64,
    keys: AtomicU64,
    calls: AtomicU64,
}

impl Counters {
    pub(super) fn asked(&self) {
        self.asked.fetch_add(1, Relaxed);
    }

    pub(super) fn called(&self, keys: usize) {
        self.keys.fetch_add(keys as u64, Relaxed);
        self.calls.fetch_add(1, Relaxed);
    }

    pub(super) fn now(&self) -> Tally {
        Tally {
            asked: self.asked.load(Relaxed),
            keys: self.keys.load(Relaxed),
            calls: self.calls.load(Relaxed),
        }
    }
}
