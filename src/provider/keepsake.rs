//! What is remembered of a store for as long as it lives.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::engine::secret_bytes::SecretBytes;
use crate::engine::values::Values;

/// Values that belong to one store, by its uid, and outlive its connections. Where a backend has no memory of its
/// own, what was pushed to it is here.
#[derive(Debug, Default)]
pub struct Keepsake(Mutex<Values>);

impl Keepsake {
    pub fn get(&self, key: &str) -> Option<SecretBytes> {
        self.values().get(key).cloned()
    }

    pub fn keep(&self, key: &str, value: SecretBytes) {
        self.values().insert(key.to_owned(), value);
    }

    pub fn all(&self) -> Values {
        self.values().clone()
    }

    fn values(&self) -> MutexGuard<'_, Values> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
