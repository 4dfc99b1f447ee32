//! The watches: one a kind, each filling its mirror and telling what moved.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::core::v1::{Namespace, Secret};
use kube::api::{Api, PartialObjectMeta};
use kube::runtime::WatchStreamExt as _;
use kube::runtime::watcher::{self, Event, watcher};
use kube::{Client, Resource};
use lockstep_api::{ClusterSecretStore, ExternalSecret, SecretStore};
use serde::de::DeserializeOwned;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, warn};

use super::super::{Change, Move, Store};
use super::{KubeCluster, Scope, reduce};
use crate::engine::labels;
use crate::engine::object::StoreKey;

/// How long after a watch failed another one is tried at the latest.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// What a watch does with what it sees.
trait Sink<K>: Send + Sync + 'static {
    fn seen(&self, object: K, listing: u64);
    fn gone(&self, object: K);
    fn listed(&self, listing: u64);
}

type Changes = mpsc::UnboundedSender<Change>;

/// Starts all watches, and waits until each has seen everything that is there.
pub async fn start(
    cluster: &Arc<KubeCluster>,
    scope: &Scope,
    changes: &Changes,
    tasks: &TaskTracker,
    stop: &CancellationToken,
) {
    let mut starting = Starting {
        tasks,
        stop,
        listed: Vec::new(),
    };
    let client = &cluster.client;
    let sink = || Watched {
        cluster: cluster.clone(),
        changes: changes.clone(),
    };
    starting.watch::<ExternalSecret>(scoped(client, scope), config(), sink());
    starting.watch::<Secret>(
        scoped(client, scope),
        config().labels(&format!("{}=true", labels::MANAGED)),
        sink(),
    );
    if scope.namespaced_stores {
        starting.watch::<SecretStore>(scoped(client, scope), config(), sink());
    }
    if scope.cluster_stores {
        starting.watch::<ClusterSecretStore>(Api::all(client.clone()), config(), sink());
        starting.watch::<PartialObjectMeta<Namespace>>(Api::all(client.clone()), config(), sink());
    }
    for listed in starting.listed {
        tokio::select! {
            _ = listed => {}
            () = stop.cancelled() => return,
        }
    }
}

fn scoped<K>(client: &Client, scope: &Scope) -> Api<K>
where
    K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>,
{
    match &scope.namespace {
        Some(namespace) => Api::namespaced(client.clone(), namespace),
        None => Api::all(client.clone()),
    }
}

/// A streaming list decodes one object at a time, which keeps the memory of a listing small.
fn config() -> watcher::Config {
    watcher::Config::default().streaming_lists()
}

struct Starting<'a> {
    tasks: &'a TaskTracker,
    stop: &'a CancellationToken,
    listed: Vec<oneshot::Receiver<()>>,
}

impl Starting<'_> {
    fn watch<K>(&mut self, api: Api<K>, config: watcher::Config, sink: impl Sink<K>)
    where
        K: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Send + 'static,
    {
        let (done, listed) = oneshot::channel();
        self.listed.push(listed);
        let stop = self.stop.clone();
        self.tasks.spawn(async move {
            let mut watch = Watch {
                sink,
                listing: 0,
                done: Some(done),
                _kind: std::marker::PhantomData,
            };
            let follow = watch.follow(api, config);
            tokio::select! {
                () = follow => {}
                () = stop.cancelled() => {}
            }
        });
    }
}

struct Watch<K, S> {
    sink: S,
    listing: u64,
    done: Option<oneshot::Sender<()>>,
    _kind: std::marker::PhantomData<fn(K)>,
}

