//! Carries a [`SecretWrite`] out: one request, under the field manager of its ExternalSecret.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use k8s_openapi::api::core::v1::Secret;
use kube::api::{Api, DeleteParams, Patch, PatchParams, PostParams, Preconditions};
use serde_json::{Map, Value, json};

use super::{KubeCluster, errors, reduce};
use crate::engine::object::{ObjectKey, ObjectRef};
use crate::engine::plan::SecretWrite;
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::engine::target::{Owner, Target};

pub async fn write(cluster: &KubeCluster, write: &SecretWrite) -> Result<Target, Problem> {
    let api: Api<Secret> = Api::namespaced(cluster.requests.client.clone(), &write.key.namespace);
    let object = ObjectRef::namespaced("Secret", &write.key);
    let body = body(write);
    let written = if write.base.is_none() {
        let secret = serde_json::from_value(body).map_err(|_| unwritable(&object))?;
        let params = PostParams {
            field_manager: Some(write.manager.clone()),
            ..PostParams::default()
        };
        cluster
            .requests
            .request("create", &object, api.create(&params, &secret))
            .await?
    } else {
        let params = PatchParams {
            field_manager: Some(write.manager.clone()),
            ..PatchParams::default()
        };
        cluster
            .requests
            .request(
                "update",
                &object,
                api.patch(&write.key.name, &params, &Patch::Merge(body)),
            )
            .await?
    };
    let version = reduce::version(&written.metadata);
    let target = reduce::target(written);
    cluster.targets.wrote(&write.key, version, target.clone());
    Ok(target)
}

/// One that is gone already is as good as deleted; one made anew under the name is left alone.
pub async fn delete(cluster: &KubeCluster, key: &ObjectKey, uid: &str) -> Result<(), Problem> {
    let api: Api<Secret> = Api::namespaced(cluster.requests.client.clone(), &key.namespace);
    let object = ObjectRef::namespaced("Secret", key);
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
        .request("delete", &object, async {
            match api.delete(&key.name, &params).await {
                Err(error) if errors::is_not_found(&error) => Ok(()),
                answer => answer.map(drop),
            }
        })
        .await
}

/// The whole Secret when it is to be created, a merge patch otherwise. An entry that is null goes.
fn body(write: &SecretWrite) -> Value {
    let mut meta = Map::new();
    meta.insert("name".to_owned(), json!(write.key.name));
    meta.insert("namespace".to_owned(), json!(write.key.namespace));
    if let Some(base) = &write.base {
        meta.insert("uid".to_owned(), json!(base.uid));
        meta.insert("resourceVersion".to_owned(), json!(base.resource_version));
    }
    insert_entries(&mut meta, "labels", &write.labels, |text| json!(text));
    insert_entries(&mut meta, "annotations", &write.annotations, |text| json!(text));
    if let Some(owners) = &write.owners {
        meta.insert("ownerReferences".to_owned(), owners.iter().map(owner).collect());
    }
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

fn unwritable(object: &ObjectRef) -> Problem {
    Problem::Rejected {
        object: object.clone(),
        reason: "it is no Secret that could be written".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::plan::Base;

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
