//! From what the API server sends to what decisions need. Secret values end here.

use std::collections::BTreeMap;

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ManagedFieldsEntry, ObjectMeta, OwnerReference};
use kube::api::DynamicObject;
use lockstep_api::generator::GeneratorState;
use lockstep_api::{
    ClusterSecretStore, ConditionStatus, ExternalSecret, Parsed, PushSecret, SecretStore, SecretStoreSpec,
    SecretStoreStatus,
};
use serde_json::Value;

use super::super::Store;
use super::mirror::Version;
use crate::engine::ask::PushSource;
use crate::engine::certificate;
use crate::engine::fingerprint;
use crate::engine::labels;
use crate::engine::object::{ObjectKey, StoreKey};
use crate::engine::push::{Sighting, Source};
use crate::engine::render::Object;
use crate::engine::secret_bytes::SecretBytes;
use crate::engine::state::{OwnerKind, State};
use crate::engine::target::{Digest, ManagedFields, Owner, Target};
use crate::engine::values::Values;

pub fn key(meta: &ObjectMeta) -> ObjectKey {
    ObjectKey::new(
        meta.namespace.clone().unwrap_or_default(),
        meta.name.clone().unwrap_or_default(),
    )
}

pub fn version(meta: &ObjectMeta) -> Version {
    Version::parse(meta.resource_version.as_deref().unwrap_or_default())
}

/// Most of an object's metadata is who wrote which field. Nobody here asks.
pub fn external_secret(mut object: ExternalSecret) -> ExternalSecret {
    object.metadata.managed_fields = None;
    object
}

pub fn push_secret(mut object: PushSecret) -> PushSecret {
    object.metadata.managed_fields = None;
    object
}

/// What is pushed, and what it says about itself.
pub fn source(secret: Secret) -> Source {
    let meta = secret.metadata;
    Source {
        version: version(&meta).number(),
        name: meta.name.unwrap_or_default(),
        values: values(secret.data),
        about: PushSource {
            namespace: meta.namespace.unwrap_or_default(),
            secret_type: secret.type_,
            labels: meta.labels.unwrap_or_default(),
            annotations: meta.annotations.unwrap_or_default(),
        },
    }
}

/// What is seen of a Secret that may be a source.
pub fn sighting(meta: &ObjectMeta) -> Sighting {
    let writes = meta.managed_fields.iter().flatten();
    let times = writes.filter_map(|entry| entry.time.as_ref()).map(|time| time.0);
    Sighting {
        version: version(meta).number(),
        changed: times.max(),
    }
}

pub fn namespaced_store(store: SecretStore) -> Store {
    let key = StoreKey::Namespaced(key(&store.metadata));
    of_store(key, store.metadata, store.spec, store.status)
}

pub fn cluster_store(store: ClusterSecretStore) -> Store {
    let key = StoreKey::Cluster(store.metadata.name.clone().unwrap_or_default());
    of_store(key, store.metadata, store.spec, store.status)
}

fn of_store(
    key: StoreKey,
    meta: ObjectMeta,
    spec: Parsed<SecretStoreSpec>,
    status: Option<SecretStoreStatus>,
) -> Store {
    Store {
        key,
        uid: meta.uid.unwrap_or_default(),
        generation: meta.generation.unwrap_or_default(),
        labels: meta.labels.unwrap_or_default(),
        annotations: meta.annotations.unwrap_or_default(),
        terminating: meta.deletion_timestamp.is_some(),
        is_held: meta
            .finalizers
            .iter()
            .flatten()
            .any(|name| name == labels::STORE_FINALIZER),
        spec,
        status: status.unwrap_or_default(),
    }
}

pub fn target(secret: Secret) -> Target {
    target_and_values(secret).0
}

pub fn target_and_values(secret: Secret) -> (Target, Values) {
    let meta = secret.metadata;
    let values = values(secret.data);
    let target = Target {
        uid: meta.uid.unwrap_or_default(),
        resource_version: meta.resource_version.unwrap_or_default(),
        secret_type: secret.type_.unwrap_or_default(),
        immutable: secret.immutable.unwrap_or_default(),
        terminating: meta.deletion_timestamp.is_some(),
        labels: meta.labels.unwrap_or_default(),
        annotations: meta.annotations.unwrap_or_default(),
        finalizers: meta.finalizers.unwrap_or_default(),
        owners: owners(meta.owner_references),
        data_hash: fingerprint::of_values(&values),
        keys: values
            .iter()
            .map(|(key, value)| (key.clone(), Digest::of(value)))
            .collect(),
        certificates: certificate::ends(&values),
        managed: meta
            .managed_fields
            .unwrap_or_default()
            .iter()
            .filter_map(managed_fields)
            .collect(),
    };
    (target, values)
}