impl<K, S> Watch<K, S>
where
    K: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Send + 'static,
    S: Sink<K>,
{
    /// Follows the kind for ever. API servers that cannot stream a list are asked for it page by page.
    async fn follow(&mut self, api: Api<K>, config: watcher::Config) {
        if self.follow_with(&api, config.clone()).await == Ended::StreamingRefused {
            debug!(kind = %K::kind(&()), "the API server cannot stream lists; listing page by page");
            self.follow_with(
                &api,
                watcher::Config {
                    initial_list_strategy: watcher::InitialListStrategy::ListWatch,
                    ..config
                },
            )
            .await;
        }
    }

    async fn follow_with(&mut self, api: &Api<K>, config: watcher::Config) -> Ended {
        let backoff = watcher::DefaultBackoff::default();
        let mut events = Box::pin(watcher(api.clone(), config).backoff(backoff));
        let mut failures = 0_u32;
        while let Some(event) = events.next().await {
            match event {
                Ok(event) => {
                    failures = 0;
                    self.take(event);
                }
                Err(error) if self.listing <= 1 && self.done.is_some() && is_streaming_refused(&error) => {
                    return Ended::StreamingRefused;
                }
                Err(error) => {
                    failures = failures.saturating_add(1);
                    warn!(kind = %K::kind(&()), failures, pause_at_most = ?LONGEST_PAUSE, cause = describe(&error), "a watch failed and is tried again");
                }
            }
        }
        Ended::Closed
    }

    fn take(&mut self, event: Event<K>) {
        match event {
            Event::Init => self.listing += 1,
            Event::InitApply(object) | Event::Apply(object) => self.sink.seen(object, self.listing),
            Event::Delete(object) => self.sink.gone(object),
            Event::InitDone => {
                self.sink.listed(self.listing);
                if let Some(done) = self.done.take() {
                    // Nobody listens when we are already stopping.
                    let _ = done.send(());
                }
            }
        }
    }
}

#[derive(Debug, PartialEq)]
enum Ended {
    Closed,
    StreamingRefused,
}

fn is_streaming_refused(error: &watcher::Error) -> bool {
    match error {
        watcher::Error::WatchStartFailed(kube::Error::Api(status))
        | watcher::Error::InitialListFailed(kube::Error::Api(status)) => {
            matches!(status.code, 400 | 422)
        }
        _ => false,
    }
}

/// The cause without the server's own words.
fn describe(error: &watcher::Error) -> String {
    let of_call = |error: &kube::Error| match error {
        kube::Error::Api(status) => format!("{} {}", status.code, status.reason),
        _ => "the connection failed".to_owned(),
    };
    match error {
        watcher::Error::InitialListFailed(error) => format!("listing: {}", of_call(error)),
        watcher::Error::WatchStartFailed(error) => format!("starting to watch: {}", of_call(error)),
        watcher::Error::WatchError(status) => format!("watching: {} {}", status.code, status.reason),
        watcher::Error::WatchFailed(error) => format!("watching: {}", of_call(error)),
        watcher::Error::NoResourceVersion => "the answer has no version".to_owned(),
    }
}

/// The sink of every watch: the cluster's mirrors, and the channel that says what moved.
struct Watched {
    cluster: Arc<KubeCluster>,
    changes: Changes,
}

impl Watched {
    fn tell(&self, change: Change) {
        // Nobody listens when we are stopping.
        let _ = self.changes.send(change);
    }

    fn tell_all<T>(&self, gone: Vec<T>, change: impl Fn(T) -> Change) {
        for key in gone {
            self.tell(change(key));
        }
    }

    fn store_seen(&self, key: StoreKey, before: Option<Option<Arc<Store>>>, now: &Store) {
        if let Some(before) = before
            && let Some(moved) = store_move(before.as_deref(), now)
        {
            self.tell(Change::Store(key, moved));
        }
    }
}

impl Sink<ExternalSecret> for Watched {
    fn seen(&self, object: ExternalSecret, listing: u64) {
        let (key, version) = (reduce::key(&object.metadata), reduce::version(&object.metadata));
        let object = reduce::external_secret(object);
        let shape = shape(&object);
        if let Some(before) = self
            .cluster
            .external_secrets
            .seen(key.clone(), version, object, listing)
            && before.is_none_or(|before| self::shape(&before) != shape)
        {
            self.tell(Change::ExternalSecret(key, Move::Edited));
        }
    }

    fn gone(&self, object: ExternalSecret) {
        let key = reduce::key(&object.metadata);
        self.cluster.external_secrets.gone(&key);
        self.tell(Change::ExternalSecret(key, Move::Gone));
    }

    fn listed(&self, listing: u64) {
        self.tell_all(self.cluster.external_secrets.listed(listing), |key| {
            Change::ExternalSecret(key, Move::Gone)
        });
    }
}

