//! For tests of controllers: all that a reconcile needs, over any cluster.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::following::Following;
use super::rendering::Rendering;
use super::{Context, RefreshTime, Settings};
use crate::audit::Audit;
use crate::cluster::Cluster;
use crate::engine::condition::Manner;
use crate::engine::render::{Engine, Targets};
use crate::engine::store::StoreRules;
use crate::generator::Generators;
use crate::provider::pool::Pool;
use crate::provider::{Calls, Rules};
use crate::telemetry::Metrics;
use crate::traces::Traces;

/// At a time that stands still.
pub(super) fn context(cluster: Arc<dyn Cluster>) -> Context {
    let pool = Pool::new(cluster.clone(), Calls::default(), Rules::default());
    let generators = Generators::new(cluster.clone(), Calls::default(), Rules::default());
    Context {
        pool: Arc::new(pool),
        following: Arc::new(Following::new(cluster.clone())),
        rendering: Arc::new(Rendering::new(Engine::default())),
        generators: Arc::new(generators),
        cluster,
        metrics: Metrics::new().expect("metrics"),
        audit: Audit::default(),
        traces: Traces::default(),
        rules: StoreRules {
            class: "default".to_owned(),
            flood_gate: true,
        },
        settings: Settings {
            namespaced_stores: true,
            cluster_stores: true,
            store_interval: Duration::ZERO,
            refresh_time: RefreshTime::Always,
            conditions: Manner::Kstatus,
            targets: Targets::Secrets,
            guard: true,
            grace: Duration::ZERO,
        },
        clock: || Timestamp::UNIX_EPOCH,
    }
}
