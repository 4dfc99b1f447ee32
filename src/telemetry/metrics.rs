//! Metric families: ESO's by name and label, so that its dashboards light up, and ours.
//!
//! This module is the one place that knows the metrics library. Labels are names of objects and static words, never free text;
//! series of objects that are gone go too.

use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use lockstep_api::ConditionStatus;
use prometheus::{
    HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGaugeVec, Opts, Registry, TextEncoder,
};

use super::backends;
use super::exposition::Exposition;
use super::objects::Objects;
use super::process;
use super::queue_metrics::QueueMetrics;
use super::standing::Standing;
use crate::audit::{Log, Tally};
use crate::engine::lease::Term;
use crate::engine::object::{ObjectKey, StoreKey};
use crate::provider::CallObserver;
use crate::provider::pool::Pool;

/// controller-runtime's buckets, in seconds.
const RECONCILE_BUCKETS: &[f64] = &[
    0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.25,
    1.5, 1.75, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 15.0, 20.0, 25.0, 30.0, 40.0,
    50.0, 60.0,
];
const QUEUE_BUCKETS: &[f64] = &[
    1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0, 100.0, 1000.0,
];

#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    provider_calls: IntCounterVec,
    external_secrets: Objects,
    stores: Objects,
    cluster_stores: Objects,
    pub(super) controllers: Controllers,
    pub(super) queues: Queues,
    problems: IntCounterVec,
    pub events_dropped: IntCounter,
    leads: IntGaugeVec,
    pool: OnceLock<Weak<Pool>>,
    audit: OnceLock<Arc<Tally>>,
}

/// controller-runtime's families.
#[derive(Debug)]
pub(super) struct Controllers {
    pub reconciles: IntCounterVec,
    pub errors: IntCounterVec,
    pub panics: IntCounterVec,
    pub time: HistogramVec,
    pub active: IntGaugeVec,
    pub limit: IntGaugeVec,
}

/// The families of client-go's work queues.
#[derive(Debug)]
pub(super) struct Queues {
    pub depth: IntGaugeVec,
    pub adds: IntCounterVec,
    pub retries: IntCounterVec,
    pub waited: HistogramVec,
    pub worked: HistogramVec,
}

impl Metrics {
    /// Fails only when two families bear one name, which a test rules out.
    pub fn new() -> Result<Arc<Self>, prometheus::Error> {
        let registry = Registry::new();
        let add = Families { registry: &registry };
        Ok(Arc::new(Self {
            provider_calls: add.counter(
                "externalsecret_provider_api_calls_count",
                "Calls to backends",
                &["provider", "call", "status"],
            )?,
            external_secrets: Objects::new("externalsecret"),
            stores: Objects::new("secretstore"),
            cluster_stores: Objects::new("clustersecretstore"),
            controllers: Controllers::new(&add)?,
            queues: Queues::new(&add)?,
            problems: add.counter(
                "lockstep_problems_total",
                "Failures by their reason",
                &["controller", "reason"],
            )?,
            events_dropped: add.single(
                "lockstep_events_dropped_total",
                "Events that could not be written",
            )?,
            leads: add.gauge(
                "leader_election_master_status",
                "Whether this replica holds a lease and works",
                &["name"],
            )?,
            pool: OnceLock::new(),
            audit: OnceLock::new(),
            registry,
        }))
    }

    /// Everything, in the text format.
    pub fn render(&self) -> String {
        let mut text = String::new();
        // Writing into memory fails only for families without a name, of which there are none.
        let _ = TextEncoder::new().encode_utf8(&self.registry.gather(), &mut text);
        for objects in [&self.external_secrets, &self.stores, &self.cluster_stores] {
            objects.render(&mut text);
        }
        if let Some(pool) = self.pool.get().and_then(Weak::upgrade) {
            backends::render(&pool.vitals(), &mut text);
        }
        if let Some(tally) = self.audit.get() {
            render_audit(tally, &mut text);
        }
        process::render(&mut text);
        text
    }

