//! Who is woken by what: a PushSecret by its sources and by its stores; and which stores a PushSecret keeps.
//!
//! Of all Secrets that are seen, only what concerns somebody is remembered.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use lockstep_api::push_secret::{Pick, PushSecret, PushSource};

use crate::engine::object::{ObjectKey, StoreKey};
use crate::engine::push::{self, Sighting};
use crate::engine::store::selects;

#[derive(Debug, Default)]
pub struct Links(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    links: HashMap<ObjectKey, Link>,
    by_source: HashMap<ObjectKey, HashSet<ObjectKey>>,
    /// Those who select sources by labels, by namespace.
    selecting: HashMap<String, HashSet<ObjectKey>>,
    by_store: HashMap<StoreKey, HashSet<ObjectKey>>,
    /// Those who select stores by labels.
    choosing: HashSet<ObjectKey>,
}

#[derive(Debug)]
struct Link {
    wanted: Wanted,
    sightings: BTreeMap<String, Sighting>,
    /// Those that it names, and those that it has pushed to.
    stores: BTreeSet<StoreKey>,
    /// Whether it selects others by labels.
    chooses: bool,
}

#[derive(Debug)]
enum Wanted {
    Nothing,
    Secret(ObjectKey),
    Secrets(LabelSelector),
}

/// The stores that a change of a PushSecret concerns.
#[derive(Debug, Default, PartialEq)]
pub struct Touched {
    pub stores: BTreeSet<StoreKey>,
    /// Others may be chosen by labels.
    pub chosen: bool,
}

impl Links {
    /// From now on the PushSecret hangs on what it says.
    pub fn set(&self, key: &ObjectKey, object: Option<&PushSecret>) -> Touched {
        let mut state = self.state();
        let before = state.remove(key);
        let mut touched = Touched {
            stores: before
                .as_ref()
                .map(|link| link.stores.clone())
                .unwrap_or_default(),
            chosen: before.as_ref().is_some_and(|link| link.chooses),
        };
        let Some(object) = object else { return touched };
        let mut link = Link::of(key, object);
        if let Some(before) = before {
            link.sightings = before.sightings;
            link.sightings.retain(|name, _| link.wanted.may_be(name));
        }
        touched.stores.extend(link.stores.iter().cloned());
        touched.chosen |= link.chooses;
        state.add(key, link);
        touched
    }

    /// A Secret is seen. Whom that concerns.
    pub fn seen(
        &self,
        secret: &ObjectKey,
        sighting: Sighting,
        labels: &BTreeMap<String, String>,
    ) -> Vec<ObjectKey> {
        let mut state = self.state();
        let state = &mut *state;
        let named = state.by_source.get(secret).into_iter().flatten();
        let selecting = state.selecting.get(&secret.namespace).into_iter().flatten();
        let mut concerned = Vec::new();
        for key in named.chain(selecting) {
            let Some(link) = state.links.get_mut(key) else {
                continue;
            };
            if link.wanted.means(&secret.name, labels) {
                link.sightings.insert(secret.name.clone(), sighting);
                concerned.push(key.clone());
            } else {
                link.sightings.remove(&secret.name);
            }
        }
        concerned
    }

    /// What was seen of the sources of a PushSecret.
    pub fn sightings(&self, key: &ObjectKey) -> BTreeMap<String, Sighting> {
        let state = self.state();
        let link = state.links.get(key);
        link.map(|link| link.sightings.clone()).unwrap_or_default()
    }

    /// What was seen and is not among the sources that were then read has gone.
    pub fn settle(&self, key: &ObjectKey, seen: &BTreeMap<String, Sighting>, read: &BTreeMap<String, u64>) {
        if let Some(link) = self.state().links.get_mut(key) {
            link.sightings
                .retain(|name, sighting| read.contains_key(name) || seen.get(name) != Some(sighting));
        }
    }

    /// Those who hang on a store, or may after it has changed.
    pub fn on_store(&self, store: &StoreKey) -> Vec<ObjectKey> {
        let state = self.state();
        let choosing = state
            .choosing
            .iter()
            .filter(|key| store.namespace().is_none_or(|own| own == key.namespace));
        let named = state.by_store.get(store).into_iter().flatten();
        let all: HashSet<&ObjectKey> = named.chain(choosing).collect();
        all.into_iter().cloned().collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn add(&mut self, key: &ObjectKey, link: Link) {
        match &link.wanted {
            Wanted::Nothing => {}
            Wanted::Secret(secret) => {
                let followers = self.by_source.entry(secret.clone()).or_default();
                followers.insert(key.clone());
            }
            Wanted::Secrets(_) => {
                let followers = self.selecting.entry(key.namespace.clone()).or_default();
                followers.insert(key.clone());
            }
        }
        for store in &link.stores {
            self.by_store
                .entry(store.clone())
                .or_default()
                .insert(key.clone());
        }
        if link.chooses {
            self.choosing.insert(key.clone());
        }
        self.links.insert(key.clone(), link);
    }

    fn remove(&mut self, key: &ObjectKey) -> Option<Link> {
        let link = self.links.remove(key)?;
        match &link.wanted {
            Wanted::Nothing => {}
            Wanted::Secret(secret) => unlink(&mut self.by_source, secret, key),
            Wanted::Secrets(_) => unlink(&mut self.selecting, &key.namespace, key),
        }
        for store in &link.stores {
            unlink(&mut self.by_store, store, key);
        }
        self.choosing.remove(key);
        Some(link)
    }
}

fn unlink<K: Eq + std::hash::Hash>(links: &mut HashMap<K, HashSet<ObjectKey>>, from: &K, key: &ObjectKey) {
    if let Some(followers) = links.get_mut(from) {
        followers.remove(key);
        if followers.is_empty() {
            links.remove(from);
        }
    }
}

impl Link {
    fn of(key: &ObjectKey, object: &PushSecret) -> Self {
        let spec = object.spec.as_ref().ok();
        let refs = || spec.into_iter().flat_map(|spec| &spec.secret_store_refs);
        let named = refs().filter(|reference| reference.label_selector.is_none());
        let named = named.filter_map(|reference| push::named(reference, &key.namespace).ok());
        let synced = object
            .status
            .iter()
            .flat_map(|status| status.synced_push_secrets.keys());
        let synced = synced.filter_map(|place| push::store_of(place, &key.namespace));
        Self {
            wanted: spec.map_or(Wanted::Nothing, |spec| Wanted::by(key, &spec.selector)),
            sightings: BTreeMap::new(),
            stores: named.chain(synced).collect(),
            chooses: refs().any(|reference| reference.label_selector.is_some()),
        }
    }
}

impl Wanted {
    fn by(key: &ObjectKey, source: &PushSource) -> Self {
        match source {
            PushSource::Generator(_) => Self::Nothing,
            PushSource::Secret(source) => match source.pick() {
                Some(Pick::Name(name)) => Self::Secret(ObjectKey::new(&key.namespace, name.as_str())),
                Some(Pick::Labels(selector)) => Self::Secrets(selector.clone()),
                None => Self::Nothing,
            },
        }
    }

    fn means(&self, name: &str, labels: &BTreeMap<String, String>) -> bool {
        match self {
            Self::Nothing => false,
            Self::Secret(secret) => secret.name == name,
            Self::Secrets(selector) => selects(selector, labels),
        }
    }

    /// Whether something of this name may be meant, whatever its labels.
    fn may_be(&self, name: &str) -> bool {
        match self {
            Self::Nothing => false,
            Self::Secret(secret) => secret.name == name,
            Self::Secrets(_) => true,
        }
    }
}

#[cfg(test)]
mod tests;
