//! What is remembered of an ExternalSecret between its turns, and need not survive a restart.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use super::sources::Source;
use crate::controller::following::Version;
use crate::controller::lent::Lives;
use crate::controller::templates::Template;
use crate::engine::guard::Shape;
use crate::engine::object::{ObjectKey, ObjectRef};
use crate::engine::target::Digest;
use crate::engine::untold::Untold;

/// The last refresh of each ExternalSecret. The status tells it too, but is not written at every refresh.
#[derive(Debug, Default)]
pub struct Memory {
    /// Boxed, since a map has room for nearly twice as many as it has.
    refreshed: Mutex<HashMap<ObjectKey, Box<Refreshed>>>,
    /// Of what generators lent.
    pub lives: Lives,
}

#[derive(Debug)]
struct Refreshed {
    uid: String,
    at: Timestamp,
    left: Left,
    /// Until the status says so.
    untold: Option<Box<Untold>>,
}

/// What a sync leaves behind for the next one.
#[derive(Clone, Debug, Default)]
pub struct Left {
    pub templates: Vec<Template>,
    /// Who answered.
    pub sources: Vec<Source>,
    /// Of what was fetched, where the Secret does not tell.
    pub fetched: Shape,
    /// [`Target::marks`](crate::engine::target::Target::marks) as they then were; none where there is no target.
    pub marks: Option<Digest>,
}

impl Memory {
    pub fn refreshed(&self, key: &ObjectKey, uid: &str) -> Option<Timestamp> {
        self.of(key, uid, |refreshed| refreshed.at)
    }

    /// Whether something that the templates were read from is at another version than `seen` tells.
    pub fn has_other_templates(
        &self,
        key: &ObjectKey,
        uid: &str,
        seen: impl Fn(&ObjectRef) -> Option<Version>,
    ) -> bool {
        let is_other = |(object, version): &Template| seen(object).is_some_and(|now| now != *version);
        self.of(key, uid, |refreshed| {
            refreshed.left.templates.iter().any(is_other)
        })
        .unwrap_or_default()
    }

    /// Who answered last. `None`: not since we started.
    pub fn sources(&self, key: &ObjectKey, uid: &str) -> Option<Vec<Source>> {
        self.of(key, uid, |refreshed| refreshed.left.sources.clone())
    }

    /// Of what was fetched last.
    pub fn shape(&self, key: &ObjectKey, uid: &str) -> Shape {
        self.of(key, uid, |refreshed| refreshed.left.fetched.clone())
            .unwrap_or_default()
    }

    /// Whether `now` is not what the last sync left on its target. Where none was since we started, nobody can tell.
    pub fn has_other_marks(&self, key: &ObjectKey, uid: &str, now: Digest) -> bool {
        let left = self.of(key, uid, |refreshed| refreshed.left.marks).flatten();
        left.is_some_and(|left| left != now)
    }

    /// A sync whose status could not be written.
    pub fn untold(&self, key: &ObjectKey, uid: &str) -> Option<Untold> {
        let untold = self.of(key, uid, |refreshed| refreshed.untold.as_deref().cloned());
        untold.flatten()
    }

    /// What is remembered of this very object, and not of another that had its name.
    fn of<T>(&self, key: &ObjectKey, uid: &str, ask: impl FnOnce(&Refreshed) -> T) -> Option<T> {
        let entries = self.entries();
        let refreshed = entries.get(key).filter(|refreshed| refreshed.uid == uid)?;
        Some(ask(refreshed))
    }

    /// Remembers a sync, which the status does not tell of yet.
    pub fn remember(&self, key: &ObjectKey, uid: &str, left: Left, untold: Untold) {
        self.entries().insert(
            key.clone(),
            Box::new(Refreshed {
                uid: uid.to_owned(),
                at: untold.at,
                left,
                untold: Some(Box::new(untold)),
            }),
        );
    }

    /// The status tells of the last sync.
    pub fn told(&self, key: &ObjectKey) {
        if let Some(refreshed) = self.entries().get_mut(key) {
            refreshed.untold = None;
        }
    }

    pub fn forget(&self, key: &ObjectKey) {
        self.entries().remove(key);
        self.lives.forget_all(key);
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<ObjectKey, Box<Refreshed>>> {
        self.refreshed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