    /// From now on the backends that are reached through this pool are told of, too.
    pub fn tell_of(&self, pool: &Arc<Pool>) {
        // There is one pool in a process.
        let _ = self.pool.set(Arc::downgrade(pool));
    }

    /// From now on it is told what became of the audit's lines, if there are any.
    pub fn tell_of_audit(&self, log: Option<&Log>) {
        if let Some(log) = log {
            // There is one audit in a process.
            let _ = self.audit.set(log.tally.clone());
        }
    }

    pub fn synced(&self, key: &ObjectKey, failed: bool, took: Duration) {
        self.external_secrets.synced(key, failed, took);
    }

    pub fn external_secret_ready(&self, key: &ObjectKey, status: ConditionStatus) {
        self.external_secrets.ready(key, status);
    }

    pub fn external_secret_stands(&self, key: &ObjectKey, standing: Standing) {
        self.external_secrets.stands(key, standing);
    }

    /// Whether a change is held back.
    pub fn external_secret_held(&self, key: &ObjectKey, is_held: bool) {
        self.external_secrets.held(key, is_held);
    }

    /// It was synced: by a store that stands in for its own, or not.
    pub fn external_secret_answered(&self, key: &ObjectKey, by_fallback: bool) {
        self.external_secrets.answered(key, by_fallback);
    }

    /// What ends first of what it was lent.
    pub fn external_secret_lent(&self, key: &ObjectKey, term: Option<Term>) {
        self.external_secrets.lent(key, term);
    }

    pub fn forget_external_secret(&self, key: &ObjectKey) {
        self.external_secrets.forget(key);
    }

    pub fn store_checked(&self, key: &StoreKey, status: ConditionStatus, took: Duration) {
        let (objects, key) = self.stores_like(key);
        objects.ready(&key, status);
        objects.took(&key, took);
    }

    pub fn forget_store(&self, key: &StoreKey) {
        let (objects, key) = self.stores_like(key);
        objects.forget(&key);
    }

    pub fn problem(&self, controller: &'static str, reason: &'static str) {
        self.problems.with_label_values(&[controller, reason]).inc();
    }

    /// Whether we hold the lease of this name, once there is an election.
    pub fn leads(&self, lease: &str, leads: bool) {
        self.leads.with_label_values(&[lease]).set(i64::from(leads));
    }

    /// Stores of its kind, and its name among them.
    fn stores_like(&self, key: &StoreKey) -> (&Objects, ObjectKey) {
        let objects = match key {
            StoreKey::Namespaced(_) => &self.stores,
            StoreKey::Cluster(_) => &self.cluster_stores,
        };
        let namespace = key.namespace().unwrap_or_default();
        (objects, ObjectKey::new(namespace, key.name()))
    }

    /// The view of one controller's queue.
    pub fn queue(self: &Arc<Self>, controller: &'static str, workers: usize) -> Arc<QueueMetrics> {
        self.controllers
            .limit
            .with_label_values(&[controller])
            .set(i64::try_from(workers).unwrap_or(i64::MAX));
        Arc::new(QueueMetrics::new(self.clone(), controller))
    }
}

impl Controllers {
    fn new(add: &Families) -> Result<Self, prometheus::Error> {
        let by = &["controller"];
        let name = |family: &str| format!("controller_runtime_{family}");
        Ok(Self {
            reconciles: add.counter(
                &name("reconcile_total"),
                "Reconciles by their result",
                &["controller", "result"],
            )?,
            errors: add.counter(&name("reconcile_errors_total"), "Reconciles that failed", by)?,
            panics: add.counter(&name("reconcile_panics_total"), "Reconciles that panicked", by)?,
            time: add.histogram(
                &name("reconcile_time_seconds"),
                "How long reconciles take",
                RECONCILE_BUCKETS,
                by,
            )?,
            active: add.gauge(&name("active_workers"), "Reconciles under way", by)?,
            limit: add.gauge(
                &name("max_concurrent_reconciles"),
                "Reconciles that may be under way",
                by,
            )?,
        })
    }
}

