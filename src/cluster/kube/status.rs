//! Status and finalizers of our own objects: merge patches that name the object they mean by uid.

use std::fmt::Debug;

use kube::Resource;
use kube::api::{Api, Patch, PatchParams};
use lockstep_api::push_secret::PushSecretStatus;
use lockstep_api::{
    ClusterSecretStore, ExternalSecret, ExternalSecretStatus, PushSecret, SecretStore, SecretStoreStatus,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::super::Store;
use super::packed::Packed;
use super::{KubeCluster, errors, reduce};
use crate::engine::object::{ObjectRef, StoreKey};
use crate::engine::problem::Problem;

pub async fn of_external_secret(
    cluster: &KubeCluster,
    object: &ExternalSecret,
    status: &ExternalSecretStatus,
) -> Result<(), Problem> {
    let key = reduce::key(&object.metadata);
    let api: Api<ExternalSecret> = Api::namespaced(cluster.requests.client.clone(), &key.namespace);
    let uid = object.metadata.uid.as_deref().unwrap_or_default();
    let about = ObjectRef::namespaced("ExternalSecret", &key);
    let patch = status_patch(uid, object.status.as_ref(), status);
    if let Some(written) = patch_status(cluster, &api, &about, patch).await? {
        let version = reduce::version(&written.metadata);
        cluster
            .external_secrets
            .wrote(&key, version, Packed::of(reduce::external_secret(written)));
    }
    Ok(())
}

/// What it is then; `None` when it is gone.
pub async fn of_push_secret(
    cluster: &KubeCluster,
    object: &PushSecret,
    status: &PushSecretStatus,
) -> Result<Option<PushSecret>, Problem> {
    let key = reduce::key(&object.metadata);
    let api: Api<PushSecret> = Api::namespaced(cluster.requests.client.clone(), &key.namespace);
    let uid = object.metadata.uid.as_deref().unwrap_or_default();
    let about = ObjectRef::namespaced("PushSecret", &key);
    let patch = status_patch(uid, object.status.as_ref(), status);
    patch_status(cluster, &api, &about, patch).await
}

pub async fn of_store(
    cluster: &KubeCluster,
    store: &Store,
    status: &SecretStoreStatus,
) -> Result<(), Problem> {
    let patch = status_patch(&store.uid, Some(&store.status), status);
    let about = ObjectRef::from(&store.key);
    match &store.key {
        StoreKey::Namespaced(key) => {
            let api: Api<SecretStore> = Api::namespaced(cluster.requests.client.clone(), &key.namespace);
            patch_status(cluster, &api, &about, patch).await.map(drop)
        }
        StoreKey::Cluster(_) => {
            let api: Api<ClusterSecretStore> = Api::all(cluster.requests.client.clone());
            patch_status(cluster, &api, &about, patch).await.map(drop)
        }
    }
}

pub async fn remove_finalizer(
    cluster: &KubeCluster,
    object: &ExternalSecret,
    finalizer: &str,
) -> Result<(), Problem> {
    let key = reduce::key(&object.metadata);
    let api: Api<ExternalSecret> = Api::namespaced(cluster.requests.client.clone(), &key.namespace);
    let left: Vec<&String> = object
        .metadata
        .finalizers
        .iter()
        .flatten()
        .filter(|name| *name != finalizer)
        .collect();
    // The version keeps us from taking away a finalizer that somebody added meanwhile.
    let patch =
        json!({"metadata": {"resourceVersion": object.metadata.resource_version, "finalizers": left}});
    let about = ObjectRef::namespaced("ExternalSecret", &key);
    patch_metadata(cluster, &api, &about, patch).await
}

/// One that is gone needs no patch.
pub async fn patch_metadata<K>(
    cluster: &KubeCluster,
    api: &Api<K>,
    about: &ObjectRef,
    patch: Value,
) -> Result<(), Problem>
where
    K: Resource + DeserializeOwned + Clone + Debug,
{
    let call = async {
        api.patch_metadata(&about.name, &PatchParams::default(), &Patch::Merge(patch))
            .await
    };
    cluster
        .requests
        .request("update", about, not_found_is_none(call))
        .await
        .map(drop)
}

/// What is written is what the object is now; `None` when it is gone.
pub async fn patch_status<K>(
    cluster: &KubeCluster,
    api: &Api<K>,
    about: &ObjectRef,
    patch: Value,
) -> Result<Option<K>, Problem>
where
    K: Resource + DeserializeOwned + Clone + Debug,
{
    let call = async {
        api.patch_status(&about.name, &PatchParams::default(), &Patch::Merge(patch))
            .await
    };
    cluster
        .requests
        .request("write the status of", about, not_found_is_none(call))
        .await
}

pub async fn not_found_is_none<T>(
    call: impl Future<Output = Result<T, kube::Error>>,
) -> Result<Option<T>, kube::Error> {
    match call.await {
        Err(error) if errors::is_not_found(&error) => Ok(None),
        answer => answer.map(Some),
    }
}

/// A merge patch that leaves exactly `new`: what it no longer has must be told as null.
pub fn status_patch<S: Serialize>(uid: &str, old: Option<&S>, new: &S) -> Value {
    let mut status = serde_json::to_value(new).unwrap_or_default();
    let old = old
        .and_then(|old| serde_json::to_value(old).ok())
        .unwrap_or_default();
    tell_what_is_gone(&mut status, &old);
    json!({"metadata": {"uid": uid}, "status": status})
}

fn tell_what_is_gone(new: &mut Value, old: &Value) {
    if let (Some(new), Some(old)) = (new.as_object_mut(), old.as_object()) {
        for (field, old) in old {
            tell_what_is_gone(new.entry(field).or_insert(Value::Null), old);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_that_is_no_more_is_told_as_null() {
        let (old, new) = (json!({"a": 1, "b": 2}), json!({"a": 3}));
        assert_eq!(
            status_patch("u", Some(&old), &new)["status"],
            json!({"a": 3, "b": null})
        );
        let (old, new) = (json!({"m": {"a": {"x": 1}, "b": {}}}), json!({"m": {"a": {}}}));
        assert_eq!(
            status_patch("u", Some(&old), &new)["status"],
            json!({"m": {"a": {"x": null}, "b": null}})
        );
    }
}
