//! The objects that a measurement works on.

use anyhow::Result;
use kube::api::{Api, ApiResource, DynamicObject, GroupVersionKind};
use lockstep_testkit::{ControlPlane, Shelf};
use serde_json::json;

/// As many keys as this: some objects share one, as they do in life.
const KEYS: usize = 50;
const VALUE_BYTES: usize = 200;
const CREDENTIAL: &str = "approle";

/// A namespace, a store in it, and as many ExternalSecrets as asked for.
pub struct Cluster {
    pub stores: Api<DynamicObject>,
    pub external_secrets: Api<DynamicObject>,
    pub secrets: Api<DynamicObject>,
    pub count: usize,
    pub shelf: Option<Shelf>,
    refresh: u64,
}

impl Cluster {
    /// In a namespace of its own; nothing is created yet.
    pub async fn new(plane: &ControlPlane, count: usize, refresh: u64, shelf: Option<Shelf>) -> Result<Self> {
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
            shelf,
            refresh,
        })
    }

    /// A store that reads from the Vault, if there is one, or answers from memory.
    pub fn store(&self) -> Result<DynamicObject> {
        if let Some(shelf) = &self.shelf {
            let store = json!({
                "apiVersion": "external-secrets.io/v1", "kind": "SecretStore", "metadata": {"name": "bench"},
                "spec": shelf.store(CREDENTIAL),
            });
            return Ok(serde_json::from_value(store)?);
        }
        let value = "v".repeat(VALUE_BYTES);
        let data: Vec<_> = (0..KEYS)
            .map(|key| json!({"key": format!("key-{key}"), "value": value}))
            .collect();
        let store = json!({
            "apiVersion": "external-secrets.io/v1", "kind": "SecretStore", "metadata": {"name": "bench"},
            "spec": {"provider": {"fake": {"data": data}}},
        });
        Ok(serde_json::from_value(store)?)
    }

    /// What the store logs in with.
    pub fn credential(&self) -> Result<Option<DynamicObject>> {
        let secret = self.shelf.as_ref().map(|shelf| shelf.secret(CREDENTIAL));
        Ok(secret.map(serde_json::from_value).transpose()?)
    }

    pub fn name(number: usize) -> String {
        format!("bench-{number:05}")
    }

    pub fn external_secret(&self, number: usize) -> Result<DynamicObject> {
        let remote = match &self.shelf {
            Some(_) => json!({"key": format!("key-{number}"), "property": "value"}),
            None => json!({"key": format!("key-{}", number % KEYS)}),
        };
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