/// Everything about an ExternalSecret but its status.
fn shape(object: &ExternalSecret) -> impl PartialEq + use<> {
    let meta = &object.metadata;
    (
        meta.uid.clone(),
        meta.generation,
        meta.labels.clone(),
        meta.annotations.clone(),
        meta.finalizers.clone(),
        meta.deletion_timestamp.is_some(),
    )
}

impl Sink<Secret> for Watched {
    fn seen(&self, object: Secret, listing: u64) {
        let (key, version) = (reduce::key(&object.metadata), reduce::version(&object.metadata));
        let target = reduce::target(object);
        if self
            .cluster
            .targets
            .seen(key.clone(), version, target, listing)
            .is_some()
        {
            self.tell(Change::Target(key));
        }
    }

    fn gone(&self, object: Secret) {
        let key = reduce::key(&object.metadata);
        self.cluster.targets.gone(&key);
        self.tell(Change::Target(key));
    }

    fn listed(&self, listing: u64) {
        self.tell_all(self.cluster.targets.listed(listing), Change::Target);
    }
}

impl Sink<SecretStore> for Watched {
    fn seen(&self, object: SecretStore, listing: u64) {
        let (key, version) = (reduce::key(&object.metadata), reduce::version(&object.metadata));
        let store = reduce::namespaced_store(object);
        let before = self.cluster.stores.seen(key, version, store.clone(), listing);
        self.store_seen(store.key.clone(), before, &store);
    }

    fn gone(&self, object: SecretStore) {
        let key = reduce::key(&object.metadata);
        self.cluster.stores.gone(&key);
        self.tell(Change::Store(StoreKey::Namespaced(key), Move::Gone));
    }

    fn listed(&self, listing: u64) {
        let gone = self.cluster.stores.listed(listing);
        self.tell_all(gone, |key| Change::Store(StoreKey::Namespaced(key), Move::Gone));
    }
}

impl Sink<ClusterSecretStore> for Watched {
    fn seen(&self, object: ClusterSecretStore, listing: u64) {
        let (key, version) = (
            reduce::key(&object.metadata).name,
            reduce::version(&object.metadata),
        );
        let store = reduce::cluster_store(object);
        let before = self
            .cluster
            .cluster_stores
            .seen(key, version, store.clone(), listing);
        self.store_seen(store.key.clone(), before, &store);
    }

    fn gone(&self, object: ClusterSecretStore) {
        let key = reduce::key(&object.metadata).name;
        self.cluster.cluster_stores.gone(&key);
        self.tell(Change::Store(StoreKey::Cluster(key), Move::Gone));
    }

    fn listed(&self, listing: u64) {
        let gone = self.cluster.cluster_stores.listed(listing);
        self.tell_all(gone, |key| Change::Store(StoreKey::Cluster(key), Move::Gone));
    }
}

impl Sink<PartialObjectMeta<Namespace>> for Watched {
    fn seen(&self, object: PartialObjectMeta<Namespace>, listing: u64) {
        let (key, version) = (
            object.metadata.name.clone().unwrap_or_default(),
            reduce::version(&object.metadata),
        );
        let labels = object.metadata.labels.unwrap_or_default();
        let now = labels.clone();
        if let Some(before) = self
            .cluster
            .namespaces
            .seen(key.clone(), version, labels, listing)
            && before.is_none_or(|before| *before != now)
        {
            self.tell(Change::Namespace(key));
        }
    }

    fn gone(&self, object: PartialObjectMeta<Namespace>) {
        let key = object.metadata.name.unwrap_or_default();
        self.cluster.namespaces.gone(&key);
        self.tell(Change::Namespace(key));
    }

    fn listed(&self, listing: u64) {
        self.tell_all(self.cluster.namespaces.listed(listing), Change::Namespace);
    }
}

fn store_move(before: Option<&Store>, now: &Store) -> Option<Move> {
    let Some(before) = before else {
        return Some(Move::Edited);
    };
    let shape = |store: &Store| {
        (
            store.uid.clone(),
            store.generation,
            store.annotations.clone(),
            store.terminating,
        )
    };
    if shape(before) != shape(now) {
        return Some(Move::Edited);
    }
    (before.readiness() != now.readiness()).then_some(Move::Turned)
}
