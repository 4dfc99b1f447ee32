//! Objects that are kept in many namespaces: watched, and written whole, as ESO does.

use std::sync::Arc;

use async_trait::async_trait;
use k8s_openapi::api::core::v1::Namespace as KubeNamespace;
use kube::Resource;
use kube::api::{Api, DynamicObject, Patch, PatchParams, PostParams};
use kube::core::ApiResource;
use lockstep_api::cluster_external_secret::ClusterExternalSecretStatus;
use lockstep_api::cluster_push_secret::ClusterPushSecretStatus;
use lockstep_api::{ClusterExternalSecret, ClusterPushSecret, ExternalSecret, PushSecret};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::super::{Change, Move, Spreading};
use super::mirror::Mirror;
use super::packed::Packed;
use super::status::{not_found_is_none, patch_status, status_patch};
use super::{KubeCluster, reduce, writes};
use crate::engine::fingerprint;
use crate::engine::labels;
use crate::engine::object::{ObjectKey, ObjectRef};
use crate::engine::problem::Problem;
use crate::engine::spread::{Child, ChildWrite, Namespace, Parent, ParentKey, Sort, Status};

#[async_trait]
impl Spreading for KubeCluster {
    fn parent(&self, key: &ParentKey) -> Option<Arc<Parent>> {
        self.parents_of(key.sort).get(&key.name)
    }

    fn parents(&self) -> Vec<Arc<Parent>> {
        let both = [Sort::ExternalSecret, Sort::PushSecret].into_iter();
        let all = both.flat_map(|sort| self.parents_of(sort).all());
        all.map(|(_, parent)| parent).collect()
    }

    fn namespace(&self, name: &str) -> Option<Arc<Namespace>> {
        self.namespaces.get(name)
    }

    fn namespaces(&self) -> Vec<(String, Arc<Namespace>)> {
        self.namespaces.all()
    }

    fn child(&self, sort: Sort, key: &ObjectKey) -> Option<Child> {
        Some(match sort {
            Sort::ExternalSecret => self.external_secrets.get(key)?.unpack().as_ref().into(),
            Sort::PushSecret => self.push_secrets.get(key)?.unpack().as_ref().into(),
        })
    }

    fn children_of(&self, sort: Sort, parent_uid: &str) -> Vec<Child> {
        match sort {
            Sort::ExternalSecret => {
                let found = self.external_secrets.unpacked(parent_uid).into_iter();
                found.map(|(_, object)| object.as_ref().into()).collect()
            }
            Sort::PushSecret => {
                let found = self.push_secrets.unpacked(parent_uid).into_iter();
                found.map(|(_, object)| object.as_ref().into()).collect()
            }
        }
    }

    async fn read_child(&self, sort: Sort, key: &ObjectKey) -> Result<Option<Child>, Problem> {
        match sort {
            Sort::ExternalSecret => Ok(self
                .read_as::<ExternalSecret>(sort, key)
                .await?
                .as_ref()
                .map(Child::from)),
            Sort::PushSecret => Ok(self
                .read_as::<PushSecret>(sort, key)
                .await?
                .as_ref()
                .map(Child::from)),
        }
    }

    async fn write_child(&self, write: &ChildWrite) -> Result<Child, Problem> {
        let about = about(write.sort, &write.key);
        match write.sort {
            Sort::ExternalSecret => {
                let written: ExternalSecret = self.send_child(&about, write).await?;
                let (child, version) = (Child::from(&written), reduce::version(&written.metadata));
                let packed = Packed::of(reduce::external_secret(written));
                self.external_secrets.wrote(&write.key, version, packed);
                self.tell_of(write, Change::ExternalSecret(write.key.clone(), Move::Edited));
                Ok(child)
            }
            Sort::PushSecret => {
                let written: PushSecret = self.send_child(&about, write).await?;
                let (child, version) = (Child::from(&written), reduce::version(&written.metadata));
                let packed = Packed::of(reduce::push_secret(written));
                self.push_secrets.wrote(&write.key, version, packed);
                self.tell_of(write, Change::PushSecret(write.key.clone(), Move::Edited));
                Ok(child)
            }
        }
    }

    async fn delete_child(&self, sort: Sort, key: &ObjectKey, uid: &str) -> Result<(), Problem> {
        let api = self.children_in(sort, &key.namespace);
        writes::delete(self, &api, &about(sort, key), uid).await
    }

    async fn write_status(&self, parent: &Parent, status: &Status) -> Result<(), Problem> {
        let about = ObjectRef::from(&parent.key);
        let patch = status_patch(
            &parent.uid,
            Some(&shown(parent.key.sort, &parent.status)),
            &shown(parent.key.sort, status),
        );
        match parent.key.sort {
            Sort::ExternalSecret => {
                let api = Api::<ClusterExternalSecret>::all(self.requests.client.clone());
                self.told(parent, patch_status(self, &api, &about, patch).await?);
            }
            Sort::PushSecret => {
                let api = Api::<ClusterPushSecret>::all(self.requests.client.clone());
                self.told(parent, patch_status(self, &api, &about, patch).await?);
            }
        }
        Ok(())
    }

