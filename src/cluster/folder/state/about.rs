//! What an object says about itself.

use lockstep_api::external_secret::CreationPolicy;
use lockstep_api::{Condition, ConditionStatus, ConditionType, ExternalSecret};

use super::super::Store;
use crate::engine::object::{ObjectKey, ObjectRef};

pub fn readiness(conditions: &[Condition]) -> Option<ConditionStatus> {
    conditions
        .iter()
        .find(|condition| condition.kind == ConditionType::Ready)
        .map(|condition| condition.status)
}

pub fn reference(object: &ExternalSecret) -> ObjectRef {
    ObjectRef::namespaced("ExternalSecret", &key_of(object))
}

pub fn key_of(object: &ExternalSecret) -> ObjectKey {
    let meta = &object.metadata;
    ObjectKey::new(
        meta.namespace.clone().unwrap_or_default(),
        meta.name.clone().unwrap_or_default(),
    )
}

pub fn target_of(key: &ObjectKey, object: &ExternalSecret) -> ObjectKey {
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

pub fn may_create(object: &ExternalSecret) -> bool {
    object
        .spec
        .as_ref()
        .is_ok_and(|spec| match spec.target.creation_policy() {
            CreationPolicy::Owner | CreationPolicy::Orphan | CreationPolicy::CreateOrMerge => true,
            CreationPolicy::Merge | CreationPolicy::None => false,
        })
}

pub fn writes_out(object: &ExternalSecret) -> bool {
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
pub fn is_undecided(object: &ExternalSecret) -> bool {
    let told = object
        .status
        .as_ref()
        .and_then(|status| status.observed_generation);
    told != object.metadata.generation
}

/// Everything about an ExternalSecret but its status.
pub fn shape(object: &ExternalSecret) -> impl PartialEq + use<> {
    let meta = &object.metadata;
    (meta.generation, meta.labels.clone(), meta.annotations.clone())
}

pub fn store_shape(store: &Store) -> impl PartialEq + use<> {
    (store.generation, store.annotations.clone())
}
