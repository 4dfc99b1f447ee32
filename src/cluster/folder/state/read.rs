//! What is asked of the cluster.

use std::collections::BTreeMap;
use std::sync::Arc;

use lockstep_api::generator::GeneratorSpec;
use lockstep_api::{ExternalSecret, Parsed};

use super::super::complaint::Complaint;
use super::super::spread::NAME_LABEL;
use super::super::targets::Held;
use super::super::{Document, DocumentKind, Store};
use super::{State, about};
use crate::engine::generator::GeneratorKey;
use crate::engine::labels;
use crate::engine::object::{ObjectKey, StoreKey};
use crate::engine::target::{Owner, Target};
use crate::engine::values::Values;

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
            .filter(|object| about::is_undecided(object))
            .count()
    }

    pub fn store(&self, key: &StoreKey) -> Option<Arc<Store>> {
        self.stores.get(key).cloned()
    }

    pub fn generator(&self, key: &GeneratorKey) -> Option<Parsed<GeneratorSpec>> {
        self.manifests
            .generators
            .get(key)
            .map(|placed| placed.object.clone())
    }

    /// Every namespace that is named exists, and has the label that Kubernetes gives it.
    pub fn namespace_labels(&self, namespace: &str) -> BTreeMap<String, String> {
        let mut labels = self
            .manifests
            .namespaces
            .get(namespace)
            .map(|placed| placed.object.clone())
            .unwrap_or_default();
        labels.insert(NAME_LABEL.to_owned(), namespace.to_owned());
        labels
    }

    pub fn managed_target(&self, key: &ObjectKey) -> Option<Arc<Target>> {
        self.targets
            .get(key)
            .filter(|held| held.is_managed())
            .map(|held| held.target.clone())
    }

    pub fn targets_created_by(&self, namespace: &str, owner: &str) -> Vec<(ObjectKey, Arc<Target>)> {
        let label = labels::CREATED_BY;
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
                .any(|object| about::is_undecided(object) && about::may_create(object))
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

    pub(super) fn held(&self, key: &ObjectKey) -> Option<Held> {
        let manifest = || {
            let placed = self
                .manifests
                .documents
                .get(&(DocumentKind::Secret, key.clone()))?;
            Some(Held::manifest(key, &placed.object))
        };
        self.targets.get(key).cloned().or_else(manifest)
    }

    pub(super) fn has_owner(&self, namespace: &str, owner: &Owner) -> bool {
        let object = self.external_secrets.get(&ObjectKey::new(namespace, &owner.name));
        object.is_some_and(|object| object.metadata.uid.as_ref() == Some(&owner.uid))
    }

    pub(super) fn writers<'a>(&'a self, target: &'a ObjectKey) -> impl Iterator<Item = &'a ExternalSecret> {
        let objects = self
            .external_secrets
            .iter()
            .filter(|(key, object)| about::target_of(key, object) == *target);
        objects.map(|(_, object)| object.as_ref())
    }
}
