//! Who is woken by what: an ExternalSecret by itself, by its target, by its stores and their backends, and by its
//! namespace.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use lockstep_api::ExternalSecret;
use lockstep_api::external_secret::SourceRef;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::concerned::Concerned;
use super::following::{Follower, Version};
use super::{Context, Stores, push_secret, spread};
use crate::cluster::{Change, Move};
use crate::engine::object::{ObjectKey, ObjectRef, StoreKey};
use crate::engine::spread::Sort;
use crate::provider::pool::{Tidings, Turn};
use crate::queue::Queue;

/// Who failed while a backend was away is tried again at this distance when it is back, and all of them within that
/// time.
const APART: (Duration, Duration) = (Duration::from_millis(2), Duration::from_secs(5));

/// Turns what moved into wake-ups.
#[derive(Debug)]
pub struct Router {
    context: Context,
    external_secrets: Arc<Queue<ObjectKey>>,
    stores: Stores,
    generator_states: Arc<Queue<ObjectKey>>,
    pushes: push_secret::Wakes,
    spread: spread::Wakes,
    concerned: Concerned<ObjectKey>,
}

impl Router {
    pub fn new(
        context: Context,
        external_secrets: Arc<Queue<ObjectKey>>,
        stores: Stores,
        generator_states: Arc<Queue<ObjectKey>>,
        pushes: push_secret::Wakes,
        spread: spread::Wakes,
    ) -> Self {
        Self {
            context,
            external_secrets,
            stores,
            generator_states,
            pushes,
            spread,
            concerned: Concerned::default(),
        }
    }

    pub async fn run(mut self, mut changes: mpsc::UnboundedReceiver<Change>, stop: CancellationToken) {
        let pool = self.context.pool.clone();
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                change = changes.recv() => match change {
                    Some(change) => self.route(change),
                    None => return,
                },
                (store, tidings) = pool.turned() => self.backend(&store, tidings),
            }
        }
    }

    fn route(&mut self, change: Change) {
        match change {
            Change::ExternalSecret(key, moved) => self.external_secret(&key, moved),
            Change::Target(key) => self.wake_concerned(&ObjectRef::namespaced("Secret", &key)),
            Change::Resource(key) => self.wake_concerned(&ObjectRef::from(&key)),
            Change::Store(key, moved) => self.store(&key, moved),
            Change::Source {
                key,
                sighting,
                labels,
            } => self.pushes.source(&key, sighting, &labels),
            Change::Parent(key, moved) => self.spread.parent(&key, moved),
            Change::PushSecret(key, moved) => {
                self.pushes.push_secret(&key, moved);
                self.spread.child(Sort::PushSecret, &key, moved);
            }
            Change::Namespace(name) => {
                self.wake_concerned(&namespace_ref(&name));
                self.spread.namespace(&name);
            }
            Change::GeneratorState { key, owner } => {
                self.generator_states.wake(&key);
                // Each sync makes and drops states of its own, one that fails too.
                if let Some(owner) = owner {
                    self.external_secrets.nudge(&owner);
                }
            }
            Change::Followed { object, version } => self.followed(&object, version),
        }
    }

    fn external_secret(&mut self, key: &ObjectKey, moved: Move) {
        let object = match moved {
            Move::Edited | Move::Turned => self.context.cluster.external_secret(key),
            Move::Gone => None,
        };
        let concerns = object
            .as_deref()
            .map(|object| concerns(key, object))
            .unwrap_or_default();
        self.concerned.set(key, concerns);
        // One that is gone gets a last turn, which cleans up behind it.
        self.external_secrets.wake(key);
        self.spread.child(Sort::ExternalSecret, key, moved);
    }

    fn store(&self, key: &StoreKey, moved: Move) {
        match moved {
            Move::Edited | Move::Gone => self.stores.wake(key),
            Move::Turned => {}
        }
        self.wake_concerned(&ObjectRef::from(key));
        self.pushes.store(key);
    }

    /// The store's own check tells that its backend is away, or back, and that turns those who hang on its being
    /// ready. Those who have failed are not left to their own backoff.
    fn backend(&self, store: &StoreKey, tidings: Tidings) {
        self.stores.wake(store);
        if tidings.concerns_users {
            self.wake_concerned(&ObjectRef::from(store));
        }
        match tidings.turn {
            Some(Turn::Away) | None => {}
            Some(Turn::Back) => {
                let object = ObjectRef::from(store);
                for (nth, key) in (0..).zip(self.concerned.by(&object)) {
                    self.external_secrets.hasten(key, (APART.0 * nth).min(APART.1));
                }
                self.pushes.store_is_back(store, APART);
            }
        }
    }

    fn followed(&self, object: &ObjectRef, version: Version) {
        self.context.pool.on_change(object, version.as_deref());
        for follower in self.context.following.seen(object, version) {
            match follower {
                Follower::ExternalSecret(key) => self.external_secrets.wake(&key),
                Follower::PushSecret(key) => self.pushes.wake(&key),
                Follower::Store(key) => self.stores.wake(&key),
            }
        }
    }

    fn wake_concerned(&self, object: &ObjectRef) {
        for key in self.concerned.by(object) {
            self.external_secrets.wake(key);
        }
    }
}

/// The objects whose change may change what an ExternalSecret comes to.
fn concerns(key: &ObjectKey, object: &ExternalSecret) -> HashSet<ObjectRef> {
    let Ok(spec) = object.spec.as_ref() else {
        return HashSet::new();
    };
    let sources = spec.data_from.iter().map(|entry| entry.source_ref.as_ref());
    let sources = sources.chain(spec.data.iter().map(|entry| entry.source_ref.as_ref()));
    let named = sources.flatten().filter_map(|source| match source {
        SourceRef::Store(store) => Some(store),
        SourceRef::Generator(_) => None,
    });
    let stores: HashSet<ObjectRef> = spec
        .secret_store_ref
        .iter()
        .chain(named)
        .filter_map(|store| StoreKey::named_by(store, &key.namespace))
        .map(|store| ObjectRef::from(&store))
        .collect();
    let clusterwide = stores.iter().any(|store| store.namespace.is_none());
    let namespace = clusterwide.then(|| namespace_ref(&key.namespace));
    stores
        .into_iter()
        .chain(namespace)
        .chain([key.target_ref_of(spec)])
        .collect()
}

fn namespace_ref(name: &str) -> ObjectRef {
    ObjectRef::cluster("Namespace", name)
}

#[cfg(test)]
mod tests {
    use lockstep_api::Parsed;
    use serde_json::json;

    use super::*;

    #[test]
    fn an_external_secret_hangs_on_its_target_its_stores_and_with_cluster_stores_on_its_namespace() {
        let spec = json!({
            "secretStoreRef": {"name": "own"},
            "target": {"name": "out"},
            "data": [{"secretKey": "a", "remoteRef": {"key": "k"},
                      "sourceRef": {"storeRef": {"name": "all", "kind": "ClusterSecretStore"}}}],
        });
        let object = ExternalSecret {
            spec: Parsed::from_json(spec),
            ..ExternalSecret::default()
        };
        let mut names: Vec<_> = concerns(&ObjectKey::new("ns", "app"), &object)
            .iter()
            .map(ToString::to_string)
            .collect();
        names.sort();
        assert_eq!(
            names,
            [
                "ClusterSecretStore all",
                "Namespace ns",
                "Secret ns/out",
                "SecretStore ns/own"
            ]
        );
    }
}
