//! One writer at a time for each place.
//!
//! Who changes a part of a secret reads all of it and writes all of it. A backend that writes only if nothing changed
//! in between is safe from others; the others of this process wait here, and those backends that cannot do so have
//! at least this.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::OwnedMutexGuard;

#[derive(Debug, Default)]
pub(super) struct Turns {
    under_way: Mutex<HashMap<String, Weak<tokio::sync::Mutex<()>>>>,
}

impl Turns {
    /// Waits until nobody else is at this place. One's turn is over when what this returns is dropped.
    pub(super) async fn at(&self, place: &str) -> OwnedMutexGuard<()> {
        self.line(place).lock_owned().await
    }

    fn line(&self, place: &str) -> Arc<tokio::sync::Mutex<()>> {
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        under_way.retain(|_, line| line.strong_count() > 0);
        if let Some(line) = under_way.get(place).and_then(Weak::upgrade) {
            return line;
        }
        let line = Arc::default();
        under_way.insert(place.to_owned(), Arc::downgrade(&line));
        line
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn places_do_not_wait_for_one_another_and_are_not_remembered() {
        let turns = Turns::default();
        let soon = Duration::from_millis(10);
        let first = turns.at("a").await;
        assert!(tokio::time::timeout(soon, turns.at("a")).await.is_err());
        drop(turns.at("b").await);
        drop(first);
        assert!(tokio::time::timeout(soon, turns.at("a")).await.is_ok());
        drop(turns.at("c").await);
        assert_eq!(turns.under_way.lock().expect("unpoisoned").len(), 1);
    }
}
