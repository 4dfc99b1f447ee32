//! PushSecrets, what they push, and the stores that they push to: looked at, and never written.

use std::sync::Arc;

use async_trait::async_trait;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use kube::api::{Api, ListParams};
use lockstep_api::push_secret::{Pick, PushSecret, PushSecretStatus, PushStoreRef};
use lockstep_api::{ClusterSecretStore, SecretStore, StoreKind};

use super::super::{pushes, reduce};
use super::{Glance, dress, refused};
use crate::cluster::{DocumentKind, Pass, PushSecrets, Store};
use crate::engine::ask::PushSource;
use crate::engine::object::{ObjectKey, ObjectRef, StoreKey};
use crate::engine::problem::Problem;
use crate::engine::push::{self, Source};

/// Stores that labels may select.
const MEANT: &str = "that may be meant";

impl Glance {
    /// The PushSecrets of a namespace, or of all.
    pub async fn list_pushes(&self, namespace: Option<&str>) -> Result<Vec<ObjectKey>, Problem> {
        let client = self.requests.client.clone();
        let api: Api<PushSecret> = match namespace {
            Some(namespace) => Api::namespaced(client, namespace),
            None => Api::all(client),
        };
        let name = namespace.map_or_else(|| "of all namespaces".to_owned(), |name| format!("of {name}"));
        let all = ObjectRef::cluster("PushSecrets", name);
        let params = ListParams::default();
        let listed = self.requests.request("list", &all, api.list(&params)).await?;
        let objects = listed.items.iter();
        Ok(objects.map(|object| reduce::key(&object.metadata)).collect())
    }

    /// Takes in all that a PushSecret hangs on.
    pub async fn look_at_push(&self, key: &ObjectKey) -> Result<(), Problem> {
        let api = Api::<PushSecret>::namespaced(self.requests.client.clone(), &key.namespace);
        let there = self.get("PushSecret", api, key).await?;
        let given = self.given.push_secrets.get(key);
        let given = given.map(|placed| applied(&placed.object, there.as_ref()));
        let Some(object) = given.or(there) else {
            return Ok(());
        };
        if let Ok(spec) = object.spec.as_ref() {
            for reference in &spec.secret_store_refs {
                self.look_at_meant(reference, &key.namespace).await?;
            }
        }
        self.seen().push_secrets.insert(key.clone(), Arc::new(object));
        Ok(())
    }

    async fn look_at_meant(&self, reference: &PushStoreRef, namespace: &str) -> Result<(), Problem> {
        match reference.pick() {
            Some(Pick::Name(_)) => match push::named(reference, namespace) {
                Ok(store) => self.look_at_store(&store, namespace).await,
                Err(_) => Ok(()),
            },
            Some(Pick::Labels(_)) => {
                for store in self.stores_of(reference.kind, namespace).await? {
                    self.look_at_store(&store, namespace).await?;
                }
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// Those in the cluster, and those in files.
    async fn stores_of(&self, kind: StoreKind, namespace: &str) -> Result<Vec<StoreKey>, Problem> {
        let (client, params) = (self.requests.client.clone(), ListParams::default());
        let mut keys: Vec<StoreKey> = match kind {
            StoreKind::SecretStore => {
                let api = Api::<SecretStore>::namespaced(client, namespace);
                let all = ObjectRef::cluster("SecretStores", MEANT);
                let listed = self
                    .requests
                    .request("list", &all, api.list_metadata(&params))
                    .await?;
                let keys = listed.items.iter().map(|object| reduce::key(&object.metadata));
                keys.map(StoreKey::Namespaced).collect()
            }
            StoreKind::ClusterSecretStore => {
                let api = Api::<ClusterSecretStore>::all(client);
                let all = ObjectRef::cluster("ClusterSecretStores", MEANT);
                let listed = self
                    .requests
                    .request("list", &all, api.list_metadata(&params))
                    .await?;
                let names = listed.items.into_iter().filter_map(|object| object.metadata.name);
                names.map(StoreKey::Cluster).collect()
            }
        };
        let is_meant = |key: &&StoreKey| match key {
            StoreKey::Namespaced(key) => kind == StoreKind::SecretStore && key.namespace == namespace,
            StoreKey::Cluster(_) => kind == StoreKind::ClusterSecretStore,
        };
        keys.extend(self.given.stores.keys().filter(is_meant).cloned());
        Ok(keys)
    }
}

#[async_trait]
impl PushSecrets for Glance {
    fn push_secret(&self, key: &ObjectKey) -> Option<Arc<PushSecret>> {
        self.seen().push_secrets.get(key).cloned()
    }

    fn push_secrets(&self, namespace: Option<&str>) -> Vec<Arc<PushSecret>> {
        let seen = self.seen();
        let meant = seen
            .push_secrets
            .iter()
            .filter(|(key, _)| namespace.is_none_or(|namespace| key.namespace == namespace));
        meant.map(|(_, object)| object.clone()).collect()
    }

    fn stores(&self, namespace: Option<&str>) -> Vec<Arc<Store>> {
        let seen = self.seen();
        let meant = seen.stores.values().filter(|it| it.key.namespace() == namespace);
        meant.cloned().collect()
    }

    fn leave(&self, _: &ObjectKey) -> Result<Pass, Problem> {
        Err(refused())
    }

    async fn source(&self, key: &ObjectKey) -> Result<Option<Source>, Problem> {
        let given = self.given.documents.get(&(DocumentKind::Secret, key.clone()));
        match given {
            Some(placed) => Ok(Some(Source {
                name: key.name.clone(),
                version: 0,
                values: placed.object.values.clone(),
                about: PushSource {
                    namespace: key.namespace.clone(),
                    labels: placed.object.labels.clone(),
                    ..PushSource::default()
                },
            })),
            None => pushes::read_source(&self.requests, key).await,
        }
    }

    async fn sources(&self, namespace: &str, labels: &LabelSelector) -> Result<Vec<Source>, Problem> {
        pushes::read_sources(&self.requests, namespace, labels).await
    }

    async fn write_status(&self, _: &PushSecret, _: &PushSecretStatus) -> Result<(), Problem> {
        Err(refused())
    }

    async fn hold(&self, _: &PushSecret, _: bool) -> Result<(), Problem> {
        Err(refused())
    }

    async fn hold_store(&self, _: &Store, _: bool) -> Result<(), Problem> {
        Err(refused())
    }
}

/// As after `kubectl apply`.
fn applied(given: &PushSecret, there: Option<&PushSecret>) -> PushSecret {
    let Some(there) = there else {
        return given.clone();
    };
    let mut object = there.clone();
    object.spec = given.spec.clone();
    dress(&mut object.metadata, &given.metadata);
    object
}
