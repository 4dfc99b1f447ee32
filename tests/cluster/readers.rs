//! A control plane with a pool of connections on it, for tests of one provider: no operator runs.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use kube::Client;
use kube::api::{Api, DynamicObject, Patch, PatchParams};
use kube::core::{ApiResource, GroupVersionKind};
use lockstep::cluster::Store;
use lockstep::cluster::kube::{KubeCluster, Scope};
use lockstep::engine::ask::{Aspect, Location};
use lockstep::engine::object::{ObjectKey, StoreKey};
use lockstep::engine::problem::Problem;
use lockstep::provider::pool::Pool;
use lockstep::provider::reader::Reader;
use lockstep::provider::{Calls, Rules};
use lockstep_api::{Parsed, SecretStoreStatus};
use lockstep_testkit::ControlPlane;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The pool, and a namespace for its stores.
pub struct Readers {
    pub plane: Arc<ControlPlane>,
    pub client: Client,
    pub pool: Pool,
    pub own: String,
    /// Ends the watches.
    _stop: tokio_util::sync::DropGuard,
}

impl Readers {
    pub async fn set_up() -> Result<Self> {
        let plane = ControlPlane::shared().await?;
        let (client, own) = (plane.client().await?, plane.namespace("store").await?);
        let stop = CancellationToken::new();
        let scope = Scope {
            namespace: Some(own.clone()),
            cluster_stores: false,
            ..Scope::default()
        };
        let (cluster, _) = KubeCluster::start(
            client.clone(),
            &scope,
            Arc::new(|| {}),
            &TaskTracker::new(),
            &stop,
        )
        .await;
        Ok(Self {
            plane,
            client,
            pool: Pool::new(cluster, Calls::default(), Rules::default()),
            own,
            _stop: stop.drop_guard(),
        })
    }

    pub async fn make(
        &self,
        version: &str,
        kind: &str,
        namespace: &str,
        name: &str,
        body: Value,
    ) -> Result<()> {
        let resource = resource(version, kind);
        let object = DynamicObject::new(name, &resource).within(namespace);
        let api = Api::namespaced_with(self.client.clone(), namespace, &resource);
        apply(&api, object, body).await
    }

    /// The same for an object that is in no namespace.
    pub async fn make_everywhere(&self, version: &str, kind: &str, name: &str, body: Value) -> Result<()> {
        let resource = resource(version, kind);
        let api = Api::all_with(self.client.clone(), &resource);
        apply(&api, DynamicObject::new(name, &resource), body).await
    }

    /// A ServiceAccount of the own namespace.
    pub async fn account(&self, name: &str) -> Result<()> {
        self.make("v1", "ServiceAccount", &self.own, name, json!({}))
            .await
    }

    /// A Secret of the own namespace.
    pub async fn secret(&self, name: &str, data: &[(&str, &str)]) -> Result<()> {
        let data: BTreeMap<_, _> = data.iter().copied().collect();
        self.make("v1", "Secret", &self.own, name, json!({"stringData": data}))
            .await
    }

    /// A store of the own namespace.
    pub fn store(&self, spec: Value) -> Arc<Store> {
        self.store_named("store", spec)
    }

    /// The same, for one that is to have nothing in common with others.
    pub fn store_named(&self, name: &str, spec: Value) -> Arc<Store> {
        Arc::new(Store {
            key: StoreKey::Namespaced(ObjectKey::new(&self.own, name)),
            uid: "uid".to_owned(),
            generation: 1,
            labels: BTreeMap::new(),
            annotations: BTreeMap::new(),
            terminating: false,
            is_held: false,
            spec: Parsed::from_json(spec),
            status: SecretStoreStatus::default(),
        })
    }

    pub async fn connect(&self, store: &Arc<Store>) -> Result<Arc<Reader>, Problem> {
        self.pool.connection(store, &self.own).await
    }
}

fn resource(version: &str, kind: &str) -> ApiResource {
    let (group, version) = version.split_once('/').unwrap_or(("", version));
    ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind))
}

async fn apply(api: &Api<DynamicObject>, mut object: DynamicObject, body: Value) -> Result<()> {
    object.data = body;
    let name = object.metadata.name.clone().unwrap_or_default();
    let applied = api
        .patch(&name, &PatchParams::apply("test").force(), &Patch::Apply(&object))
        .await;
    applied.with_context(|| format!("make {name}")).map(drop)
}

/// The newest version of a secret.
pub fn at(key: &str) -> Location {
    Location {
        key: key.to_owned(),
        version: None,
        aspect: Aspect::Value,
        property: None,
    }
}
