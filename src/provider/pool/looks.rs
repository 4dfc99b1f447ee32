//! Whether a store's backend is there, and what is noticed of it without asking: what looking at it comes to, what reads
//! have shown, and what it says itself.

use std::sync::Arc;

use super::dial::NoLink;
use super::{Core, Epoch, Pool, Tidings};
use crate::engine::object::StoreKey;
use crate::engine::problem::Problem;
use crate::engine::store::Store;
use crate::provider::{Health, News};

const CONCERNS_USERS: Tidings = Tidings {
    turn: None,
    concerns_users: true,
};

/// What validating a store found out. One variant for each of the conditions that a store can have.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    Valid,
    /// It could not be checked, and may be used.
    Doubtful {
        why: String,
    },
    NoConnection(Problem),
    Failed(Problem),
}

impl Pool {
    /// Is the store good for anything? A store whose users bring the credentials is, as far as anybody can tell.
    pub async fn check(&self, store: &Arc<Store>) -> Verdict {
        let verdict = self.look(store).await;
        self.core.looked_at(&store.key, verdict.is_outage());
        verdict
    }

    /// Whether the store's backend is out of reach, as it was when somebody looked last.
    pub async fn is_out(&self, store: &Arc<Store>) -> bool {
        match self.core.epochs.is_out(&store.key) {
            Some(is_out) => is_out,
            None => self.check(store).await.is_outage(),
        }
    }

    /// A read has shown that the store's backend is out of reach. It is looked at soon, and those who use it hear of it
    /// when it is not any more.
    pub fn suspect(&self, store: &StoreKey) {
        if self.core.epochs.is_out(store) != Some(true) {
            self.core.looked_at(store, true);
            self.core.turns.tell(store, Tidings::default());
        }
    }

    pub fn epoch(&self, store: &StoreKey) -> Epoch {
        self.core.epochs.of(store)
    }

    async fn look(&self, store: &Arc<Store>) -> Verdict {
        let reader = match self.core.reach(store, None).await {
            Ok(reader) => reader,
            Err(NoLink {
                is_referent: true, ..
            }) => return Verdict::Valid,
            Err(NoLink {
                problem,
                is_referent: false,
            }) => return Verdict::NoConnection(problem),
        };
        match reader.check().await {
            Ok(Health::Ready | Health::Unknown) => Verdict::Valid,
            Ok(Health::Doubtful { why }) => Verdict::Doubtful { why },
            Err(problem) => Verdict::Failed(problem),
        }
    }
}

impl Core {
    fn looked_at(&self, store: &StoreKey, is_out: bool) {
        if self.epochs.looked_at(store, is_out) {
            self.turns.tell(store, CONCERNS_USERS);
        }
    }

    /// Where the store's backend tells that what it holds has changed.
    pub(super) fn news_of(self: &Arc<Self>, store: &StoreKey) -> News {
        let (core, store) = (Arc::downgrade(self), store.clone());
        News::new(move || {
            let Some(core) = core.upgrade() else { return };
            for connection in core.shelves().connections(&store) {
                connection.reader.something_changed();
            }
            core.epochs.changed(&store);
            core.turns.tell(&store, CONCERNS_USERS);
        })
    }
}

impl Verdict {
    /// Whether it is the network or the backend itself that stands in the way.
    fn is_outage(&self) -> bool {
        match self {
            Self::Valid | Self::Doubtful { .. } => false,
            Self::NoConnection(problem) | Self::Failed(problem) => problem.is_outage(),
        }
    }
}
