//! The cluster as it stands: manifests, statuses, targets. Pure; nothing in here waits or touches a file.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use lockstep_api::external_secret::CreationPolicy;
use lockstep_api::{
    Condition, ConditionStatus, ConditionType, ExternalSecret, ExternalSecretStatus, SecretStoreStatus,
};

use super::super::{Change, Document, DocumentKind, Move, Store};
use super::Remnant;
use super::complaint::Complaint;
use super::manifests::Manifests;
use super::targets::{self, Held};
use crate::engine::object::{ObjectKey, ObjectRef, StoreKey};
use crate::engine::plan::SecretWrite;
use crate::engine::problem::Problem;
use crate::engine::target::{Owner, Target};
use crate::engine::values::Values;

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
    pub fn new(remnants: Vec<Remnant>) -> Self {
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
        let mut changes = self.apply_external_secrets(&manifests);
        changes.extend(self.apply_stores(&manifests));
        changes.extend(self.apply_namespaces(&manifests));
        let documents = self.changed_documents(&manifests);
        self.manifests = manifests;
        self.had_any |= !self.external_secrets.is_empty();
        self.start_from_manifests();
        changes.extend(self.renew_stores(&documents));
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
            if before.is_some_and(|before| shape(before) == shape(&placed.object)) {
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
            if before.is_some_and(|before| store_shape(&before.object) == store_shape(&placed.object)) {
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

    fn changed_documents(&self, manifests: &Manifests) -> Vec<ObjectKey> {
        let version = |manifests: &Manifests, id: &(DocumentKind, ObjectKey)| {
            manifests
                .documents
                .get(id)
                .map(|placed| placed.object.version.clone())
        };
        let changed = self
            .asked
            .iter()
            .filter(|id| version(&self.manifests, id) != version(manifests, id));
        changed.map(|(_, key)| key.clone()).collect()
    }

    /// A store that may hang on one of these documents becomes another generation of itself: it is looked at again,
    /// over connections that are made anew. Those that do not hang on it come to no harm.
    fn renew_stores(&mut self, documents: &[ObjectKey]) -> Vec<Change> {
        let may_hang_on = |store: &StoreKey| match store {
            StoreKey::Namespaced(key) => documents
                .iter()
                .any(|document| document.namespace == key.namespace),
            StoreKey::Cluster(_) => !documents.is_empty(),
        };
        let mut changes = Vec::new();
        for (key, store) in self.stores.iter_mut().filter(|(key, _)| may_hang_on(key)) {
            let store = Arc::make_mut(store);
            store.generation = store.generation.wrapping_add(1);
            changes.push(Change::Store(key.clone(), Move::Edited));
        }
        changes
    }
}

/// What is asked.
impl State {
    pub fn external_secret(&self, key: &ObjectKey) -> Option<Arc<ExternalSecret>> {
        self.external_secrets.get(key).cloned()
    }

    pub fn external_secrets(&self) -> Vec<(ObjectKey, Arc<ExternalSecret>)> {
        self.external_secrets
            .iter()
            .map(|(key, object)| (key.clone(), object.clone()))
            .collect()
    }

    /// How many ExternalSecrets nothing was said about yet, as they are now.
    pub fn undecided(&self) -> usize {
        self.external_secrets
            .values()
            .filter(|object| is_undecided(object))
            .count()
    }

    pub fn store(&self, key: &StoreKey) -> Option<Arc<Store>> {
        self.stores.get(key).cloned()
    }

    /// Every namespace that is named exists, and has the label that Kubernetes gives it.
    pub fn namespace_labels(&self, namespace: &str) -> BTreeMap<String, String> {
        let mut labels = self
            .manifests
            .namespaces
            .get(namespace)
            .map(|placed| placed.object.clone())
            .unwrap_or_default();
        labels.insert("kubernetes.io/metadata.name".to_owned(), namespace.to_owned());
        labels
    }

    pub fn managed_target(&self, key: &ObjectKey) -> Option<Arc<Target>> {
        self.targets
            .get(key)
            .filter(|held| held.is_managed())
            .map(|held| held.target.clone())
    }

    pub fn targets_created_by(&self, namespace: &str, owner: &str) -> Vec<(ObjectKey, Arc<Target>)> {
        let label = crate::engine::labels::CREATED_BY;
        let is_meant = |key: &ObjectKey, held: &Held| {
            key.namespace == namespace && held.target.labels.get(label).is_some_and(|value| value == owner)
        };
        let found = self.targets.iter().filter(|(key, held)| is_meant(key, held));
        found
            .map(|(key, held)| (key.clone(), held.target.clone()))
            .collect()
    }

    /// A target comes before a manifest of its name: it is what that manifest has become.
    pub fn document(&mut self, kind: DocumentKind, key: &ObjectKey) -> Option<Document> {
        let id = (kind, key.clone());
        let target = self.targets.get(key).filter(|_| kind == DocumentKind::Secret);
        let found = match target.and_then(|held| Some((held, held.values.clone()?))) {
            Some((held, values)) => Some(Document {
                version: held.target.resource_version.clone(),
                labels: held.target.labels.clone(),
                values,
            }),
            None => self
                .manifests
                .documents
                .get(&id)
                .map(|placed| placed.object.clone()),
        };
        self.asked.insert(id);
        found
    }

    pub fn target_and_values(&self, key: &ObjectKey) -> Option<(Target, Values)> {
        let held = self.held(key)?;
        Some((held.target.as_ref().clone(), held.values.unwrap_or_default()))
    }

    pub fn has_target(&self, key: &ObjectKey, uid: &str) -> bool {
        self.targets.get(key).is_some_and(|held| held.target.uid == uid)
    }

    pub fn keys_written(&self, key: &ObjectKey) -> Option<usize> {
        self.targets
            .get(key)
            .filter(|held| held.is_output)
            .map(|held| held.target.keys.len())
    }

    /// What the sink should have.
    pub fn outputs(&self) -> Vec<(ObjectKey, Held)> {
        let outputs = self.targets.iter().filter(|(_, held)| held.to_write().is_some());
        outputs.map(|(key, held)| (key.clone(), held.clone())).collect()
    }

    /// Whether an ExternalSecret that had no turn yet may be about to make this Secret.
    pub fn is_awaited(&self, key: &ObjectKey) -> bool {
        let is_there = self.held(key).is_some_and(|held| held.values.is_some());
        !is_there
            && self
                .writers(key)
                .any(|object| is_undecided(object) && may_create(object))
    }

    pub fn complaints(&self) -> &[Complaint] {
        &self.manifests.complaints
    }

    pub fn notes(&self) -> &[String] {
        &self.manifests.notes
    }

    /// Targets whose ExternalSecret is gone, as far as that is certain.
    pub fn orphans(&self) -> Vec<ObjectKey> {
        if !self.had_any || !self.manifests.is_complete() {
            return Vec::new();
        }
        let is_orphan = |key: &ObjectKey, held: &Held| {
            held.controller()
                .is_some_and(|owner| !self.has_owner(&key.namespace, owner))
        };
        let orphans = self.targets.iter().filter(|(key, held)| is_orphan(key, held));
        orphans.map(|(key, _)| key.clone()).collect()
    }

    fn held(&self, key: &ObjectKey) -> Option<Held> {
        let manifest = || {
            let placed = self
                .manifests
                .documents
                .get(&(DocumentKind::Secret, key.clone()))?;
            Some(Held::manifest(key, &placed.object))
        };
        self.targets.get(key).cloned().or_else(manifest)
    }

    fn has_owner(&self, namespace: &str, owner: &Owner) -> bool {
        let object = self.external_secrets.get(&ObjectKey::new(namespace, &owner.name));
        object.is_some_and(|object| object.metadata.uid.as_ref() == Some(&owner.uid))
    }

    fn writers<'a>(&'a self, target: &'a ObjectKey) -> impl Iterator<Item = &'a ExternalSecret> {
        let objects = self
            .external_secrets
            .iter()
            .filter(|(key, object)| target_of(key, object) == *target);
        objects.map(|(_, object)| object.as_ref())
    }
}

/// What is written.
impl State {
    /// What a write comes to, with nothing changed yet. A Conflict where it rests on something that is no more.
    pub fn plan(&self, write: &SecretWrite) -> Result<Held, Problem> {
        let before = self.held(&write.key);
        let conflict = || {
            Err(Problem::Conflict {
                object: ObjectRef::namespaced("Secret", &write.key),
            })
        };
        let is_as_seen = match (&write.base, &before) {
            (None, None) => true,
            (Some(base), Some(held)) => {
                base.uid == held.target.uid && base.resource_version == held.target.resource_version
            }
            (None, Some(_)) | (Some(_), None) => false,
        };
        // Nothing is made for an owner that went while its turn was under way: nobody would remove it.
        let owner = write.owners.iter().flatten().find(|owner| owner.controller);
        let is_owner_gone = owner.is_some_and(|owner| !self.has_owner(&write.key.namespace, owner));
        if !is_as_seen || is_owner_gone {
            return conflict();
        }
        let is_output = self.writers(&write.key).any(writes_out);
        Ok(targets::after(before.as_ref(), write, self.writes + 1, is_output))
    }

    pub fn wrote(&mut self, key: &ObjectKey, held: Held) -> Vec<Change> {
        self.writes += 1;
        let before = self.targets.insert(key.clone(), held);
        let hash = |held: &Held| held.target.data_hash.clone();
        let has_new_values = before.as_ref().map(hash) != self.targets.get(key).map(hash);
        self.target_changed(key, has_new_values)
    }

    pub fn removed(&mut self, key: &ObjectKey) -> Vec<Change> {
        let was_there = self.targets.remove(key).is_some();
        if was_there {
            self.target_changed(key, true)
        } else {
            Vec::new()
        }
    }

    fn target_changed(&mut self, key: &ObjectKey, has_new_values: bool) -> Vec<Change> {
        let is_asked = has_new_values && self.asked.contains(&(DocumentKind::Secret, key.clone()));
        let mut changes = if is_asked {
            self.renew_stores(std::slice::from_ref(key))
        } else {
            Vec::new()
        };
        changes.push(Change::Target(key.clone()));
        changes
    }

    pub fn set_external_secret_status(&mut self, object: &ExternalSecret, status: &ExternalSecretStatus) {
        if let Some(current) = self.external_secrets.get_mut(&key_of(object)) {
            Arc::make_mut(current).status = Some(status.clone());
        }
    }

    /// Whether the store turned from ready to not ready, or back.
    pub fn set_store_status(&mut self, store: &Store, status: &SecretStoreStatus) -> bool {
        let Some(current) = self.stores.get_mut(&store.key) else {
            return false;
        };
        let before = current.readiness();
        Arc::make_mut(current).status = status.clone();
        before != current.readiness()
    }
}

pub fn readiness(conditions: &[Condition]) -> Option<ConditionStatus> {
    conditions
        .iter()
        .find(|condition| condition.kind == ConditionType::Ready)
        .map(|condition| condition.status)
}

pub fn reference(object: &ExternalSecret) -> ObjectRef {
    ObjectRef::namespaced("ExternalSecret", &key_of(object))
}

fn key_of(object: &ExternalSecret) -> ObjectKey {
    let meta = &object.metadata;
    ObjectKey::new(
        meta.namespace.clone().unwrap_or_default(),
        meta.name.clone().unwrap_or_default(),
    )
}

fn target_of(key: &ObjectKey, object: &ExternalSecret) -> ObjectKey {
    let name = object
        .spec
        .as_ref()
        .ok()
        .and_then(|spec| spec.target.name.as_ref());
    ObjectKey::new(
        &key.namespace,
        name.map_or(key.name.as_str(), |name| name.as_str()),
    )
}

fn may_create(object: &ExternalSecret) -> bool {
    object
        .spec
        .as_ref()
        .is_ok_and(|spec| match spec.target.creation_policy() {
            CreationPolicy::Owner | CreationPolicy::Orphan | CreationPolicy::CreateOrMerge => true,
            CreationPolicy::Merge | CreationPolicy::None => false,
        })
}

fn writes_out(object: &ExternalSecret) -> bool {
    object
        .spec
        .as_ref()
        .is_ok_and(|spec| match spec.target.creation_policy() {
            CreationPolicy::Owner
            | CreationPolicy::Orphan
            | CreationPolicy::CreateOrMerge
            | CreationPolicy::Merge => true,
            CreationPolicy::None => false,
        })
}

/// Nothing was said yet about the object as it is now.
fn is_undecided(object: &ExternalSecret) -> bool {
    let told = object
        .status
        .as_ref()
        .and_then(|status| status.observed_generation);
    told != object.metadata.generation
}

/// Everything about an ExternalSecret but its status.
fn shape(object: &ExternalSecret) -> impl PartialEq + use<> {
    let meta = &object.metadata;
    (meta.generation, meta.labels.clone(), meta.annotations.clone())
}

fn store_shape(store: &Store) -> impl PartialEq + use<> {
    (store.generation, store.annotations.clone())
}

/// Takes out what is no longer wanted. What that was.
fn missing<K: Ord + Clone, V>(map: &mut BTreeMap<K, V>, is_wanted: impl Fn(&K) -> bool) -> Vec<K> {
    let gone: Vec<K> = map.keys().filter(|key| !is_wanted(key)).cloned().collect();
    for key in &gone {
        map.remove(key);
    }
    gone
}
