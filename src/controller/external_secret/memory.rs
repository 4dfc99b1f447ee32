//! What is remembered of an ExternalSecret between its turns, and need not survive a restart.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use crate::controller::following::Version;
use crate::engine::guard::Shape;
use crate::engine::object::{ObjectKey, ObjectRef};

/// The last refresh of each ExternalSecret. The status tells it too, but is not written at every refresh.
#[derive(Debug, Default)]
pub struct Memory(Mutex<HashMap<ObjectKey, Refreshed>>);

#[derive(Debug)]
struct Refreshed {
    uid: String,
    at: Timestamp,
    left: Left,
}

/// What a sync leaves behind for the next one.
#[derive(Clone, Debug, Default)]
pub struct Left {
    pub templates: Vec<Template>,
    /// Of what was fetched, where the Secret does not tell.
    pub fetched: Shape,
}

/// An object that a template was read from, and its version then.
pub type Template = (ObjectRef, Version);

impl Memory {
    pub fn refreshed(&self, key: &ObjectKey, uid: &str) -> Option<Timestamp> {
        self.entries()
            .get(key)
            .filter(|refreshed| refreshed.uid == uid)
            .map(|refreshed| refreshed.at)
    }

    /// Whether something that the templates were read from is at another version than `seen` tells.
    pub fn has_other_templates(
        &self,
        key: &ObjectKey,
        uid: &str,
        seen: impl Fn(&ObjectRef) -> Option<Version>,
    ) -> bool {
        let entries = self.entries();
        let refreshed = entries.get(key).filter(|refreshed| refreshed.uid == uid);
        let mut templates = refreshed
            .into_iter()
            .flat_map(|refreshed| &refreshed.left.templates);
        templates.any(|(object, version)| seen(object).is_some_and(|now| now != *version))
    }

    /// Of what was fetched last.
    pub fn shape(&self, key: &ObjectKey, uid: &str) -> Shape {
        let entries = self.entries();
        let refreshed = entries.get(key).filter(|refreshed| refreshed.uid == uid);
        refreshed
            .map(|refreshed| refreshed.left.fetched.clone())
            .unwrap_or_default()
    }

    pub fn remember(&self, key: &ObjectKey, uid: &str, at: Timestamp, left: Left) {
        self.entries().insert(
            key.clone(),
            Refreshed {
                uid: uid.to_owned(),
                at,
                left,
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
