//! What is remembered of a PushSecret between its turns, and need not survive a restart: what was pushed, as digests.
//! After a restart everything is looked at once, and where the backend has what is pushed, nothing is written.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use lockstep_api::push_secret::PushSecretStatus;

use super::gather::Subject;
use crate::controller::templates::Template;
use crate::engine::object::{ObjectKey, StoreKey};
use crate::engine::push::Round;
use crate::engine::target::Digest;
use crate::engine::values::Values;

#[derive(Debug, Default)]
pub struct Memory(Mutex<HashMap<ObjectKey, Remembered>>);

/// A store, and a place in it as the status names it.
pub type Place = (StoreKey, String);

#[derive(Clone, Debug, Default)]
pub struct Remembered {
    uid: String,
    /// The version of the object when the round began.
    pub version: String,
    pub began: Timestamp,
    /// The round under way, or the one that failed.
    pub unfinished: Option<Round>,
    pub pushed: BTreeMap<Place, Digest>,
    /// What was read, by name.
    pub sources: BTreeMap<String, u64>,
    pub stores: BTreeSet<StoreKey>,
    pub templates: Vec<Template>,
    /// What a generator made in this round: a store that failed gets what the others got.
    pub generated: Option<Generated>,
    /// A status that could not be written.
    pub untold: Option<PushSecretStatus>,
}

#[derive(Clone, Debug)]
pub struct Generated {
    pub values: Values,
    /// The uid of the GeneratorState that notes it, where it is noted.
    pub state: Option<String>,
}

/// What a round was made from.
#[derive(Debug, Default)]
pub struct Ground {
    pub sources: BTreeMap<String, u64>,
    pub stores: BTreeSet<StoreKey>,
    pub templates: Vec<Template>,
}

impl Memory {
    /// What is remembered of this very object, and not of another that had its name.
    pub fn last(&self, key: &ObjectKey, uid: &str) -> Option<Remembered> {
        let entries = self.entries();
        entries.get(key).filter(|known| known.uid == uid).cloned()
    }

    /// The state of what a generator made and no store ever got, if there is such a thing.
    pub fn begin(&self, subject: &Subject, round: Round) -> Option<String> {
        let mut entries = self.entries();
        let known = entries.entry(subject.key.clone()).or_default();
        if known.uid != subject.uid {
            let told = subject.status.refresh_time.as_ref().map(|time| time.0);
            *known = Remembered {
                uid: subject.uid.clone(),
                began: told.unwrap_or(subject.now),
                ..Remembered::default()
            };
        }
        let mut unused = None;
        if round.pushes_all {
            let generated = known.generated.take().filter(|_| known.pushed.is_empty());
            unused = generated.and_then(|generated| generated.state);
            known.pushed.clear();
            known.began = subject.now;
        }
        known.version.clone_from(&subject.version);
        known.unfinished = Some(round);
        unused
    }

    /// Whether that is what was last pushed to a place, in this round or since it.
    pub fn has_pushed(&self, subject: &Subject, place: &Place, digest: Digest) -> bool {
        let entries = self.entries();
        let known = entries.get(&subject.key);
        known.is_some_and(|known| known.pushed.get(place) == Some(&digest))
    }

    /// What is now at a place.
    pub fn pushed(&self, subject: &Subject, place: Place, digest: Digest) {
        self.change(subject, |known| {
            known.pushed.insert(place, digest);
        });
    }

    pub fn grounded(&self, subject: &Subject, ground: Ground) {
        self.change(subject, |known| {
            known.sources = ground.sources;
            known.stores = ground.stores;
            known.templates = ground.templates;
        });
    }

    pub fn generated(&self, subject: &Subject, generated: Generated) {
        self.change(subject, |known| known.generated = Some(generated));
    }

    /// The round is over, and nothing is left to do.
    pub fn finished(&self, subject: &Subject) {
        self.change(subject, |known| {
            known.unfinished = None;
            known.generated = None;
        });
    }

    /// Nothing is at any place any more.
    pub fn emptied(&self, subject: &Subject) {
        self.change(subject, |known| {
            known.pushed.clear();
            known.sources.clear();
        });
    }

    pub fn untold(&self, subject: &Subject, status: Option<PushSecretStatus>) {
        self.change(subject, |known| known.untold = status);
    }

    pub fn forget(&self, key: &ObjectKey) {
        self.entries().remove(key);
    }

    fn change(&self, subject: &Subject, change: impl FnOnce(&mut Remembered)) {
        if let Some(known) = self.entries().get_mut(&subject.key) {
            change(known);
        }
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<ObjectKey, Remembered>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
