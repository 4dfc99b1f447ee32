//! Who is woken when a PushSecret, a source or a store changes.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::Shared;
use super::links::Links;
use crate::cluster::Move;
use crate::controller::turn::Turn;
use crate::controller::{Context, WORKERS};
use crate::engine::object::{ObjectKey, ObjectRef, StoreKey};
use crate::engine::push::Sighting;
use crate::queue::Queue;
use crate::telemetry::Kind;

/// Who waits for a turn. Clones share everything.
#[derive(Clone, Debug)]
pub struct Queues {
    push_secrets: Arc<Queue<ObjectKey>>,
    /// Stores that may have to be kept, or let go.
    held_stores: Arc<Queue<StoreKey>>,
    shared: Arc<Shared>,
}

impl Queues {
    pub fn new(context: &Context) -> Self {
        let metrics = &context.metrics;
        Self {
            push_secrets: Queue::new(metrics.queue(Kind::PushSecret.name(), WORKERS)),
            held_stores: Queue::new(metrics.queue("heldstore", WORKERS)),
            shared: Arc::default(),
        }
    }

    pub fn work(self, context: &Context, tasks: &TaskTracker, stop: &CancellationToken) {
        let turn = {
            let (context, shared) = (context.clone(), self.shared);
            move |key| {
                let turn = Turn::of(&context, || ObjectRef::namespaced("PushSecret", &key));
                turn.take(super::reconcile(context.clone(), shared.clone(), key))
            }
        };
        tasks.spawn(self.push_secrets.work(WORKERS, stop.clone(), turn));
        let context = context.clone();
        let turn = move |key| super::hold::reconcile(context.clone(), key);
        tasks.spawn(self.held_stores.work(WORKERS, stop.clone(), turn));
    }
}

/// Turns what moved into wake-ups.
#[derive(Debug)]
pub struct Wakes {
    context: Context,
    queues: Queues,
}

impl Wakes {
    pub fn new(context: Context, queues: Queues) -> Self {
        Self { context, queues }
    }

    pub fn wake(&self, key: &ObjectKey) {
        self.queues.push_secrets.wake(key);
    }

    pub fn push_secret(&self, key: &ObjectKey, moved: Move) {
        let pushes = self.context.cluster.pushes();
        let object = match moved {
            Move::Edited | Move::Turned => pushes.and_then(|pushes| pushes.push_secret(key)),
            Move::Gone => None,
        };
        let touched = self.links().set(key, object.as_deref());
        for store in &touched.stores {
            self.queues.held_stores.wake(store);
        }
        if let Some(pushes) = pushes.filter(|_| touched.chosen) {
            for store in pushes
                .stores(Some(&key.namespace))
                .iter()
                .chain(&pushes.stores(None))
            {
                self.queues.held_stores.wake(&store.key);
            }
        }
        match moved {
            // One that is gone gets a last turn, which cleans up behind it.
            Move::Edited | Move::Gone => self.queues.push_secrets.wake(key),
            // That was our own doing.
            Move::Turned => {}
        }
    }

    pub fn source(&self, key: &ObjectKey, sighting: Sighting, labels: &BTreeMap<String, String>) {
        for follower in self.links().seen(key, sighting, labels) {
            self.queues.push_secrets.wake(&follower);
        }
    }

    pub fn store(&self, key: &StoreKey) {
        if self.context.cluster.pushes().is_none() {
            return;
        }
        self.queues.held_stores.wake(key);
        for follower in self.links().on_store(key) {
            self.queues.push_secrets.wake(&follower);
        }
    }

    /// Those who have failed are not left to their own backoff. They come one after the other.
    pub fn store_is_back(&self, key: &StoreKey, (apart, all_within): (Duration, Duration)) {
        for (nth, follower) in (0..).zip(self.links().on_store(key)) {
            self.queues
                .push_secrets
                .hasten(&follower, (apart * nth).min(all_within));
        }
    }

    fn links(&self) -> &Links {
        &self.queues.shared.links
    }
}
