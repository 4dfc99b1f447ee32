//! Which stores a PushSecret means.

use std::sync::Arc;

use lockstep_api::push_secret::{Pick, PushDeletionPolicy, PushSecret, PushSecretSpec, PushStoreRef};
use lockstep_api::{ResourceName, StoreKind};

use super::synced;
use crate::engine::object::{ObjectKey, StoreKey};
use crate::engine::problem::Problem;
use crate::engine::selector;
use crate::engine::store::{Store, selects};

/// The store of that name. One without a name means none.
pub fn named(reference: &PushStoreRef, namespace: &str) -> Result<StoreKey, Problem> {
    let name = reference.name.as_ref().ok_or_else(|| Problem::BadData {
        why: "refStore Name must be provided".to_owned(),
    })?;
    Ok(key(reference.kind, name, namespace))
}

fn key(kind: StoreKind, name: &ResourceName, namespace: &str) -> StoreKey {
    match kind {
        StoreKind::SecretStore => StoreKey::Namespaced(ObjectKey::new(namespace, name.as_str())),
        StoreKind::ClusterSecretStore => StoreKey::Cluster(name.to_string()),
    }
}

/// Whether a reference in this namespace means the store, by its name or by its labels.
pub fn picks(reference: &PushStoreRef, namespace: &str, store: &Store) -> bool {
    match reference.pick() {
        Some(Pick::Name(name)) => key(reference.kind, name, namespace) == store.key,
        Some(Pick::Labels(selector)) => {
            let is_near = store.key.namespace().is_none_or(|own| own == namespace);
            is_near && is_of(reference.kind, &store.key) && selects(selector, &store.labels)
        }
        None => false,
    }
}

/// Whether an entry of `dataTo` means a store that was picked. Here, a name wins over labels.
pub(super) fn is_meant(reference: &PushStoreRef, store: &Store) -> bool {
    let is_picked = match (&reference.name, &reference.label_selector) {
        (Some(name), _) => name.as_str() == store.key.name(),
        (None, Some(selector)) => selects(selector, &store.labels),
        (None, None) => false,
    };
    is_picked && is_of(reference.kind, &store.key)
}

fn is_of(kind: StoreKind, store: &StoreKey) -> bool {
    match store {
        StoreKey::Namespaced(_) => kind == StoreKind::SecretStore,
        StoreKey::Cluster(_) => kind == StoreKind::ClusterSecretStore,
    }
}

/// What an entry of `dataTo` names must be named among the stores.
pub fn check_named(spec: &PushSecretSpec) -> Result<(), Problem> {
    for (index, entry) in spec.data_to.iter().enumerate() {
        let Some(name) = &entry.store_ref.name else {
            continue;
        };
        let mut refs = spec.secret_store_refs.iter();
        if !refs.any(|it| it.kind == entry.store_ref.kind && it.name.as_ref() == Some(name)) {
            return Err(Problem::BadData {
                why: format!(
                    "dataTo[{index}]: storeRef {:?} not found in secretStoreRefs",
                    name.as_str()
                ),
            });
        }
    }
    Ok(())
}

/// What selects stores by their labels must be a selector: one that is not would select none, and nobody would know why.
pub fn check_labels(spec: &PushSecretSpec) -> Result<(), Problem> {
    for reference in &spec.secret_store_refs {
        if let Some(why) = reference.label_selector.as_ref().and_then(selector::fault) {
            return Err(Problem::BadData {
                why: format!("could not convert labels: {why}"),
            });
        }
    }
    Ok(())
}

/// What an entry of `dataTo` selects must be among the stores.
pub fn check_selectors(spec: &PushSecretSpec, stores: &[Arc<Store>]) -> Result<(), Problem> {
    for (index, entry) in spec.data_to.iter().enumerate() {
        let reference = &entry.store_ref;
        let labels = reference
            .label_selector
            .as_ref()
            .filter(|_| reference.name.is_none());
        if let Some(why) = labels.and_then(selector::fault) {
            return Err(Problem::BadData {
                why: format!("dataTo[{index}]: invalid labelSelector: {why}"),
            });
        }
        let is_by_labels = reference.name.is_none() && reference.label_selector.is_some();
        if is_by_labels && !stores.iter().any(|store| is_meant(reference, store)) {
            return Err(Problem::BadData {
                why: format!("dataTo[{index}]: labelSelector does not match any store in secretStoreRefs"),
            });
        }
    }
    Ok(())
}

/// Whether a store must not go, because what was pushed to it is deleted with the PushSecret.
pub fn holds(object: &PushSecret, store: &Store) -> bool {
    let Ok(spec) = object.spec.as_ref() else {
        return false;
    };
    spec.deletion_policy == PushDeletionPolicy::Delete && is_concerned(object, store)
}

/// Whether a PushSecret refers to a store, or has pushed something to it.
pub fn is_concerned(object: &PushSecret, store: &Store) -> bool {
    let namespace = object.metadata.namespace.as_deref().unwrap_or_default();
    if store.key.namespace().is_some_and(|own| own != namespace) {
        return false;
    }
    let refs = object.spec.as_ref().ok().map(|spec| &spec.secret_store_refs);
    let place = synced::store_place(&store.key);
    let has_pushed = object
        .status
        .as_ref()
        .is_some_and(|status| status.synced_push_secrets.contains_key(&place));
    has_pushed || refs.is_some_and(|refs| refs.iter().any(|it| picks(it, namespace, store)))
}

#[cfg(test)]
mod tests;
