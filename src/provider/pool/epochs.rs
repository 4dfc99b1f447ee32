//! What was noticed of the stores' backends while nobody asked them anything: that what they hold has changed, that they
//! were away, and that they came back.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::engine::object::StoreKey;

/// A moment in the life of a store's backend. Whoever remembers it sees whether anything has happened since.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Epoch {
    /// How often what it holds has changed, where it tells.
    pub changes: u64,
    /// How often it came back.
    pub returns: u64,
}

#[derive(Debug, Default)]
pub(super) struct Epochs(Mutex<HashMap<StoreKey, Noticed>>);

#[derive(Debug, Default)]
struct Noticed {
    epoch: Epoch,
    /// Whether it was out of reach when it was looked at last.
    is_out: Option<bool>,
}

impl Epochs {
    pub(super) fn of(&self, store: &StoreKey) -> Epoch {
        let noticed = self.noticed();
        noticed
            .get(store)
            .map(|noticed| noticed.epoch)
            .unwrap_or_default()
    }

    /// `None`: nobody has looked yet.
    pub(super) fn is_out(&self, store: &StoreKey) -> Option<bool> {
        self.noticed().get(store)?.is_out
    }

    pub(super) fn changed(&self, store: &StoreKey) {
        self.change(store, |noticed| noticed.epoch.changes += 1);
    }

    /// It was looked at. Whether it has come back.
    pub(super) fn looked_at(&self, store: &StoreKey, is_out: bool) -> bool {
        self.change(store, |noticed| {
            let is_back = noticed.is_out == Some(true) && !is_out;
            noticed.epoch.returns += u64::from(is_back);
            noticed.is_out = Some(is_out);
            is_back
        })
    }

    pub(super) fn forget(&self, store: &StoreKey) {
        self.noticed().remove(store);
    }

    fn change<T>(&self, store: &StoreKey, change: impl FnOnce(&mut Noticed) -> T) -> T {
        let mut noticed = self.noticed();
        match noticed.get_mut(store) {
            Some(noticed) => change(noticed),
            None => change(noticed.entry(store.clone()).or_default()),
        }
    }

    fn noticed(&self) -> MutexGuard<'_, HashMap<StoreKey, Noticed>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backend_returns_once_for_each_time_that_it_was_out() {
        let (epochs, store) = (Epochs::default(), StoreKey::Cluster("s".to_owned()));
        assert_eq!(epochs.is_out(&store), None);
        let looks = [false, true, true, false, false, true, false];
        let returns = looks.map(|is_out| epochs.looked_at(&store, is_out));
        assert_eq!(returns, [false, false, false, true, false, false, true]);
        epochs.changed(&store);
        assert_eq!(
            epochs.of(&store),
            Epoch {
                changes: 1,
                returns: 2
            }
        );
        epochs.forget(&store);
        assert_eq!(
            (epochs.of(&store), epochs.is_out(&store)),
            (Epoch::default(), None)
        );
    }
}
