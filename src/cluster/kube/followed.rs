//! Single objects, watched by name, and of which nothing but the metadata is sent.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures::StreamExt as _;
use kube::api::{Api, ApiResource, DynamicObject, GroupVersionKind, PartialObjectMeta};
use kube::runtime::WatchStreamExt as _;
use kube::runtime::watcher::{self, Event, watcher};
use kube::{Client, ResourceExt as _};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::debug;

use super::super::Change;
use super::generators;
use super::watch::describe;
use crate::engine::object::ObjectRef;

pub struct Followed {
    client: Client,
    changes: mpsc::UnboundedSender<Change>,
    tasks: TaskTracker,
    stop: CancellationToken,
    watches: Mutex<HashMap<ObjectRef, CancellationToken>>,
}

impl Followed {
    pub fn new(
        client: Client,
        changes: mpsc::UnboundedSender<Change>,
        tasks: &TaskTracker,
        stop: &CancellationToken,
    ) -> Self {
        Self {
            client,
            changes,
            tasks: tasks.clone(),
            stop: stop.clone(),
            watches: Mutex::default(),
        }
    }

    pub fn follow(&self, object: &ObjectRef) {
        let Some(resource) = resource(object) else { return };
        let mut watches = self.watches();
        if watches.contains_key(object) {
            return;
        }
        let stop = self.stop.child_token();
        watches.insert(object.clone(), stop.clone());
        let api = match &object.namespace {
            Some(namespace) => Api::namespaced_with(self.client.clone(), namespace, &resource),
            None => Api::all_with(self.client.clone(), &resource),
        };
        let (object, changes) = (object.clone(), self.changes.clone());
        self.tasks.spawn(async move {
            tokio::select! {
                () = watch(api, &object, &changes) => {}
                () = stop.cancelled() => {}
            }
        });
    }

    pub fn unfollow(&self, object: &ObjectRef) {
        if let Some(stop) = self.watches().remove(object) {
            stop.cancel();
        }
    }

    fn watches(&self) -> MutexGuard<'_, HashMap<ObjectRef, CancellationToken>> {
        self.watches.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Kinds that are watched anyway need nobody to follow them.
pub fn resource(object: &ObjectRef) -> Option<ApiResource> {
    match object.kind.as_ref() {
        "Secret" | "ConfigMap" => Some(ApiResource::from_gvk(&GroupVersionKind::gvk(
            "",
            "v1",
            object.kind.as_ref(),
        ))),
        kind => generators::resource_of(kind),
    }
}

/// Tells every version, and that there is none.
async fn watch(
    api: Api<PartialObjectMeta<DynamicObject>>,
    object: &ObjectRef,
    changes: &mpsc::UnboundedSender<Change>,
) {
    let config = watcher::Config::default().fields(&format!("metadata.name={}", object.name));
    let mut events = watcher(api, config).default_backoff().boxed();
    let mut listed = None;
    while let Some(event) = events.next().await {
        let version = match event {
            Ok(Event::Init) => {
                listed = None;
                continue;
            }
            Ok(Event::InitApply(found)) => {
                listed = found.resource_version();
                continue;
            }
            Ok(Event::InitDone) => listed.take(),
            Ok(Event::Apply(found)) => found.resource_version(),
            Ok(Event::Delete(_)) => None,
            Err(error) => {
                debug!(%object, cause = describe(&error), "a watch failed and is tried again");
                continue;
            }
        };
        let object = object.clone();
        // Nobody listens when we are stopping.
        let _ = changes.send(Change::Followed { object, version });
    }
}
