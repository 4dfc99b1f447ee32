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
use lockstep_api::generator::GeneratorState;
use lockstep_api::{
    ClusterExternalSecret, ClusterPushSecret, ClusterSecretStore, ExternalSecret, PushSecret, SecretStore,
};
use serde::de::DeserializeOwned;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, warn};

use super::super::Change;
use super::sinks::Watched;
use super::{KubeCluster, Scope, errors};
use crate::engine::labels;
use crate::engine::spread::Sort;

/// How long after a watch failed another one is tried at the latest.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// Between a watch that expired and the listing that takes its place.
const PAUSE_BEFORE_LISTING: Duration = Duration::from_secs(1);

/// What a watch does with what it sees.
pub trait Sink<K>: Send + Sync + 'static {
    fn seen(&self, object: K, listing: u64);
    fn gone(&self, object: K);
    fn listed(&self, listing: u64);
    /// Whether the kind may go away, and is then to be looked up anew.
    fn may_lose_its_kind(&self) -> bool {
        false
    }
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
    let client = &cluster.requests.client;
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
    starting.watch::<SecretStore>(scoped(client, scope), config(), sink());
    if scope.generator_states {
        starting.watch::<GeneratorState>(scoped(client, scope), config(), sink());
    }
    if scope.push_secrets || scope.spreads.contains(&Sort::PushSecret) {
        starting.watch::<PushSecret>(scoped(client, scope), config(), sink());
    }
    if scope.cluster_stores {
        starting.watch::<ClusterSecretStore>(Api::all(client.clone()), config(), sink());
    }
    if scope.spreads.contains(&Sort::ExternalSecret) {
        starting.watch::<ClusterExternalSecret>(Api::all(client.clone()), config(), sink());
    }
    if scope.spreads.contains(&Sort::PushSecret) {
        starting.watch::<ClusterPushSecret>(Api::all(client.clone()), config(), sink());
    }
    if scope.cluster_stores || !scope.spreads.is_empty() {
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
pub fn config() -> watcher::Config {
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
            let mut watch = Watch::new(K::kind(&()).into_owned(), sink);
            watch.done = Some(done);
            let follow = watch.follow(api, config);
            tokio::select! {
                _ = follow => {}
                () = stop.cancelled() => {}
            }
        });
    }
}

pub struct Watch<S> {
    /// As the log names it.
    kind: String,
    pub sink: S,
    listing: u64,
    has_listed: bool,
    /// Told when everything that is there was seen.
    done: Option<oneshot::Sender<()>>,
}

impl<S> Watch<S> {
    pub fn new(kind: String, sink: S) -> Self {
        Self {
            kind,
            sink,
            listing: 0,
            has_listed: false,
            done: None,
        }
    }

    /// Follows the kind for as long as there is one. API servers that cannot stream a list are asked for it page by
    /// page, and where the history that a watch would go on from is no longer there, everything is listed anew.
    pub async fn follow<K>(&mut self, api: Api<K>, mut config: watcher::Config) -> Ended
    where
        K: Resource + Clone + Debug + DeserializeOwned + Send + 'static,
        S: Sink<K>,
    {
        loop {
            match self.follow_with(&api, config.clone()).await {
                ended @ (Ended::Closed | Ended::KindGone) => return ended,
                Ended::StreamingRefused => {
                    debug!(
                        kind = self.kind,
                        "the API server cannot stream lists; listing page by page"
                    );
                    config.initial_list_strategy = watcher::InitialListStrategy::ListWatch;
                }
                Ended::Expired => tokio::time::sleep(PAUSE_BEFORE_LISTING).await,
            }
        }
    }

    async fn follow_with<K>(&mut self, api: &Api<K>, config: watcher::Config) -> Ended
    where
        K: Resource + Clone + Debug + DeserializeOwned + Send + 'static,
        S: Sink<K>,
    {
        let backoff = watcher::DefaultBackoff::default();
        let mut events = Box::pin(watcher(api.clone(), config).backoff(backoff));
        let mut failures = 0_u32;
        while let Some(event) = events.next().await {
            match event {
                Ok(event) => {
                    failures = 0;
                    self.take(event);
                }
                Err(error) if self.listing <= 1 && !self.has_listed && is_streaming_refused(&error) => {
                    return Ended::StreamingRefused;
                }
                Err(error) if self.sink.may_lose_its_kind() && is_kind_gone(&error) => {
                    return Ended::KindGone;
                }
                Err(error) => {
                    failures = failures.saturating_add(1);
                    warn!(kind = self.kind, failures, pause_at_most = ?LONGEST_PAUSE, cause = describe(&error), "a watch failed and is tried again");
                    if is_expired(&error) {
                        return Ended::Expired;
                    }
                }
            }
        }
        Ended::Closed
    }

    fn take<K>(&mut self, event: Event<K>)
    where
        S: Sink<K>,
    {
        match event {
            Event::Init => self.listing += 1,
            Event::InitApply(object) | Event::Apply(object) => self.sink.seen(object, self.listing),
            Event::Delete(object) => self.sink.gone(object),
            Event::InitDone => {
                self.sink.listed(self.listing);
                self.has_listed = true;
                if let Some(done) = self.done.take() {
                    // Nobody listens when we are already stopping.
                    let _ = done.send(());
                }
            }
        }
    }
}

#[derive(Debug, PartialEq)]
pub enum Ended {
    Closed,
    StreamingRefused,
    Expired,
    /// The API server serves the kind no more.
    KindGone,
}

/// The watcher lists anew by itself when a watch is told so after it began, but not when it is refused for it.
fn is_expired(error: &watcher::Error) -> bool {
    matches!(error, watcher::Error::WatchStartFailed(kube::Error::Api(status)) if status.code == 410)
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

fn is_kind_gone(error: &watcher::Error) -> bool {
    match error {
        watcher::Error::WatchStartFailed(error) | watcher::Error::InitialListFailed(error) => {
            errors::is_not_found(error)
        }
        _ => false,
    }
}

/// The cause without the server's own words.
pub fn describe(error: &watcher::Error) -> String {
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
