//! What is done with what the watches see: the mirrors are filled, and what moved is told.

use std::sync::Arc;

use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use lockstep_api::generator::GeneratorState;
use lockstep_api::{ClusterSecretStore, ExternalSecret, SecretStore};
use tokio::sync::mpsc;

use super::super::{Change, Move, Store};
use super::mirror::News;
use super::packed::Packed;
use super::watch::Sink;
use super::{KubeCluster, reduce};
use crate::engine::object::StoreKey;

/// The sink of every watch: the cluster's mirrors, and the channel that says what moved.
pub struct Watched {
    pub cluster: Arc<KubeCluster>,
    pub changes: mpsc::UnboundedSender<Change>,
}

impl Watched {
    pub fn tell(&self, change: Change) {
        // Nobody listens when we are stopping.
        let _ = self.changes.send(change);
    }

    pub fn tell_all<T>(&self, gone: Vec<T>, change: impl Fn(T) -> Change) {
        for key in gone {
            self.tell(change(key));
        }
    }

    fn store_seen(&self, now: &Store, news: &News<Store>) {
        let moved = match news {
            News::Nothing => None,
            News::Appeared => Some(Move::Edited),
            News::Changed(before) => store_move(before, now),
        };
        if let Some(moved) = moved {
            self.tell(Change::Store(now.key.clone(), moved));
        }
    }
}

impl Sink<ExternalSecret> for Watched {
    fn seen(&self, object: ExternalSecret, listing: u64) {
        let (key, version) = (reduce::key(&object.metadata), reduce::version(&object.metadata));
        let object = reduce::external_secret(object);
        let shape = shape(&object.metadata);
        let news = self
            .cluster
            .external_secrets
            .seen(key.clone(), version, Packed::of(object), listing);
        if news.differs(|before| self::shape(&before.unpack().metadata) != shape) {
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

/// Everything about an object but its status.
fn shape(meta: &ObjectMeta) -> impl PartialEq + use<> {
    (
        meta.uid.clone(),
        meta.generation,
        meta.labels.clone(),
        meta.annotations.clone(),
        meta.finalizers.clone(),
        meta.owner_references.clone(),
        meta.deletion_timestamp.is_some(),
    )
}

impl Sink<Secret> for Watched {
    fn seen(&self, object: Secret, listing: u64) {
        let (key, version) = (reduce::key(&object.metadata), reduce::version(&object.metadata));
        let target = Packed::of(reduce::target(object));
        let news = self.cluster.targets.seen(key.clone(), version, target, listing);
        if news.differs(|_| true) {
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
        let news = self.cluster.stores.seen(key, version, store.clone(), listing);
        self.store_seen(&store, &news);
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
            reduce::key(&object.metadata).name.clone(),
            reduce::version(&object.metadata),
        );
        let store = reduce::cluster_store(object);
        let news = self
            .cluster
            .cluster_stores
            .seen(key, version, store.clone(), listing);
        self.store_seen(&store, &news);
    }

    fn gone(&self, object: ClusterSecretStore) {
        let key = reduce::key(&object.metadata).name.clone();
        self.cluster.cluster_stores.gone(&key);
        self.tell(Change::Store(StoreKey::Cluster(key), Move::Gone));
    }

    fn listed(&self, listing: u64) {
        let gone = self.cluster.cluster_stores.listed(listing);
        self.tell_all(gone, |key| Change::Store(StoreKey::Cluster(key), Move::Gone));
    }
}

impl Sink<GeneratorState> for Watched {
    fn seen(&self, object: GeneratorState, listing: u64) {
        let (key, version) = (reduce::key(&object.metadata), reduce::version(&object.metadata));
        let owner = reduce::owner_of_state(&object.metadata);
        // One that cannot be read tells nothing, and nothing can be undone by it.
        let Some(state) = reduce::state(object) else {
            return;
        };
        let news = self.cluster.states.seen(key.clone(), version, state, listing);
        if news.differs(|_| true) {
            self.tell(Change::GeneratorState { key, owner });
        }
    }

    fn gone(&self, object: GeneratorState) {
        let key = reduce::key(&object.metadata);
        self.cluster.states.gone(&key);
        let owner = reduce::owner_of_state(&object.metadata);
        self.tell(Change::GeneratorState { key, owner });
    }

    fn listed(&self, listing: u64) {
        self.tell_all(self.cluster.states.listed(listing), |key| {
            Change::GeneratorState { key, owner: None }
        });
    }
}

fn store_move(before: &Store, now: &Store) -> Option<Move> {
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
    let turns = |store: &Store| (store.readiness(), store.labels.clone());
    (turns(before) != turns(now)).then_some(Move::Turned)
}
