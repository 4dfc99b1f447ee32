//! Targets that are no Secrets: kinds that are only known by name, found by discovery and watched from their first use
//! on, as far as their objects carry the managed label.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use kube::api::{Api, ApiResource, DynamicObject, ListParams};
use kube::runtime::watcher;
use tokio::sync::{mpsc, watch as flag};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::super::{Change, Resources};
use super::mirror::Mirror;
use super::packed::Packed;
use super::requests::DEADLINE;
use super::watch::{self, Ended, Sink, Watch};
use super::{KubeCluster, discovery, reduce, writes};
use crate::engine::labels;
use crate::engine::object::{ObjectKey, ResourceKey, ResourceKind};
use crate::engine::plan::ResourceWrite;
use crate::engine::problem::Problem;
use crate::engine::render::Object;
use crate::engine::target::Target;

/// The kinds that are watched.
pub struct Kinds {
    namespace: Option<String>,
    changes: mpsc::UnboundedSender<Change>,
    tasks: TaskTracker,
    stop: CancellationToken,
    known: Mutex<HashMap<ResourceKind, Arc<Known>>>,
}

/// A kind that is watched.
struct Known {
    resource: ApiResource,
    targets: Mirror<ObjectKey, Packed<Target>>,
    listed: flag::Sender<bool>,
}

impl Kinds {
    pub fn new(
        namespace: Option<String>,
        changes: mpsc::UnboundedSender<Change>,
        tasks: &TaskTracker,
        stop: &CancellationToken,
    ) -> Self {
        Self {
            namespace,
            changes,
            tasks: tasks.clone(),
            stop: stop.clone(),
            known: Mutex::default(),
        }
    }

    fn get(&self, kind: &ResourceKind) -> Option<Arc<Known>> {
        self.known().get(kind).cloned()
    }

    fn known(&self) -> MutexGuard<'_, HashMap<ResourceKind, Arc<Known>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Resources for KubeCluster {
    async fn watch(&self, kind: &ResourceKind) -> Result<(), Problem> {
        let known = match self.kinds.get(kind) {
            Some(known) => known,
            None => self.take_up(kind).await?,
        };
        let mut listed = known.listed.subscribe();
        let listing = tokio::time::timeout(DEADLINE, listed.wait_for(|listed| *listed)).await;
        match listing {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Problem::ApiUnavailable {
                object: discovery::all_of(kind),
                why: "listing takes too long".to_owned(),
            }),
        }
    }

    fn target(&self, key: &ResourceKey) -> Option<Arc<Target>> {
        Some(self.kinds.get(&key.kind)?.targets.get(&key.key)?.unpack())
    }

    fn targets_created_by(
        &self,
        kind: &ResourceKind,
        namespace: &str,
        owner: &str,
    ) -> Vec<(ObjectKey, Arc<Target>)> {
        let known = self.kinds.get(kind);
        known
            .map(|known| known.targets.created_by(namespace, owner))
            .unwrap_or_default()
    }

    async fn read(&self, key: &ResourceKey) -> Result<Option<(Target, Object)>, Problem> {
        let api = self.api_of(key)?;
        let call = api.get_opt(&key.key.name);
        let found = self.requests.request("get", &key.into(), call).await?;
        Ok(found.map(reduce::resource))
    }

    async fn write(&self, write: &ResourceWrite) -> Result<Target, Problem> {
        let api = self.api_of(&write.target)?;
        let written = writes::write_resource(self, &api, write).await?;
        let version = reduce::version(&written.metadata);
        let (target, _) = reduce::resource(written);
        if let Some(known) = self.kinds.get(&write.target.kind) {
            let packed = Packed::of(target.clone());
            known.targets.wrote(&write.target.key, version, packed);
        }
        Ok(target)
    }

    async fn delete(&self, key: &ResourceKey, uid: &str) -> Result<(), Problem> {
        let api = self.api_of(key)?;
        writes::delete(self, &api, &key.into(), uid).await
    }
}

impl KubeCluster {
    fn api_of(&self, key: &ResourceKey) -> Result<Api<DynamicObject>, Problem> {
        let known = self.kinds.get(&key.kind);
        let known = known.ok_or_else(|| Problem::KindMissing {
            kind: key.kind.clone(),
        })?;
        Ok(discovery::api(
            &self.requests,
            &key.key.namespace,
            &known.resource,
        ))
    }

    /// Looks the kind up, and begins to watch it.
    async fn take_up(&self, kind: &ResourceKind) -> Result<Arc<Known>, Problem> {
        let resource = discovery::find(&self.requests, kind).await?;
        let api: Api<DynamicObject> = match &self.kinds.namespace {
            Some(namespace) => Api::namespaced_with(self.requests.client.clone(), namespace, &resource),
            None => Api::all_with(self.requests.client.clone(), &resource),
        };
        // A watch that is refused is only logged; this says so to whoever asked.
        let managed = format!("{}=true", labels::MANAGED);
        let probe = ListParams::default().labels(&managed).limit(1);
        self.requests
            .request("list", &discovery::all_of(kind), api.list_metadata(&probe))
            .await?;
        let known = Arc::new(Known {
            resource,
            targets: Mirror::tagged(Packed::tag),
            listed: flag::Sender::new(false),
        });
        // Two may have looked it up at the same time: the first one counts.
        let mut all = self.kinds.known();
        let entry = all.entry(kind.clone()).or_insert_with(|| known.clone()).clone();
        if Arc::ptr_eq(&entry, &known) {
            self.follow_kind(kind.clone(), known, api, watch::config().labels(&managed));
        }
        Ok(entry)
    }

    fn follow_kind(
        &self,
        kind: ResourceKind,
        known: Arc<Known>,
        api: Api<DynamicObject>,
        config: watcher::Config,
    ) {
        let (cluster, stop) = (self.own.clone(), self.kinds.stop.clone());
        let sink = Watched {
            kind: kind.clone(),
            known,
            changes: self.kinds.changes.clone(),
        };
        let follow = async move {
            let mut watch = Watch::new(kind.to_string(), sink);
            if watch.follow(api, config).await == Ended::KindGone
                && let Some(cluster) = cluster.upgrade()
            {
                cluster.kinds.known().remove(&kind);
                watch.sink.listed(u64::MAX);
            }
        };
        self.kinds.tasks.spawn(async move {
            tokio::select! {
                () = follow => {}
                () = stop.cancelled() => {}
            }
        });
    }
}

/// The sink of the watch of one kind.
struct Watched {
    kind: ResourceKind,
    known: Arc<Known>,
    changes: mpsc::UnboundedSender<Change>,
}

impl Watched {
    fn tell(&self, key: ObjectKey) {
        let kind = self.kind.clone();
        // Nobody listens when we are stopping.
        let _ = self.changes.send(Change::Resource(ResourceKey { kind, key }));
    }
}

impl Sink<DynamicObject> for Watched {
    fn seen(&self, object: DynamicObject, listing: u64) {
        let (key, version) = (reduce::key(&object.metadata), reduce::version(&object.metadata));
        let (target, _) = reduce::resource(object);
        let packed = Packed::of(target);
        let news = self.known.targets.seen(key.clone(), version, packed, listing);
        if news.differs(|_| true) {
            self.tell(key);
        }
    }

    fn gone(&self, object: DynamicObject) {
        let key = reduce::key(&object.metadata);
        self.known.targets.gone(&key);
        self.tell(key);
    }

    fn listed(&self, listing: u64) {
        for key in self.known.targets.listed(listing) {
            self.tell(key);
        }
        self.known.listed.send_replace(true);
    }

    fn may_lose_its_kind(&self) -> bool {
        true
    }
}
