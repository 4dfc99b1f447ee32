//! Carries a [`SecretWrite`] out: one request, under the field manager of its ExternalSecret.

use std::collections::BTreeMap;
use std::fmt::Debug;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use k8s_openapi::api::core::v1::Secret;
use kube::api::{Api, DeleteParams, DynamicObject, Patch, PatchParams, PostParams, Preconditions};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::packed::Packed;
use super::{KubeCluster, errors, reduce};
use crate::engine::fingerprint;
use crate::engine::object::{ObjectKey, ObjectRef};
use crate::engine::plan::{Base, ResourceWrite, SecretWrite};
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::engine::target::{Owner, Target};

pub async fn write(cluster: &KubeCluster, write: &SecretWrite) -> Result<Target, Problem> {
    let api: Api<Secret> = Api::namespaced(cluster.requests.client.clone(), &write.key.namespace);
    let object = ObjectRef::namespaced("Secret", &write.key);
    let written = send(
        cluster,
        &api,
        &object,
        &write.manager,
        body(write),
        write.base.is_none(),
    )
    .await?;
    let version = reduce::version(&written.metadata);
    let target = reduce::target(written);
    let packed = Packed::of(target.clone());
    cluster.targets.wrote(&write.key, version, packed);
    Ok(target)
}

/// An object of any kind, as it then is.
pub async fn write_resource(
    cluster: &KubeCluster,
    api: &Api<DynamicObject>,
    write: &ResourceWrite,
) -> Result<DynamicObject, Problem> {
    let object = ObjectRef::from(&write.target);
    let manager = fingerprint::RESOURCE_MANAGER;
    let is_new = write.base.is_none();
    send(cluster, api, &object, manager, resource_body(write), is_new).await
}

/// Creates an object, or patches it.
async fn send<K>(
    cluster: &KubeCluster,
    api: &Api<K>,
    object: &ObjectRef,
    manager: &str,
    body: Value,
    is_new: bool,
) -> Result<K, Problem>
where
    K: Clone + DeserializeOwned + Serialize + Debug,
{
    let field_manager = Some(manager.to_owned());
    if is_new {
        let new = serde_json::from_value(body).map_err(|_| unwritable(object))?;
        let params = PostParams {
            field_manager,
            ..PostParams::default()
        };
        cluster
            .requests
            .request("create", object, api.create(&params, &new))
            .await
    } else {
        let params = PatchParams {
            field_manager,
            ..PatchParams::default()
        };
        let patch = Patch::Merge(body);
        let call = api.patch(&object.name, &params, &patch);
        cluster.requests.request("update", object, call).await
    }
}

/// One that is gone already is as good as deleted; one made anew under the name is left alone.
pub async fn delete<K>(
    cluster: &KubeCluster,
    api: &Api<K>,
    object: &ObjectRef,
    uid: &str,
) -> Result<(), Problem>
where
    K: Clone + DeserializeOwned + Debug,
{
    let preconditions = Preconditions {
        uid: Some(uid.to_owned()),
        resource_version: None,
    };
    let params = DeleteParams {
        preconditions: Some(preconditions),
        ..DeleteParams::default()
    };
    cluster
        .requests
        .request("delete", object, async {
            match api.delete(&object.name, &params).await {
                Err(error) if errors::is_not_found(&error) => Ok(()),
                answer => answer.map(drop),
            }
        })
        .await
}

