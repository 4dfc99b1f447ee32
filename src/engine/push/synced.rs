//! `status.syncedPushSecrets`: what was pushed, and what of it is to be deleted.

use std::collections::BTreeSet;

use lockstep_api::push_secret::{PushSecretData, SyncedPushSecrets};

use super::entries;
use crate::engine::ask::Remote;
use crate::engine::object::{ObjectKey, StoreKey};

/// What was pushed once, and is pushed no more.
#[derive(Clone, Debug)]
pub struct Doomed {
    /// As the status names the store.
    pub store: String,
    pub place: String,
    pub remote: Remote,
}

/// The name under which the status remembers a store.
pub fn store_place(store: &StoreKey) -> String {
    format!("{}/{}", store.kind(), store.name())
}

/// The store that the status means, for a PushSecret of this namespace.
pub fn store_of(place: &str, namespace: &str) -> Option<StoreKey> {
    match place.split_once('/')? {
        ("SecretStore", name) => Some(StoreKey::Namespaced(ObjectKey::new(namespace, name))),
        ("ClusterSecretStore", name) => Some(StoreKey::Cluster(name.to_owned())),
        _ => None,
    }
}

/// What is there beside what was there.
#[must_use]
pub fn merge(mut now: SyncedPushSecrets, before: &SyncedPushSecrets) -> SyncedPushSecrets {
    for (store, entries) in before {
        let known = now.entry(store.clone()).or_default();
        for (place, data) in entries {
            known.entry(place.clone()).or_insert_with(|| data.clone());
        }
    }
    now
}

/// What is deleted: everything that `before` knows and `now` does not, but for stores that are spared because nobody
/// knows what belongs there.
///
/// Where a secret is pushed whole and was pushed property by property before, or the other way round, there is nothing
/// to delete: the place is the same. (ESO deletes what it has just written.)
pub fn doomed(before: &SyncedPushSecrets, now: &SyncedPushSecrets, spared: &BTreeSet<String>) -> Vec<Doomed> {
    let mut doomed = Vec::new();
    for (store, entries) in before.iter().filter(|(store, _)| !spared.contains(*store)) {
        let pushed = now.get(store);
        for (place, data) in entries {
            let is_pushed = pushed.is_some_and(|pushed| {
                pushed.contains_key(place) || pushed.values().any(|other| overlap(data, other))
            });
            if !is_pushed {
                doomed.push(Doomed {
                    store: store.clone(),
                    place: place.clone(),
                    remote: entries::remote(data),
                });
            }
        }
    }
    doomed
}

/// Whether one of them is all of the secret that the other is in.
fn overlap(one: &PushSecretData, other: &PushSecretData) -> bool {
    let (one, other) = (&one.entry.remote_ref, &other.entry.remote_ref);
    one.remote_key == other.remote_key && (one.property().is_none() || other.property().is_none())
}

#[cfg(test)]
mod tests;
