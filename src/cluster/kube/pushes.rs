//! PushSecrets: watched, like what they push.

use std::fmt::Debug;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};
use kube::api::{Api, ListParams, PartialObjectMeta};
use kube::core::Selector;
use kube::{Client, Resource};
use lockstep_api::push_secret::{PushSecret, PushSecretStatus};
use lockstep_api::{ClusterSecretStore, SecretStore};
use serde::de::DeserializeOwned;
use serde_json::json;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::super::{Change, Move, Pass, PushSecrets, Store};
use super::packed::Packed;
use super::requests::Requests;
use super::watch::{self, Sink, Watch};
use super::{KubeCluster, Scope, reduce, status};
use crate::engine::labels;
use crate::engine::object::{ObjectKey, ObjectRef, StoreKey};
use crate::engine::problem::Problem;
use crate::engine::push::Source;

/// Secrets in one answer.
const PAGE: u32 = 500;

#[async_trait]
impl PushSecrets for KubeCluster {
    fn push_secret(&self, key: &ObjectKey) -> Option<Arc<PushSecret>> {
        Some(self.push_secrets.get(key)?.unpack())
    }

    fn push_secrets(&self, namespace: Option<&str>) -> Vec<Arc<PushSecret>> {
        let is_meant = |key: &ObjectKey| namespace.is_none_or(|namespace| key.namespace == namespace);
        let found = self.push_secrets.matching(is_meant).into_iter();
        found.map(|(_, packed)| packed.unpack()).collect()
    }

    fn leave(&self, key: &ObjectKey) -> Result<Pass, Problem> {
        self.requests.pass(&ObjectRef::namespaced("PushSecret", key))
    }

    fn stores(&self, namespace: Option<&str>) -> Vec<Arc<Store>> {
        let of_all = || self.cluster_stores.all().into_iter();
        let of = |namespace: &str| self.stores.matching(|key| key.namespace == namespace).into_iter();
        match namespace {
            Some(namespace) => of(namespace).map(|(_, store)| store).collect(),
            None => of_all().map(|(_, store)| store).collect(),
        }
    }

    async fn source(&self, key: &ObjectKey) -> Result<Option<Source>, Problem> {
        read_source(&self.requests, key).await
    }

    async fn sources(&self, namespace: &str, labels: &LabelSelector) -> Result<Vec<Source>, Problem> {
        read_sources(&self.requests, namespace, labels).await
    }

    async fn write_status(&self, object: &PushSecret, status: &PushSecretStatus) -> Result<(), Problem> {
        let key = reduce::key(&object.metadata);
        let stores = |status: Option<&PushSecretStatus>| -> Vec<String> {
            let stores = status
                .into_iter()
                .flat_map(|status| status.synced_push_secrets.keys());
            stores.cloned().collect()
        };
        let has_other_stores = stores(object.status.as_ref()) != stores(Some(status));
        if let Some(written) = status::of_push_secret(self, object, status).await? {
            let version = reduce::version(&written.metadata);
            let written = Packed::of(reduce::push_secret(written));
            self.push_secrets.wrote(&key, version, written);
        }
        if has_other_stores {
            // What we wrote is no news to the watch, but it is to whoever keeps stores for it.
            let _ = self.changes.send(Change::PushSecret(key, Move::Turned));
        }
        Ok(())
    }

    async fn hold(&self, object: &PushSecret, is_held: bool) -> Result<(), Problem> {
        let key = reduce::key(&object.metadata);
        let api: Api<PushSecret> = Api::namespaced(self.requests.client.clone(), &key.namespace);
        let about = ObjectRef::namespaced("PushSecret", &key);
        self.set_finalizer(&api, &about, &object.metadata, labels::PUSH_FINALIZER, is_held)
            .await
    }

    async fn hold_store(&self, store: &Store, is_held: bool) -> Result<(), Problem> {
        let client = self.requests.client.clone();
        match &store.key {
            StoreKey::Namespaced(key) => {
                let api: Api<SecretStore> = Api::namespaced(client, &key.namespace);
                self.hold_store_of(&api, store, is_held).await
            }
            StoreKey::Cluster(_) => {
                let api: Api<ClusterSecretStore> = Api::all(client);
                self.hold_store_of(&api, store, is_held).await
            }
        }
    }
}

pub async fn read_source(requests: &Requests, key: &ObjectKey) -> Result<Option<Source>, Problem> {
    let api: Api<Secret> = Api::namespaced(requests.client.clone(), &key.namespace);
    let about = ObjectRef::namespaced("Secret", key);
    let found = requests.request("get", &about, api.get_opt(&key.name)).await?;
    Ok(found.map(reduce::source))
}

