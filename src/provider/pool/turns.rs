//! News of stores' backends, for whoever wakes what hangs on them.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use tokio::sync::Notify;

use crate::engine::object::StoreKey;
use crate::provider::reader::gate::Turn;

/// What there is to hear of a store. Whatever it is, the store is to be looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tidings {
    /// Its backend went away, or came back.
    pub turn: Option<Turn>,
    /// Those who use it may have something to do: see their [`Epoch`](super::Epoch).
    pub concerns_users: bool,
}

/// What has not been heard yet: the last turn of each store, and no more.
#[derive(Debug, Default)]
pub(super) struct Turns {
    unheard: Mutex<HashMap<StoreKey, Tidings>>,
    told: Notify,
}

impl Turns {
    pub(super) fn tell(&self, store: &StoreKey, news: Tidings) {
        {
            let mut unheard = self.unheard.lock().unwrap_or_else(PoisonError::into_inner);
            let tidings = unheard.entry(store.clone()).or_default();
            tidings.turn = news.turn.or(tidings.turn);
            tidings.concerns_users |= news.concerns_users;
        }
        self.told.notify_one();
    }

    /// Waits for news. To be heard by one.
    pub(super) async fn next(&self) -> (StoreKey, Tidings) {
        loop {
            let told = self.told.notified();
            if let Some(news) = self.take() {
                return news;
            }
            told.await;
        }
    }

    fn take(&self) -> Option<(StoreKey, Tidings)> {
        let mut unheard = self.unheard.lock().unwrap_or_else(PoisonError::into_inner);
        let store = unheard.keys().next().cloned()?;
        unheard.remove_entry(&store)
    }
}
