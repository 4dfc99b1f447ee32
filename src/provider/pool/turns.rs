//! News of backends that went away or came back, for whoever wakes what hangs on them.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use tokio::sync::Notify;

use crate::engine::object::StoreKey;
use crate::provider::reader::gate::Turn;

/// What has not been heard yet: the last turn of each store, and no more.
#[derive(Debug, Default)]
pub(super) struct Turns {
    unheard: Mutex<HashMap<StoreKey, Turn>>,
    told: Notify,
}

impl Turns {
    pub(super) fn tell(&self, store: &StoreKey, turn: Turn) {
        self.unheard
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(store.clone(), turn);
        self.told.notify_one();
    }

    /// Waits for news. To be heard by one.
    pub(super) async fn next(&self) -> (StoreKey, Turn) {
        loop {
            let told = self.told.notified();
            if let Some(news) = self.take() {
                return news;
            }
            told.await;
        }
    }

    fn take(&self) -> Option<(StoreKey, Turn)> {
        let mut unheard = self.unheard.lock().unwrap_or_else(PoisonError::into_inner);
        let store = unheard.keys().next().cloned()?;
        unheard.remove_entry(&store)
    }
}