    async fn remove_finalizer(&self, parent: &Parent, finalizer: &str) -> Result<(), Problem> {
        let api: Api<DynamicObject> = Api::all_with(
            self.requests.client.clone(),
            &resource(parent.key.sort, parent.key.sort.parent_kind()),
        );
        let left = parent.finalizers.iter().filter(|name| *name != finalizer);
        let left: Vec<&String> = left.collect();
        // The version keeps us from taking away a finalizer that somebody added meanwhile.
        let patch = json!({"metadata": {"resourceVersion": parent.resource_version, "finalizers": left}});
        let call = async {
            api.patch_metadata(&parent.key.name, &PatchParams::default(), &Patch::Merge(patch))
                .await
        };
        let about = ObjectRef::from(&parent.key);
        self.requests
            .request("update", &about, not_found_is_none(call))
            .await
            .map(drop)
    }

    async fn release_namespace(&self, name: &str) -> Result<(), Problem> {
        let api = Api::<KubeNamespace>::all(self.requests.client.clone());
        let about = ObjectRef::cluster("Namespace", name);
        let call = async { api.get_metadata_opt(name).await };
        let Some(found) = self.requests.request("get", &about, call).await? else {
            return Ok(());
        };
        let all = found.metadata.finalizers.unwrap_or_default();
        let is_theirs = |name: &&String| name.starts_with(labels::NAMESPACE_FINALIZERS);
        let left: Vec<&String> = all.iter().filter(|name| !is_theirs(name)).collect();
        if left.len() == all.len() {
            return Ok(());
        }
        let patch =
            json!({"metadata": {"resourceVersion": found.metadata.resource_version, "finalizers": left}});
        let call = async {
            api.patch_metadata(name, &PatchParams::default(), &Patch::Merge(patch))
                .await
        };
        self.requests
            .request("update", &about, not_found_is_none(call))
            .await
            .map(drop)
    }
}

impl KubeCluster {
    pub fn parents_of(&self, sort: Sort) -> &Mirror<String, Parent> {
        match sort {
            Sort::ExternalSecret => &self.cluster_external_secrets,
            Sort::PushSecret => &self.cluster_push_secrets,
        }
    }

    fn children_in(&self, sort: Sort, namespace: &str) -> Api<DynamicObject> {
        let resource = resource(sort, sort.child_kind());
        Api::namespaced_with(self.requests.client.clone(), namespace, &resource)
    }

    async fn read_as<K>(&self, sort: Sort, key: &ObjectKey) -> Result<Option<K>, Problem>
    where
        K: Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>
            + Clone
            + std::fmt::Debug
            + DeserializeOwned,
    {
        let api = Api::<K>::namespaced(self.requests.client.clone(), &key.namespace);
        let call = api.get_opt(&key.name);
        self.requests.request("get", &about(sort, key), call).await
    }

    /// Creates a child, or replaces it.
    async fn send_child<K: Resource + DeserializeOwned>(
        &self,
        about: &ObjectRef,
        write: &ChildWrite,
    ) -> Result<K, Problem> {
        let api = self.children_in(write.sort, &write.key.namespace);
        let object: DynamicObject =
            serde_json::from_value(body(write)).map_err(|_| writes::unwritable(about))?;
        let params = PostParams {
            field_manager: Some(fingerprint::RESOURCE_MANAGER.to_owned()),
            ..PostParams::default()
        };
        let written = if write.base.is_none() {
            self.requests
                .request("create", about, api.create(&params, &object))
                .await?
        } else {
            let call = api.replace(&write.key.name, &params, &object);
            self.requests.request("update", about, call).await?
        };
        written.try_parse().map_err(|_| writes::unwritable(about))
    }

    /// What we changed is no news to the watch, but it is to whoever serves the child.
    fn tell_of(&self, write: &ChildWrite, change: Change) {
        if write.base.is_some() {
            // Nobody listens when we are stopping.
            let _ = self.changes.send(change);
        }
    }

    fn told<K: Into<Parent>>(&self, parent: &Parent, written: Option<K>) {
        if let Some(written) = written.map(Into::into) {
            let version = super::mirror::Version::parse(&written.resource_version);
            self.parents_of(parent.key.sort)
                .wrote(&parent.key.name, version, written);
        }
    }
}

fn resource(sort: Sort, kind: &str) -> ApiResource {
    let (group, version) = sort.api_version().split_once('/').unwrap_or_default();
    ApiResource::from_gvk(&kube::api::GroupVersionKind::gvk(group, version, kind))
}

fn about(sort: Sort, key: &ObjectKey) -> ObjectRef {
    ObjectRef::namespaced(sort.child_kind(), key)
}

/// A status in the words of its kind.
fn shown(sort: Sort, status: &Status) -> Value {
    let Status {
        child_name,
        provisioned,
        failed,
        conditions,
    } = status.clone();
    let shown = match sort {
        Sort::ExternalSecret => serde_json::to_value(ClusterExternalSecretStatus {
            external_secret_name: child_name,
            provisioned_namespaces: provisioned,
            failed_namespaces: failed,
            conditions,
        }),
        Sort::PushSecret => serde_json::to_value(ClusterPushSecretStatus {
            push_secret_name: child_name,
            provisioned_namespaces: provisioned,
            failed_namespaces: failed,
            conditions,
        }),
    };
    shown.unwrap_or_default()
}

fn body(write: &ChildWrite) -> Value {
    let mut metadata = json!({
        "name": write.key.name,
        "namespace": write.key.namespace,
        "labels": write.labels,
        "annotations": write.annotations,
        "finalizers": write.finalizers,
        "ownerReferences": writes::owner_references(&write.owners),
    });
    if let Some(base) = &write.base {
        metadata["uid"] = json!(base.uid);
        metadata["resourceVersion"] = json!(base.resource_version);
    }
    json!({
        "apiVersion": write.sort.api_version(),
        "kind": write.sort.child_kind(),
        "metadata": metadata,
        "spec": write.spec,
    })
}