impl Queues {
    fn new(add: &Families) -> Result<Self, prometheus::Error> {
        let by = &["name", "controller"];
        let name = |family: &str| format!("workqueue_{family}");
        Ok(Self {
            depth: add.gauge(&name("depth"), "Objects that are due and wait", by)?,
            adds: add.counter(&name("adds_total"), "Objects that were put into the queue", by)?,
            retries: add.counter(
                &name("retries_total"),
                "Objects that are tried again after a failure",
                by,
            )?,
            waited: add.histogram(
                &name("queue_duration_seconds"),
                "How long objects wait",
                QUEUE_BUCKETS,
                by,
            )?,
            worked: add.histogram(
                &name("work_duration_seconds"),
                "How long a turn takes",
                QUEUE_BUCKETS,
                by,
            )?,
        })
    }
}

impl CallObserver for Metrics {
    fn called(&self, provider: &'static str, call: &'static str, ok: bool) {
        self.provider_calls
            .with_label_values(&[provider, call, if ok { "success" } else { "error" }])
            .inc();
    }
}

fn render_audit(tally: &Tally, text: &mut String) {
    for (name, help, lines) in [
        (
            "lines_total",
            "Lines of the audit that were written",
            tally.written(),
        ),
        (
            "lines_dropped_total",
            "Lines of the audit that were lost",
            tally.dropped(),
        ),
    ] {
        Exposition::new(text, format!("lockstep_audit_{name}"), help, "counter").single(lines);
    }
}

/// Creates families and registers them.
struct Families<'a> {
    registry: &'a Registry,
}

impl Families<'_> {
    fn counter(&self, name: &str, help: &str, labels: &[&str]) -> Result<IntCounterVec, prometheus::Error> {
        let family = IntCounterVec::new(Opts::new(name, help), labels)?;
        self.registry.register(Box::new(family.clone()))?;
        Ok(family)
    }

    fn single(&self, name: &str, help: &str) -> Result<IntCounter, prometheus::Error> {
        let counter = IntCounter::new(name, help)?;
        self.registry.register(Box::new(counter.clone()))?;
        Ok(counter)
    }

    fn gauge(&self, name: &str, help: &str, labels: &[&str]) -> Result<IntGaugeVec, prometheus::Error> {
        let family = IntGaugeVec::new(Opts::new(name, help), labels)?;
        self.registry.register(Box::new(family.clone()))?;
        Ok(family)
    }

    fn histogram(
        &self,
        name: &str,
        help: &str,
        buckets: &[f64],
        labels: &[&str],
    ) -> Result<HistogramVec, prometheus::Error> {
        let family = HistogramVec::new(HistogramOpts::new(name, help).buckets(buckets.to_vec()), labels)?;
        self.registry.register(Box::new(family.clone()))?;
        Ok(family)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_families_are_told() {
        let metrics = Metrics::new().expect("metrics");
        metrics.synced(&ObjectKey::new("ns", "app"), true, Duration::from_nanos(5));
        metrics.store_checked(
            &StoreKey::Cluster("all".to_owned()),
            ConditionStatus::True,
            Duration::ZERO,
        );
        metrics.called("Kubernetes", "GetSecret", false);
        metrics.leads("lease", true);
        let text = metrics.render();
        for line in [
            "leader_election_master_status{name=\"lease\"} 1",
            "externalsecret_sync_calls_error{name=\"app\",namespace=\"ns\"} 1",
            "clustersecretstore_status_condition{name=\"all\",namespace=\"\",condition=\"Ready\",status=\"True\"} 1",
            "externalsecret_provider_api_calls_count{call=\"GetSecret\",provider=\"Kubernetes\",status=\"error\"} 1",
        ] {
            assert!(text.contains(line), "{line} is missing in\n{text}");
        }
    }
}
