//! A cluster that is looked at once and never written to.
//!
//! What decisions take from memory is asked for up front, by name, so that it needs no right to list or watch (but for
//! targets of an earlier name, and only under `creationPolicy: Owner`). Manifests count as if they had been
//! applied. Every method that would write refuses, and nothing in here could.

mod cluster;
mod pushes;
mod resources;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use k8s_openapi::api::core::v1::{Namespace, Secret};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Client;
use kube::api::{Api, ApiResource, ListParams};
use lockstep_api::external_secret::CreationPolicy;
use lockstep_api::push_secret::PushSecret;
use lockstep_api::{
    ClusterSecretStore, Condition, ConditionStatus, ConditionType, ExternalSecret, ExternalSecretSpec,
    SecretStore, SecretStoreStatus,
};

use super::requests::Requests;
use super::{discovery, documents, reduce};
use crate::cluster::folder::Manifests;
use crate::cluster::{Resources as _, Store};
use crate::engine::object::{ObjectKey, ObjectRef, ResourceKey, ResourceKind, StoreKey};
use crate::engine::problem::Problem;
use crate::engine::render::{self, Targets};
use crate::engine::target::Target;
use crate::engine::{collect, fingerprint, labels};

pub struct Glance {
    requests: Requests,
    given: Manifests,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    external_secrets: HashMap<ObjectKey, Arc<ExternalSecret>>,
    push_secrets: HashMap<ObjectKey, Arc<PushSecret>>,
    stores: HashMap<StoreKey, Arc<Store>>,
    namespaces: HashMap<String, Arc<BTreeMap<String, String>>>,
    targets: HashMap<ObjectKey, Arc<Target>>,
    /// What the API server says of kinds that targets are of.
    kinds: HashMap<ResourceKind, Result<ApiResource, Problem>>,
    resources: HashMap<ResourceKey, Arc<Target>>,
}

impl Glance {
    pub fn new(client: Client, given: Manifests) -> Self {
        Self {
            requests: Requests::new(client),
            given,
            seen: Mutex::default(),
        }
    }

    /// All namespaces that stay, with their labels.
    pub async fn namespaces(client: Client) -> Result<BTreeMap<String, BTreeMap<String, String>>, Problem> {
        let api = Api::<Namespace>::all(client.clone());
        let about = ObjectRef::cluster("Namespaces", "of the cluster");
        let params = ListParams::default();
        let listed = Requests::new(client)
            .request("list", &about, api.list_metadata(&params))
            .await?;
        let staying = listed
            .items
            .into_iter()
            .map(|object| object.metadata)
            .filter(|meta| meta.deletion_timestamp.is_none());
        let named = staying.map(|meta| (meta.name.unwrap_or_default(), meta.labels.unwrap_or_default()));
        Ok(named.collect())
    }

    /// The ExternalSecrets of a namespace, or of all.
    pub async fn list(&self, namespace: Option<&str>) -> Result<Vec<ObjectKey>, Problem> {
        let client = self.requests.client.clone();
        let api: Api<ExternalSecret> = match namespace {
            Some(namespace) => Api::namespaced(client, namespace),
            None => Api::all(client),
        };
        let which = namespace.map_or_else(|| "of all namespaces".to_owned(), |name| format!("of {name}"));
        let all = ObjectRef::cluster("ExternalSecrets", which);
        let params = ListParams::default();
        let listed = self.requests.request("list", &all, api.list(&params)).await?;
        Ok(listed
            .items
            .iter()
            .map(|object| reduce::key(&object.metadata))
            .collect())
    }

    /// Takes in all that an ExternalSecret hangs on.
    pub async fn look(&self, key: &ObjectKey) -> Result<(), Problem> {
        let api = Api::<ExternalSecret>::namespaced(self.requests.client.clone(), &key.namespace);
        let there = self.get("ExternalSecret", api, key).await?;
        let given = self
            .given
            .external_secrets
            .get(key)
            .map(|placed| placed.object.as_ref());
        let Some(object) = given.map(|given| applied(given, there.as_ref())).or(there) else {
            return Ok(());
        };
        if let Ok(spec) = object.spec.as_ref() {
            let wants = collect::wants(spec, &key.namespace);
            for store in collect::stores(spec, &wants, &key.namespace) {
                self.look_at_store(&store, &key.namespace).await?;
            }
            match key.resource_of(spec) {
                None => self.look_at_target(&key.target_of(spec)).await?,
                Some(target) => self.look_at_resources(&target, key, spec).await?,
            }
            if spec.target.creation_policy() == CreationPolicy::Owner {
                self.look_at_siblings(key).await?;
            }
        }
        self.seen().external_secrets.insert(key.clone(), Arc::new(object));
        Ok(())
    }

    async fn look_at_store(&self, key: &StoreKey, namespace: &str) -> Result<(), Problem> {
        if self.seen().stores.contains_key(key) {
            return Ok(());
        }
        let store = match (self.given.stores.get(key), key) {
            (Some(placed), _) => Some(checked(&placed.object)),
            (None, StoreKey::Namespaced(name)) => {
                let api = Api::<SecretStore>::namespaced(self.requests.client.clone(), &name.namespace);
                self.get("SecretStore", api, name)
                    .await?
                    .map(reduce::namespaced_store)
            }
            (None, StoreKey::Cluster(name)) => {
                let api = Api::<ClusterSecretStore>::all(self.requests.client.clone());
                let name = ObjectKey::new("", name);
                self.get("ClusterSecretStore", api, &name)
                    .await?
                    .map(reduce::cluster_store)
            }
        };
        let Some(store) = store else { return Ok(()) };
        let has_conditions = store.spec.as_ref().is_ok_and(|spec| !spec.conditions.is_empty());
        if has_conditions {
            self.look_at_namespace(namespace).await?;
        }
        self.seen().stores.insert(key.clone(), Arc::new(store));
        Ok(())
    }

