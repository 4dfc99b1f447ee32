//! What is remembered of an ExternalSecret between its turns, and need not survive a restart.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use crate::engine::object::ObjectKey;

/// The last refresh of each ExternalSecret. The status tells it too, but is not written at every refresh.
#[derive(Debug, Default)]
pub struct Memory(Mutex<HashMap<ObjectKey, Refreshed>>);

#[derive(Debug)]
struct Refreshed {
    uid: String,
    at: Timestamp,
}

impl Memory {
    pub fn refreshed(&self, key: &ObjectKey, uid: &str) -> Option<Timestamp> {
        self.entries()
            .get(key)
            .filter(|refreshed| refreshed.uid == uid)
            .map(|refreshed| refreshed.at)
    }

    pub fn remember(&self, key: &ObjectKey, uid: &str, at: Timestamp) {
        self.entries().insert(
            key.clone(),
            Refreshed {
                uid: uid.to_owned(),
                at,
            },
        );
    }

    pub fn forget(&self, key: &ObjectKey) {
        self.entries().remove(key);
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<ObjectKey, Refreshed>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
