//! From the API's objects to parents and children.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta, OwnerReference};
use lockstep_api::cluster_external_secret::ChildMetadata;
use lockstep_api::{ClusterExternalSecret, ClusterPushSecret, ExternalSecret, Fault, Parsed, PushSecret};
use serde::Serialize;
use serde_json::Value;

use super::{Child, Namespace, Parent, ParentKey, Selector, Sort, Spread, Status};
use crate::engine::labels;
use crate::engine::object::ObjectKey;
use crate::engine::plan::Base;
use crate::engine::target::Owner;

impl From<ClusterExternalSecret> for Parent {
    fn from(object: ClusterExternalSecret) -> Self {
        let (name, meta) = (object.metadata.name.clone().unwrap_or_default(), object.metadata);
        let force_sync = meta
            .annotations
            .as_ref()
            .and_then(|it| it.get(labels::FORCE_SYNC).cloned());
        let spec = object.spec.and_then(|spec| {
            let (refresh_time, old) = (spec.refresh_time(), spec.namespace_selector);
            let old = old.map(|labels| selector("spec.namespaceSelector".to_owned(), labels));
            let metadata = with_force_sync(spec.external_secret_metadata, force_sync);
            written(&spec.external_secret_spec.canonical(), |child| Spread {
                child_name: spec
                    .external_secret_name
                    .map_or_else(|| name.clone(), |name| name.to_string()),
                metadata,
                child,
                selectors: old
                    .into_iter()
                    .chain(selectors(spec.namespace_selectors))
                    .collect(),
                namespaces: spec.namespaces.iter().map(ToString::to_string).collect(),
                refresh_time,
            })
        });
        let status = object.status.unwrap_or_default();
        let status = Status {
            child_name: status.external_secret_name,
            provisioned: status.provisioned_namespaces,
            failed: status.failed_namespaces,
            conditions: status.conditions,
        };
        parent(Sort::ExternalSecret, meta, spec, status)
    }
}

impl From<ClusterPushSecret> for Parent {
    fn from(object: ClusterPushSecret) -> Self {
        let name = object.metadata.name.clone().unwrap_or_default();
        let spec = object.spec.and_then(|spec| {
            let refresh_time = spec.refresh_time();
            written(&spec.push_secret_spec.canonical(), |child| Spread {
                child_name: spec.push_secret_name.map_or(name, |name| name.to_string()),
                metadata: spec.push_secret_metadata,
                child,
                selectors: selectors(spec.namespace_selectors).collect(),
                namespaces: std::collections::BTreeSet::new(),
                refresh_time,
            })
        });
        let status = object.status.unwrap_or_default();
        let status = Status {
            child_name: status.push_secret_name,
            provisioned: status.provisioned_namespaces,
            failed: status.failed_namespaces,
            conditions: status.conditions,
        };
        parent(Sort::PushSecret, object.metadata, spec, status)
    }
}

impl From<&ExternalSecret> for Child {
    fn from(object: &ExternalSecret) -> Self {
        let spec = object.spec.as_ref().ok();
        child(&object.metadata, spec.map(|spec| spec.clone().canonical()))
    }
}

impl From<&PushSecret> for Child {
    fn from(object: &PushSecret) -> Self {
        let spec = object.spec.as_ref().ok();
        child(&object.metadata, spec.map(|spec| spec.clone().canonical()))
    }
}

impl Namespace {
    pub fn of(meta: &ObjectMeta) -> Self {
        let mut finalizers = meta.finalizers.iter().flatten();
        Self {
            labels: meta.labels.clone().unwrap_or_default(),
            terminating: meta.deletion_timestamp.is_some(),
            is_held: finalizers.any(|name| name.starts_with(labels::NAMESPACE_FINALIZERS)),
        }
    }
}

/// The uid of the parent that controls an object with this metadata, if one of this sort does.
pub fn parent_of(meta: &ObjectMeta, sort: Sort) -> Option<&str> {
    let mut owners = meta.owner_references.iter().flatten();
    let owner = owners.find(|owner| owner.controller == Some(true))?;
    (owner.kind == sort.parent_kind()).then_some(owner.uid.as_str())
}

fn parent(sort: Sort, meta: ObjectMeta, spec: Parsed<Spread>, status: Status) -> Parent {
    Parent {
        key: ParentKey {
            sort,
            name: meta.name.unwrap_or_default(),
        },
        uid: meta.uid.unwrap_or_default(),
        resource_version: meta.resource_version.unwrap_or_default(),
        generation: meta.generation.unwrap_or_default(),
        terminating: meta.deletion_timestamp.is_some(),
        finalizers: meta.finalizers.unwrap_or_default(),
        spec,
        status,
    }
}

fn child(meta: &ObjectMeta, spec: Option<impl Serialize>) -> Child {
    Child {
        key: ObjectKey::new(
            meta.namespace.clone().unwrap_or_default(),
            meta.name.clone().unwrap_or_default(),
        ),
        base: Base {
            uid: meta.uid.clone().unwrap_or_default(),
            resource_version: meta.resource_version.clone().unwrap_or_default(),
        },
        terminating: meta.deletion_timestamp.is_some(),
        labels: meta.labels.clone().unwrap_or_default(),
        annotations: meta.annotations.clone().unwrap_or_default(),
        finalizers: meta.finalizers.clone().unwrap_or_default(),
        owners: meta.owner_references.iter().flatten().map(owner).collect(),
        spec: spec.and_then(|spec| serde_json::to_value(spec).ok()),
    }
}

fn owner(reference: &OwnerReference) -> Owner {
    Owner {
        api_version: reference.api_version.clone(),
        kind: reference.kind.clone(),
        name: reference.name.clone(),
        uid: reference.uid.clone(),
        controller: reference.controller.unwrap_or_default(),
        block_owner_deletion: reference.block_owner_deletion.unwrap_or_default(),
    }
}

/// With the children's spec as it is written down.
fn written(child: &impl Serialize, spread: impl FnOnce(Value) -> Spread) -> Parsed<Spread> {
    match serde_json::to_value(child) {
        Ok(child) => Parsed::Sound(spread(child)),
        Err(_) => Parsed::Broken(Fault::new("", "cannot be written down")),
    }
}

fn selectors(selectors: Vec<LabelSelector>) -> impl Iterator<Item = Selector> {
    let numbered = selectors.into_iter().enumerate();
    numbered.map(|(nth, labels)| selector(format!("spec.namespaceSelectors[{nth}]"), labels))
}

fn selector(field: String, labels: LabelSelector) -> Selector {
    Selector { field, labels }
}

/// Only the parent's own annotation counts.
fn with_force_sync(mut metadata: ChildMetadata, value: Option<String>) -> ChildMetadata {
    let annotations: &mut BTreeMap<String, String> = &mut metadata.annotations;
    annotations.remove(labels::FORCE_SYNC);
    annotations.extend(value.map(|value| (labels::FORCE_SYNC.to_owned(), value)));
    metadata
}
