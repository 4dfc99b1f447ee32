//! What is written to the cluster.

use std::sync::Arc;

use lockstep_api::{ExternalSecret, ExternalSecretStatus, SecretStoreStatus};

use super::super::targets::{self, Held};
use super::super::{Change, DocumentKind, Store};
use super::{State, about};
use crate::engine::object::{ObjectKey, ObjectRef};
use crate::engine::plan::SecretWrite;
use crate::engine::problem::Problem;

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
        let is_output = self.writers(&write.key).any(about::writes_out);
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
        let asked = is_asked.then(|| Change::Followed {
            object: ObjectRef::namespaced("Secret", key),
            version: self
                .document(DocumentKind::Secret, key)
                .map(|document| document.version),
        });
        asked.into_iter().chain([Change::Target(key.clone())]).collect()
    }

    pub fn set_external_secret_status(&mut self, object: &ExternalSecret, status: &ExternalSecretStatus) {
        if let Some(current) = self.external_secrets.get_mut(&about::key_of(object)) {
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
