//! The objects that a measurement works on.

use anyhow::Result;
use kube::api::{Api, ApiResource, DynamicObject, GroupVersionKind};
use lockstep_testkit::ControlPlane;
use serde_json::json;

use super::backend::Backend;

const VALUE_BYTES: usize = 200;

/// A namespace, a store in it, and as many ExternalSecrets as asked for.
pub struct Cluster {
    pub stores: Api<DynamicObject>,
    pub external_secrets: Api<DynamicObject>,
    pub secrets: Api<DynamicObject>,
    pub count: usize,
    pub backend: Backend,
    /// All objects read the same.
    pub one_key: bool,
    refresh: u64,
}

impl Cluster {
    /// In a namespace of its own; nothing is created yet.
    pub async fn new(
        plane: &ControlPlane,
        count: usize,
        refresh: u64,
        (backend, one_key): (Backend, bool),
    ) -> Result<Self> {
        let namespace = plane.namespace("bench").await?;
        let client = plane.client().await?;
        let api = |group: &str, version: &str, kind: &str| {
            let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
            Api::namespaced_with(client.clone(), &namespace, &resource)
        };
        Ok(Self {
            stores: api("external-secrets.io", "v1", "SecretStore"),
            external_secrets: api("external-secrets.io", "v1", "ExternalSecret"),
            secrets: api("", "v1", "Secret"),
            count,
            backend,
            one_key,
            refresh,
        })
    }

    pub fn store(&self) -> Result<DynamicObject> {
        let store = json!({
            "apiVersion": "external-secrets.io/v1", "kind": "SecretStore", "metadata": {"name": "bench"},
            "spec": self.backend.store(),
        });
        Ok(serde_json::from_value(store)?)
    }

    /// What the store logs in with.
    pub fn credential(&self) -> Result<Option<DynamicObject>> {
        Ok(self
            .backend
            .credential()
            .map(serde_json::from_value)
            .transpose()?)
    }

    pub fn name(number: usize) -> String {
        format!("bench-{number:05}")
    }

    pub fn external_secret(&self, number: usize) -> Result<DynamicObject> {
        let remote = self.backend.remote(if self.one_key { 0 } else { number });
        let object = json!({
            "apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret", "metadata": {"name": Self::name(number)},
            "spec": {
                "refreshInterval": format!("{}s", self.refresh),
                "secretStoreRef": {"kind": "SecretStore", "name": "bench"},
                "data": [{"secretKey": "value", "remoteRef": remote}],
            },
        });
        Ok(serde_json::from_value(object)?)
    }

    /// What the operator would write, for the floor.
    pub fn secret(number: usize) -> Result<DynamicObject> {
        let secret = json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": {"name": Self::name(number)},
            "stringData": {"value": "v".repeat(VALUE_BYTES)},
        });
        Ok(serde_json::from_value(secret)?)
    }
}
