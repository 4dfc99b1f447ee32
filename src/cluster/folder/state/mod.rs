//! The cluster as it stands: manifests, statuses, targets. Pure; nothing in here waits or touches a file.

mod about;
mod read;
mod write;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use lockstep_api::ExternalSecret;

use super::manifests::Manifests;
use super::targets::Held;
use super::{Change, DocumentKind, Move, Remnant, Store};
use crate::engine::object::{ObjectKey, ObjectRef, StoreKey};

pub use self::about::{readiness, reference};

#[derive(Debug, Default)]
pub struct State {
    manifests: Manifests,
    /// With their statuses.
    external_secrets: BTreeMap<ObjectKey, Arc<ExternalSecret>>,
    stores: BTreeMap<StoreKey, Arc<Store>>,
    targets: BTreeMap<ObjectKey, Held>,
    /// Documents that somebody read. Only these matter when they change.
    asked: BTreeSet<(DocumentKind, ObjectKey)>,
    /// A folder in which there never was anything of ours is more likely the wrong one than an empty one.
    had_any: bool,
    writes: u64,
}

impl State {
    pub fn new(remnants: &[Remnant]) -> Self {
        // What nobody owns is nobody's to go on with: it stays on disk until somebody writes it anew.
        let owned = remnants.iter().filter(|remnant| remnant.owner.is_some());
        let targets = owned.map(|remnant| (remnant.key.clone(), Held::remnant(remnant)));
        Self {
            targets: targets.collect(),
            ..Self::default()
        }
    }

    /// Makes these manifests the truth. What differs.
    pub fn apply(&mut self, mut manifests: Manifests) -> Vec<Change> {
        manifests.keep_hidden(&self.manifests);
        manifests.spread();
        let mut changes = self.apply_external_secrets(&manifests);
        changes.extend(self.apply_stores(&manifests));
        changes.extend(self.apply_namespaces(&manifests));
        changes.extend(self.changed_documents(&manifests));
        self.manifests = manifests;
        self.had_any |= !self.external_secrets.is_empty();
        self.start_from_manifests();
        changes
    }

    /// Where a manifest tells what a target is made from, that counts and not what an earlier run made of it.
    fn start_from_manifests(&mut self) {
        let mut targets = std::mem::take(&mut self.targets);
        targets.retain(|key, held| {
            let has_manifest = self
                .manifests
                .documents
                .contains_key(&(DocumentKind::Secret, key.clone()));
            held.values.is_some() || !has_manifest || self.writers(key).next().is_none()
        });
        self.targets = targets;
    }

    fn apply_external_secrets(&mut self, manifests: &Manifests) -> Vec<Change> {
        let mut changes = Vec::new();
        for (key, placed) in &manifests.external_secrets {
            let before = self.external_secrets.get(key);
            if before.is_some_and(|before| about::shape(before) == about::shape(&placed.object)) {
                continue;
            }
            let status = before.and_then(|before| before.status.clone());
            let object = ExternalSecret {
                status,
                ..placed.object.as_ref().clone()
            };
            self.external_secrets.insert(key.clone(), Arc::new(object));
            changes.push(Change::ExternalSecret(key.clone(), Move::Edited));
        }
        for key in missing(&mut self.external_secrets, |key| {
            manifests.external_secrets.contains_key(key)
        }) {
            changes.push(Change::ExternalSecret(key, Move::Gone));
        }
        changes
    }

    fn apply_stores(&mut self, manifests: &Manifests) -> Vec<Change> {
        let mut changes = Vec::new();
        for (key, placed) in &manifests.stores {
            let before = self.manifests.stores.get(key);
            if before.is_some_and(|before| {
                about::store_shape(&before.object) == about::store_shape(&placed.object)
            }) {
                continue;
            }
            let status = self
                .stores
                .get(key)
                .map(|before| before.status.clone())
                .unwrap_or_default();
            let store = Store {
                status,
                ..placed.object.as_ref().clone()
            };
            self.stores.insert(key.clone(), Arc::new(store));
            changes.push(Change::Store(key.clone(), Move::Edited));
        }
        for key in missing(&mut self.stores, |key| manifests.stores.contains_key(key)) {
            changes.push(Change::Store(key, Move::Gone));
        }
        changes
    }

    fn apply_namespaces(&self, manifests: &Manifests) -> Vec<Change> {
        let names: BTreeSet<&String> = self
            .manifests
            .namespaces
            .keys()
            .chain(manifests.namespaces.keys())
            .collect();
        let labels = |manifests: &Manifests, name: &String| {
            manifests.namespaces.get(name).map(|placed| placed.object.clone())
        };
        let changed = names
            .into_iter()
            .filter(|name| labels(&self.manifests, name) != labels(manifests, name));
        changed.map(|name| Change::Namespace(name.clone())).collect()
    }

    fn changed_documents(&self, manifests: &Manifests) -> Vec<Change> {
        let version = |manifests: &Manifests, id: &(DocumentKind, ObjectKey)| {
            manifests
                .documents
                .get(id)
                .map(|placed| placed.object.version.clone())
        };
        let asked = self.asked.iter().map(|id| (id, version(manifests, id)));
        asked
            .filter(|(id, now)| version(&self.manifests, id) != *now)
            .map(|((kind, key), version)| Change::Followed {
                object: ObjectRef::namespaced(kind.name(), key),
                version,
            })
            .collect()
    }
}

/// Takes out what is no longer wanted. What that was.
fn missing<K: Ord + Clone, V>(map: &mut BTreeMap<K, V>, is_wanted: impl Fn(&K) -> bool) -> Vec<K> {
    let gone: Vec<K> = map.keys().filter(|key| !is_wanted(key)).cloned().collect();
    for key in &gone {
        map.remove(key);
    }
    gone
}
