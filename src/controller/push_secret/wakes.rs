//! Who is woken when a PushSecret, a source or a store changes.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::Links;
use crate::cluster::Move;
use crate::controller::Context;
use crate::engine::object::{ObjectKey, StoreKey};
use crate::engine::push::Sighting;
use crate::queue::Queue;

#[derive(Debug)]
pub struct Wakes {
    context: Context,
    links: Arc<Links>,
    push_secrets: Arc<Queue<ObjectKey>>,
    held_stores: Arc<Queue<StoreKey>>,
}

impl Wakes {
    pub fn new(
        context: Context,
        links: Arc<Links>,
        push_secrets: Arc<Queue<ObjectKey>>,
        held_stores: Arc<Queue<StoreKey>>,
    ) -> Self {
        Self {
            context,
            links,
            push_secrets,
            held_stores,
        }
    }

    pub fn wake(&self, key: &ObjectKey) {
        self.push_secrets.wake(key);
    }

    pub fn push_secret(&self, key: &ObjectKey, moved: Move) {
        let pushes = self.context.cluster.pushes();
        let object = match moved {
            Move::Edited | Move::Turned => pushes.and_then(|pushes| pushes.push_secret(key)),
            Move::Gone => None,
        };
        let touched = self.links.set(key, object.as_deref());
        for store in &touched.stores {
            self.held_stores.wake(store);
        }
        if let Some(pushes) = pushes.filter(|_| touched.chosen) {
            for store in pushes
                .stores(Some(&key.namespace))
                .iter()
                .chain(&pushes.stores(None))
            {
                self.held_stores.wake(&store.key);
            }
        }
        match moved {
            // One that is gone gets a last turn, which cleans up behind it.
            Move::Edited | Move::Gone => self.push_secrets.wake(key),
            // That was our own doing.
            Move::Turned => {}
        }
    }

    pub fn source(&self, key: &ObjectKey, sighting: Sighting, labels: &BTreeMap<String, String>) {
        for follower in self.links.seen(key, sighting, labels) {
            self.push_secrets.wake(&follower);
        }
    }

    pub fn store(&self, key: &StoreKey) {
        if self.context.cluster.pushes().is_none() {
            return;
        }
        self.held_stores.wake(key);
        for follower in self.links.on_store(key) {
            self.push_secrets.wake(&follower);
        }
    }

    /// Those who have failed are not left to their own backoff. They come one after the other.
    pub fn store_is_back(&self, key: &StoreKey, (apart, all_within): (Duration, Duration)) {
        for (nth, follower) in (0..).zip(self.links.on_store(key)) {
            self.push_secrets.hasten(&follower, (apart * nth).min(all_within));
        }
    }
}