/// The whole Secret when it is to be created, a merge patch otherwise. An entry that is null goes.
fn body(write: &SecretWrite) -> Value {
    let mut meta = metadata(
        &write.key,
        write.base.as_ref(),
        &write.labels,
        &write.annotations,
        write.owners.as_deref(),
    );
    if let Some(finalizers) = &write.finalizers {
        meta.insert("finalizers".to_owned(), json!(finalizers));
    }
    let mut secret = Map::from_iter([
        ("apiVersion".to_owned(), json!("v1")),
        ("kind".to_owned(), json!("Secret")),
        ("metadata".to_owned(), Value::Object(meta)),
    ]);
    insert_entries(&mut secret, "data", &write.data, encode);
    secret.extend(
        write
            .secret_type
            .as_ref()
            .map(|kind| ("type".to_owned(), json!(kind))),
    );
    secret.extend(
        write
            .immutable
            .map(|immutable| ("immutable".to_owned(), json!(immutable))),
    );
    Value::Object(secret)
}

/// As [`body`], of any kind.
fn resource_body(write: &ResourceWrite) -> Value {
    let mut object = write.content.0.clone();
    object["apiVersion"] = json!(write.target.kind.api_version);
    object["kind"] = json!(write.target.kind.kind);
    let metadata = metadata(
        &write.target.key,
        write.base.as_ref(),
        &write.labels,
        &write.annotations,
        write.owners.as_deref(),
    );
    object["metadata"] = Value::Object(metadata);
    object
}

fn metadata(
    key: &ObjectKey,
    base: Option<&Base>,
    labels: &BTreeMap<String, Option<String>>,
    annotations: &BTreeMap<String, Option<String>>,
    owners: Option<&[Owner]>,
) -> Map<String, Value> {
    let mut meta = Map::new();
    meta.insert("name".to_owned(), json!(key.name));
    meta.insert("namespace".to_owned(), json!(key.namespace));
    if let Some(base) = base {
        meta.insert("uid".to_owned(), json!(base.uid));
        meta.insert("resourceVersion".to_owned(), json!(base.resource_version));
    }
    insert_entries(&mut meta, "labels", labels, |text| json!(text));
    insert_entries(&mut meta, "annotations", annotations, |text| json!(text));
    if let Some(owners) = owners {
        meta.insert("ownerReferences".to_owned(), owner_references(owners));
    }
    meta
}

fn insert_entries<T>(
    into: &mut Map<String, Value>,
    field: &str,
    entries: &BTreeMap<String, Option<T>>,
    show: impl Fn(&T) -> Value,
) {
    if !entries.is_empty() {
        let entries = entries
            .iter()
            .map(|(key, value)| (key.clone(), value.as_ref().map_or(Value::Null, &show)));
        into.insert(field.to_owned(), Value::Object(entries.collect()));
    }
}

fn encode(value: &SecretBytes) -> Value {
    Value::String(STANDARD.encode(value.expose()))
}

pub fn owner_references(owners: &[Owner]) -> Value {
    owners.iter().map(owner).collect()
}

fn owner(owner: &Owner) -> Value {
    let mut reference = json!({
        "apiVersion": owner.api_version,
        "kind": owner.kind,
        "name": owner.name,
        "uid": owner.uid,
    });
    for (field, set) in [
        ("controller", owner.controller),
        ("blockOwnerDeletion", owner.block_owner_deletion),
    ] {
        if set {
            reference[field] = json!(true);
        }
    }
    reference
}

pub fn unwritable(object: &ObjectRef) -> Problem {
    Problem::Rejected {
        object: object.clone(),
        reason: "it is no object that could be written".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patch_removes_by_null_and_names_the_version_it_is_based_on() {
        let base = Base {
            uid: "u".into(),
            resource_version: "7".into(),
        };
        let mut write = SecretWrite::to(&ObjectKey::new("ns", "app"), "m".into(), Some(base));
        write.data = [("gone".to_owned(), None), ("new".to_owned(), Some("v".into()))].into();
        write.labels = [("old".to_owned(), None)].into();
        let expected = json!({
            "apiVersion": "v1", "kind": "Secret",
            "metadata": {"name": "app", "namespace": "ns", "uid": "u", "resourceVersion": "7", "labels": {"old": null}},
            "data": {"gone": null, "new": "dg=="},
        });
        assert_eq!(body(&write), expected);
    }
}
