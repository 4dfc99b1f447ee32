//! One at a time: whoever changes a secret at a backend reads it first, and two who do so at once would each undo what
//! the other did.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::{Mutex as Turn, OwnedMutexGuard};

/// Beyond this, those that nobody waits for are cleared away.
const FEW: usize = 256;

#[derive(Debug, Default)]
pub struct Turns(Mutex<HashMap<String, Weak<Turn<()>>>>);

impl Turns {
    /// Waits until nobody else changes what is at this key.
    pub async fn take(&self, key: &str) -> OwnedMutexGuard<()> {
        self.of(key).lock_owned().await
    }

    fn of(&self, key: &str) -> Arc<Turn<()>> {
        let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(turn) = turns.get(key).and_then(Weak::upgrade) {
            return turn;
        }
        if turns.len() >= FEW {
            turns.retain(|_, turn| turn.strong_count() > 0);
        }
        let turn = Arc::default();
        turns.insert(key.to_owned(), Arc::downgrade(&turn));
        turn
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_is_at_one_key_is_changed_by_one_at_a_time() {
        let turns = Turns::default();
        let first = turns.take("a").await;
        let _other = turns.take("b").await;
        let blocked = timeout(Duration::from_mins(1), turns.take("a")).await;
        assert!(blocked.is_err(), "somebody else is at it");
        drop(first);
        turns.take("a").await;
    }

    #[tokio::test]
    async fn nobody_is_remembered_for_ever() {
        let turns = Turns::default();
        for key in 0..10 * FEW {
            turns.take(&key.to_string()).await;
        }
        assert!(turns.0.lock().expect("unpoisoned").len() <= FEW);
    }
}