pub async fn read_sources(
    requests: &Requests,
    namespace: &str,
    labels: &LabelSelector,
) -> Result<Vec<Source>, Problem> {
    let selector = Selector::try_from(labels.clone()).map_err(|_| Problem::InvalidSpec {
        field: "spec.selector.secret.selector".to_owned(),
        why: "has an operator that nobody knows".to_owned(),
    })?;
    let api: Api<Secret> = Api::namespaced(requests.client.clone(), namespace);
    let about = ObjectRef::secret(namespace, "by their labels");
    let mut params = ListParams::default().labels_from(&selector).limit(PAGE);
    let mut sources = Vec::new();
    loop {
        let page = requests.request("list", &about, api.list(&params)).await?;
        sources.extend(page.items.into_iter().map(reduce::source));
        match page.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => params = params.continue_token(&token),
            None => break,
        }
    }
    sources.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(sources)
}

impl KubeCluster {
    async fn hold_store_of<K>(&self, api: &Api<K>, store: &Store, is_held: bool) -> Result<(), Problem>
    where
        K: Resource + Clone + Debug + DeserializeOwned,
    {
        let about = ObjectRef::from(&store.key);
        let call = api.get_metadata_opt(&about.name);
        let Some(found) = self.requests.request("get", &about, call).await? else {
            return Ok(());
        };
        self.set_finalizer(api, &about, &found.metadata, labels::STORE_FINALIZER, is_held)
            .await
    }

    /// The version keeps us from taking away what somebody added meanwhile.
    async fn set_finalizer<K>(
        &self,
        api: &Api<K>,
        about: &ObjectRef,
        meta: &ObjectMeta,
        finalizer: &str,
        is_held: bool,
    ) -> Result<(), Problem>
    where
        K: Resource + Clone + Debug + DeserializeOwned,
    {
        let mut finalizers = meta.finalizers.clone().unwrap_or_default();
        finalizers.retain(|name| name != finalizer);
        if is_held {
            finalizers.push(finalizer.to_owned());
        }
        if meta.finalizers.iter().flatten().eq(&finalizers) {
            return Ok(());
        }
        let patch = json!({"metadata": {"resourceVersion": meta.resource_version, "finalizers": finalizers}});
        status::patch_metadata(self, api, about, patch).await
    }
}

/// The watch of what may be a source. It begins with the first PushSecret, and keeps nothing.
pub struct Sources {
    client: Client,
    namespace: Option<String>,
    changes: mpsc::UnboundedSender<Change>,
    tasks: TaskTracker,
    stop: CancellationToken,
    is_on: bool,
    /// Somebody pushes.
    are_wanted: AtomicBool,
    /// Everybody who does is known, so that what is seen from now on is seen by all whom it concerns.
    may_begin: AtomicBool,
    has_begun: AtomicBool,
}

impl Sources {
    pub fn new(
        client: Client,
        scope: &Scope,
        changes: mpsc::UnboundedSender<Change>,
        tasks: &TaskTracker,
        stop: &CancellationToken,
    ) -> Self {
        Self {
            client,
            namespace: scope.namespace.clone(),
            is_on: scope.push_secrets,
            changes,
            tasks: tasks.clone(),
            stop: stop.clone(),
            are_wanted: AtomicBool::new(false),
            may_begin: AtomicBool::new(false),
            has_begun: AtomicBool::new(false),
        }
    }

    pub fn are_wanted(&self) {
        self.are_wanted.store(true, Ordering::SeqCst);
        self.begin();
    }

    pub fn may_begin(&self) {
        self.may_begin.store(true, Ordering::SeqCst);
        self.begin();
    }

    fn begin(&self) {
        let is_time =
            self.is_on && self.are_wanted.load(Ordering::SeqCst) && self.may_begin.load(Ordering::SeqCst);
        if !is_time || self.has_begun.swap(true, Ordering::SeqCst) {
            return;
        }
        let api: Api<PartialObjectMeta<Secret>> = match &self.namespace {
            Some(namespace) => Api::namespaced(self.client.clone(), namespace),
            None => Api::all(self.client.clone()),
        };
        let (stop, changes) = (self.stop.clone(), self.changes.clone());
        self.tasks.spawn(async move {
            let mut watch = Watch::new("Secret (to push)".to_owned(), Seen { changes });
            tokio::select! {
                _ = watch.follow(api, watch::config()) => {}
                () = stop.cancelled() => {}
            }
        });
    }
}

struct Seen {
    changes: mpsc::UnboundedSender<Change>,
}

impl Sink<PartialObjectMeta<Secret>> for Seen {
    fn seen(&self, object: PartialObjectMeta<Secret>, _: u64) {
        let change = Change::Source {
            key: reduce::key(&object.metadata),
            sighting: reduce::sighting(&object.metadata),
            labels: object.metadata.labels.unwrap_or_default(),
        };
        // Nobody listens when we are stopping.
        let _ = self.changes.send(change);
    }

    /// A source that goes is met at the next refresh.
    fn gone(&self, _: PartialObjectMeta<Secret>) {}

    fn listed(&self, _: u64) {}
}