pub fn values(data: Option<BTreeMap<String, ByteString>>) -> Values {
    data.unwrap_or_default()
        .into_iter()
        .map(|(key, value)| (key, SecretBytes::from(value.0)))
        .collect()
}

fn owners(references: Option<Vec<OwnerReference>>) -> Vec<Owner> {
    let owner = |reference: OwnerReference| Owner {
        api_version: reference.api_version,
        kind: reference.kind,
        name: reference.name,
        uid: reference.uid,
        controller: reference.controller.unwrap_or_default(),
        block_owner_deletion: reference.block_owner_deletion.unwrap_or_default(),
    };
    references.unwrap_or_default().into_iter().map(owner).collect()
}

/// `None`: it cannot be understood.
pub fn state(object: GeneratorState) -> Option<State> {
    let meta = object.metadata;
    let spec = object.spec.as_ref().ok()?.clone();
    let owner = owner_reference(&meta).map(|owner| owner.uid.clone());
    let conditions = object.status.unwrap_or_default().conditions;
    Some(State {
        complaint: conditions.into_iter().find_map(|condition| {
            (condition.status == ConditionStatus::False).then_some(condition.message)?
        }),
        key: key(&meta),
        uid: meta.uid.unwrap_or_default(),
        entry: meta
            .labels
            .unwrap_or_default()
            .remove(labels::STATE_OWNER)
            .unwrap_or_default(),
        owner,
        created: meta.creation_timestamp.map(|time| time.0).unwrap_or_default(),
        terminating: meta.deletion_timestamp.map(|time| time.0),
        finalizers: meta.finalizers.unwrap_or_default(),
        deadline: spec.garbage_collection_deadline.map(|time| time.0),
        resource: spec.resource,
        content: spec.state,
    })
}

fn owner_reference(meta: &ObjectMeta) -> Option<&OwnerReference> {
    let mut owners = meta.owner_references.iter().flatten();
    owners.find(|owner| OwnerKind::of(&owner.kind).is_some())
}

/// An object of any other kind. What is written into its status is nobody's business here.
pub fn resource(object: DynamicObject) -> (Target, Object) {
    let mut content = object.data;
    if let Some(members) = content.as_object_mut() {
        members.remove("status");
    }
    let content = Object(content);
    let meta = object.metadata;
    let ours = meta.managed_fields.unwrap_or_default();
    let ours = ours.iter().filter_map(|entry| {
        let is_ours = entry.manager.as_deref() == Some(fingerprint::RESOURCE_MANAGER);
        let owned = is_ours.then(|| owned(entry, "")).flatten()?;
        Some((fingerprint::RESOURCE_MANAGER.to_owned(), owned))
    });
    let target = Target {
        uid: meta.uid.unwrap_or_default(),
        resource_version: meta.resource_version.unwrap_or_default(),
        terminating: meta.deletion_timestamp.is_some(),
        labels: meta.labels.unwrap_or_default(),
        annotations: meta.annotations.unwrap_or_default(),
        owners: owners(meta.owner_references),
        data_hash: fingerprint::of_object(&content.0),
        keys: content.digests(),
        managed: ours.collect(),
        ..Target::default()
    };
    (target, content)
}

/// What one of our field managers owns; others' fields are their own affair.
fn managed_fields(entry: &ManagedFieldsEntry) -> Option<(String, ManagedFields)> {
    let manager = entry
        .manager
        .as_deref()
        .filter(|manager| fingerprint::is_our_manager(manager))?;
    Some((manager.to_owned(), owned(entry, "/f:data")?))
}

/// `data` says where the members are that count as data.
fn owned(entry: &ManagedFieldsEntry, data: &str) -> Option<ManagedFields> {
    let fields = &entry.fields_v1.as_ref()?.0;
    let below = |path: &str| -> Vec<String> {
        let members = fields
            .pointer(path)
            .and_then(Value::as_object)
            .into_iter()
            .flatten();
        members
            .filter_map(|(field, _)| field.strip_prefix("f:").map(str::to_owned))
            .collect()
    };
    Some(ManagedFields {
        data: below(data),
        labels: below("/f:metadata/f:labels"),
        annotations: below("/f:metadata/f:annotations"),
        written: entry.time.as_ref().map(|time| time.0),
    })
}