    async fn look_at_namespace(&self, name: &str) -> Result<(), Problem> {
        let api = Api::<Namespace>::all(self.requests.client.clone());
        if let Some(namespace) = self.get("Namespace", api, &ObjectKey::new("", name)).await? {
            let labels = namespace.metadata.labels.unwrap_or_default();
            self.seen().namespaces.insert(name.to_owned(), Arc::new(labels));
        }
        Ok(())
    }

    async fn look_at_target(&self, key: &ObjectKey) -> Result<(), Problem> {
        if let Some((target, _)) = documents::read_target(&self.requests, key).await? {
            self.seen().targets.insert(key.clone(), Arc::new(target));
        }
        Ok(())
    }

    /// A target that is no Secret, and others of its kind that the ExternalSecret made. What cannot be one is told when
    /// it is asked for.
    async fn look_at_resources(
        &self,
        target: &ResourceKey,
        owner: &ObjectKey,
        spec: &ExternalSecretSpec,
    ) -> Result<(), Problem> {
        if render::check_target(spec, Targets::Anything).is_err() {
            return Ok(());
        }
        let Ok(resource) = self.discovered(&target.kind).await else {
            return Ok(());
        };
        if let Some((found, _)) = self.read(target).await? {
            self.seen().resources.insert(target.clone(), Arc::new(found));
        }
        if spec.target.creation_policy() != CreationPolicy::Owner {
            return Ok(());
        }
        let api = discovery::api(&self.requests, &owner.namespace, &resource);
        let all = discovery::all_of(&target.kind);
        let params = made_by(owner);
        let listed = self.requests.request("list", &all, api.list(&params)).await?;
        let mut seen = self.seen();
        for object in listed.items {
            let (kind, key) = (target.kind.clone(), reduce::key(&object.metadata));
            let (found, _) = reduce::resource(object);
            seen.resources.insert(ResourceKey { kind, key }, Arc::new(found));
        }
        Ok(())
    }

    /// Asked once for each kind.
    async fn discovered(&self, kind: &ResourceKind) -> Result<ApiResource, Problem> {
        if let Some(known) = self.seen().kinds.get(kind) {
            return known.clone();
        }
        let found = discovery::find(&self.requests, kind).await;
        self.seen().kinds.insert(kind.clone(), found.clone());
        found
    }

    /// Secrets that the ExternalSecret made, perhaps under earlier names.
    async fn look_at_siblings(&self, key: &ObjectKey) -> Result<(), Problem> {
        let api = Api::<Secret>::namespaced(self.requests.client.clone(), &key.namespace);
        let all = ObjectRef::secret(&key.namespace, "that it made");
        let params = made_by(key);
        let listed = self.requests.request("list", &all, api.list(&params)).await?;
        let mut seen = self.seen();
        for secret in listed.items {
            let key = reduce::key(&secret.metadata);
            seen.targets.insert(key, Arc::new(reduce::target(secret)));
        }
        Ok(())
    }

    async fn get<K>(&self, kind: &'static str, api: Api<K>, key: &ObjectKey) -> Result<Option<K>, Problem>
    where
        K: Clone + serde::de::DeserializeOwned + std::fmt::Debug,
    {
        let object = if key.namespace.is_empty() {
            ObjectRef::cluster(kind, &key.name)
        } else {
            ObjectRef::namespaced(kind, key)
        };
        self.requests
            .request("get", &object, api.get_opt(&key.name))
            .await
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Targets that an ExternalSecret made, under whichever name.
fn made_by(owner: &ObjectKey) -> ListParams {
    let (label, owner) = (labels::CREATED_BY, fingerprint::owner_label(owner));
    ListParams::default().labels(&format!("{label}={owner},{}=true", labels::MANAGED))
}

fn is_made_by(target: &Target, owner: &str) -> bool {
    target
        .labels
        .get(labels::CREATED_BY)
        .is_some_and(|by| by == owner)
}

fn refused() -> Problem {
    Problem::NotSupported {
        what: "writing to a cluster that is only looked at".to_owned(),
    }
}

/// The object as it would be after `kubectl apply`: labels and annotations of others stay.
fn applied(given: &ExternalSecret, there: Option<&ExternalSecret>) -> ExternalSecret {
    let Some(there) = there else {
        return given.clone();
    };
    let mut object = there.clone();
    let generation = there.metadata.generation.unwrap_or_default();
    if object.spec != given.spec {
        object.metadata.generation = Some(generation + 1);
    }
    object.spec = given.spec.clone();
    dress(&mut object.metadata, &given.metadata);
    object
}

fn dress(meta: &mut ObjectMeta, given: &ObjectMeta) {
    for (texts, more) in [
        (&mut meta.labels, &given.labels),
        (&mut meta.annotations, &given.annotations),
    ] {
        if let Some(more) = more {
            texts.get_or_insert_default().extend(more.clone());
        }
    }
}

/// A store that is only a manifest was checked by nobody. That it is used says that it is meant to work.
fn checked(store: &Store) -> Store {
    let ready = Condition {
        kind: ConditionType::Ready,
        status: ConditionStatus::True,
        reason: None,
        message: None,
        last_transition_time: None,
        observed_generation: None,
    };
    let status = SecretStoreStatus {
        conditions: vec![ready],
        capabilities: None,
    };
    Store {
        status,
        ..store.clone()
    }
}

impl std::fmt::Debug for Glance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Glance").finish_non_exhaustive()
    }
}
