//! Events: queued, written one by one in the background, dropped and counted when there are too many.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::api::events::v1::Event as KubeEvent;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};
use kube::Client;
use kube::api::{Api, PostParams};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::debug;

use super::super::Event;
use crate::engine::condition::truncate;

/// Events that wait to be written.
const QUEUE: usize = 4096;
/// The same event is told once in this time.
const QUIET: Duration = Duration::from_mins(5);
/// Recent events that are remembered for that.
const REMEMBERED: usize = 8192;
const DEADLINE: Duration = Duration::from_secs(10);

/// Told of each event that nobody will see, because there were too many or the API server refused it.
pub type OnDropped = Arc<dyn Fn() + Send + Sync>;

#[derive(Clone)]
pub struct Publisher {
    queue: mpsc::Sender<Event>,
    dropped: OnDropped,
}

impl Publisher {
    pub fn start(client: Client, dropped: OnDropped, tasks: &TaskTracker, stop: &CancellationToken) -> Self {
        let (queue, receiver) = mpsc::channel(QUEUE);
        let (stop, on_refusal) = (stop.clone(), dropped.clone());
        tasks.spawn(async move {
            tokio::select! {
                () = write_all(client, receiver, on_refusal) => {}
                () = stop.cancelled() => {}
            }
        });
        Self { queue, dropped }
    }

    pub fn publish(&self, event: Event) {
        if self.queue.try_send(event).is_err() {
            (self.dropped)();
        }
    }
}

async fn write_all(client: Client, mut events: mpsc::Receiver<Event>, dropped: OnDropped) {
    let mut recent = Recent::default();
    while let Some(event) = events.recv().await {
        if !recent.is_news(&event, Instant::now()) {
            continue;
        }
        let namespace = event
            .about
            .namespace
            .clone()
            .unwrap_or_else(|| "default".to_owned());
        let api: Api<KubeEvent> = Api::namespaced(client.clone(), &namespace);
        let body = body(event, &namespace, Timestamp::now());
        let params = PostParams::default();
        let written = tokio::time::timeout(DEADLINE, api.create(&params, &body)).await;
        if !matches!(written, Ok(Ok(_))) {
            // A namespace that is going away takes no events; nothing is lost that anybody could read.
            debug!(object = ?body.regarding.map(|about| about.name), "an event could not be written");
            dropped();
        }
    }
}

/// What was told lately: of each event no more than what tells it from others.
#[derive(Default)]
struct Recent {
    told: HashMap<u64, Instant>,
    hasher: RandomState,
}

impl Recent {
    fn is_news(&mut self, event: &Event, now: Instant) -> bool {
        if self.told.len() >= REMEMBERED {
            self.told.retain(|_, told| now.duration_since(*told) < QUIET);
        }
        if self.told.len() >= REMEMBERED {
            self.told.clear();
        }
        let event = self.hasher.hash_one((&event.uid, event.reason, &event.message));
        let told = self.told.insert(event, now);
        told.is_none_or(|told| now.duration_since(told) >= QUIET)
    }
}

fn body(event: Event, namespace: &str, now: Timestamp) -> KubeEvent {
    let (api_version, component) = match event.about.kind.as_ref() {
        "SecretStore" => ("external-secrets.io/v1", "secret-store"),
        "ClusterSecretStore" => ("external-secrets.io/v1", "cluster-secret-store"),
        "PushSecret" => ("external-secrets.io/v1alpha1", "pushsecret"),
        "ClusterPushSecret" => ("external-secrets.io/v1alpha1", "external-secrets-controller"),
        _ => ("external-secrets.io/v1", "external-secrets"),
    };
    KubeEvent {
        metadata: ObjectMeta {
            generate_name: Some(format!("{}-", prefix(&event.about.name))),
            namespace: Some(namespace.to_owned()),
            ..ObjectMeta::default()
        },
        type_: Some(if event.warning { "Warning" } else { "Normal" }.to_owned()),
        reason: Some(event.reason.to_owned()),
        action: Some("Reconcile".to_owned()),
        note: Some(truncate(event.message)),
        event_time: Some(MicroTime(now)),
        regarding: Some(ObjectReference {
            api_version: Some(api_version.to_owned()),
            kind: Some(event.about.kind.to_string()),
            namespace: event.about.namespace.clone(),
            name: Some(event.about.name.clone()),
            uid: Some(event.uid),
            ..ObjectReference::default()
        }),
        reporting_controller: Some(component.to_owned()),
        reporting_instance: Some("lockstep".to_owned()),
        ..KubeEvent::default()
    }
}

/// Names end in what the API server generates; the object's part must leave room for it.
fn prefix(name: &str) -> &str {
    name.get(..200).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::object::ObjectRef;

    #[test]
    fn the_same_event_is_told_once_in_a_while() {
        let event = |message: &str| Event {
            about: ObjectRef::secret("ns", "a"),
            uid: "u".into(),
            warning: true,
            reason: "UpdateFailed",
            message: message.into(),
        };
        let (mut recent, now) = (Recent::default(), Instant::now());
        assert!(recent.is_news(&event("x"), now));
        assert!(!recent.is_news(&event("x"), now + Duration::from_secs(10)));
        assert!(recent.is_news(&event("y"), now + Duration::from_secs(10)));
        assert!(recent.is_news(&event("x"), now + Duration::from_secs(10) + QUIET));
    }
}
