//! The reconcilers, one folder a kind. Each is a table of contents over the same five steps:
//!
//! gather (memory, and few reads) → decide (pure) → fetch (backends) → plan (pure) → act → report.

pub mod concerned;
pub mod external_secret;
pub mod following;
pub mod generator_state;
#[cfg(test)]
mod hour_tests;
mod lent;
mod next;
pub mod push_secret;
pub mod rendering;
pub mod secret_store;
pub mod spread;
mod templates;
#[cfg(test)]
mod testing;
mod turn;
pub mod wakes;

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::following::Following;
use self::rendering::Rendering;
use self::turn::Turn;
use crate::audit::Audit;
use crate::cluster::{Change, Cluster};
use crate::engine::condition::{Manner, Stamp};
use crate::engine::object::{ObjectKey, ObjectRef, StoreKey};
use crate::engine::render::Targets;
use crate::engine::store::{Store, StoreRules};
use crate::generator::Generators;
use crate::provider::pool::Pool;
use crate::queue::Queue;
use crate::telemetry::{Kind, Metrics};
use crate::traces::Traces;

/// What every reconcile needs.
#[derive(Clone, Debug)]
pub struct Context {
    pub cluster: Arc<dyn Cluster>,
    pub pool: Arc<Pool>,
    pub following: Arc<Following>,
    pub generators: Arc<Generators>,
    pub rendering: Arc<Rendering>,
    pub metrics: Arc<Metrics>,
    pub audit: Audit,
    pub traces: Traces,
    pub rules: StoreRules,
    pub settings: Settings,
    pub clock: fn() -> Timestamp,
}

impl Context {
    /// Is it us who checks this store, rather than another instance or nobody?
    pub fn looks_after(&self, store: &Store) -> bool {
        let switched_on = match &store.key {
            StoreKey::Namespaced(_) => self.settings.namespaced_stores,
            StoreKey::Cluster(_) => self.settings.cluster_stores,
        };
        switched_on && store.is_served_by(&self.rules.class)
    }

    /// Gives back what backends gave us, as far as that is done within this time. For the end.
    pub async fn close(&self, within: std::time::Duration) {
        tokio::join!(self.pool.close(within), self.generators.close(within));
    }

    /// What a status that is written now is written with.
    pub fn stamp(&self, generation: i64) -> Stamp {
        Stamp {
            now: (self.clock)(),
            generation,
            manner: self.settings.conditions,
        }
    }
}

#[derive(Clone, Copy, Debug)]
pub struct Settings {
    pub namespaced_stores: bool,
    pub cluster_stores: bool,
    /// How often a store is checked that does not say itself.
    pub store_interval: std::time::Duration,
    pub refresh_time: RefreshTime,
    pub conditions: Manner,
    pub targets: Targets,
    /// Whether what is not believable is held back.
    pub guard: bool,
    /// How long what a generator made is left alone after something newer has taken its place.
    pub grace: std::time::Duration,
}

/// How exactly `status.refreshTime` follows refreshes that change nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefreshTime {
    /// Written at each refresh, as ESO does.
    Always,
    /// Written every five minutes at most.
    Coarse,
}

/// How old a `refreshTime` may get before it is written although nothing else changed.
const COARSE: SignedDuration = SignedDuration::from_mins(5);

impl RefreshTime {
    /// Whether a later refresh is not worth being told of, when nothing else is.
    pub fn is_near(self, told: &Time, now: &Time) -> bool {
        match self {
            Self::Always => false,
            Self::Coarse => told.0 <= now.0 && now.0.duration_since(told.0) < COARSE,
        }
    }
}

/// Reconciles of one kind that may be under way. A reconcile that waits costs next to nothing; what costs is bounded
/// where it is spent, by the readers and by the permits toward the API server.
pub const WORKERS: usize = 1024;

/// The queues of stores, one for each kind.
#[derive(Clone, Debug)]
pub struct Stores {
    namespaced: Arc<Queue<StoreKey>>,
    cluster: Arc<Queue<StoreKey>>,
}

impl Stores {
    fn new(metrics: &Metrics) -> Self {
        let queue = |kind: Kind| Queue::new(metrics.queue(kind.name(), WORKERS));
        Self {
            namespaced: queue(Kind::SecretStore),
            cluster: queue(Kind::ClusterSecretStore),
        }
    }

    fn wake(&self, key: &StoreKey) {
        match key {
            StoreKey::Namespaced(_) => self.namespaced.wake(key),
            StoreKey::Cluster(_) => self.cluster.wake(key),
        }
    }
}

/// All controllers, told of every change, and not at work yet.
#[derive(Debug)]
pub struct Controllers {
    context: Context,
    external_secrets: Arc<Queue<ObjectKey>>,
    stores: Stores,
    generator_states: Arc<Queue<ObjectKey>>,
    pushing: push_secret::Queues,
    spread: spread::Queues,
}

impl Controllers {
    /// Listens from now on. What moves before anybody works waits in the queues, once an object, so that a follower
    /// holds no more than it has objects.
    pub fn listen(
        context: Context,
        changes: mpsc::UnboundedReceiver<Change>,
        tasks: &TaskTracker,
        stop: &CancellationToken,
    ) -> Self {
        let external_secrets = Queue::new(context.metrics.queue(Kind::ExternalSecret.name(), WORKERS));
        let stores = Stores::new(&context.metrics);
        let generator_states = Queue::new(context.metrics.queue("generatorstate", WORKERS));
        let pushing = push_secret::Queues::new(&context);
        let spread = spread::Queues::new(&context);
        let router = wakes::Router::new(
            context.clone(),
            external_secrets.clone(),
            stores.clone(),
            generator_states.clone(),
            push_secret::Wakes::new(context.clone(), pushing.clone()),
            spread::Wakes::new(context.clone(), spread.clone()),
        );
        tasks.spawn(router.run(changes, stop.clone()));
        Self {
            context,
            external_secrets,
            stores,
            generator_states,
            pushing,
            spread,
        }
    }

    /// Works until told to stop; the tracker then waits for the turns under way.
    pub fn work(self, tasks: &TaskTracker, stop: &CancellationToken) {
        let Self {
            context,
            external_secrets,
            stores,
            generator_states,
            pushing,
            spread,
        } = self;
        pushing.work(&context, tasks, stop);
        spread.work(&context, tasks, stop);
        let memory = Arc::new(external_secret::Memory::default());
        let turn = {
            let context = context.clone();
            move |key| {
                let turn = Turn::of(&context, || ObjectRef::namespaced("ExternalSecret", &key));
                turn.take(external_secret::reconcile(context.clone(), memory.clone(), key))
            }
        };
        tasks.spawn(external_secrets.work(WORKERS, stop.clone(), turn));
        let turn = {
            let context = context.clone();
            move |key| {
                let turn = Turn::of(&context, || ObjectRef::namespaced("GeneratorState", &key));
                turn.take(generator_state::reconcile(context.clone(), key))
            }
        };
        tasks.spawn(generator_states.work(WORKERS, stop.clone(), turn));
        let turn = move |key| {
            let turn = Turn::of(&context, || ObjectRef::from(&key));
            turn.take(secret_store::reconcile(context.clone(), key))
        };
        tasks.spawn(stores.namespaced.work(WORKERS, stop.clone(), turn.clone()));
        tasks.spawn(stores.cluster.work(WORKERS, stop.clone(), turn));
    }
}
