//! Metric families: ESO's by name and label, so that its dashboards light up, and ours.
//!
//! This folder is the one place that knows the metrics library. Labels are names of objects and static words, never
//! free text; series of objects that are gone go too.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::time::Duration;

use lockstep_api::ConditionStatus;
use prometheus::{IntCounter, IntCounterVec, IntGaugeVec, Registry, TextEncoder};

use super::backends;
use super::controllers::{Controllers, Queues};
use super::exposition::Exposition;
use super::families::Families;
use super::kind::Kind;
use super::objects::Objects;
use super::process;
use super::queue_metrics::QueueMetrics;
use super::requests::CountRequests;
use super::standing::Standing;
use super::webhooks::{WebhookMetrics, Webhooks};
use crate::certificates::Shown;
use crate::courier::{Courier, Tally};
use crate::engine::lease::Term;
use crate::engine::object::{ObjectKey, StoreKey};
use crate::engine::renewal::Validity;
use crate::engine::spread::{ParentKey, Sort};
use crate::provider::CallObserver;
use crate::provider::pool::Pool;
use crate::traces;

#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    provider_calls: IntCounterVec,
    /// In the order of [`Kind::ALL`].
    objects: [Objects; Kind::ALL.len()],
    controllers: Controllers,
    queues: Queues,
    looked_at: Mutex<Vec<Weak<QueueMetrics>>>,
    webhooks: Webhooks,
    api_requests: IntCounterVec,
    problems: IntCounterVec,
    pub events_dropped: IntCounter,
    leads: IntGaugeVec,
    pool: OnceLock<Weak<Pool>>,
    audit: OnceLock<Arc<Tally>>,
    traces: OnceLock<Arc<Tally>>,
    certificate: OnceLock<Shown>,
    with_labels: AtomicBool,
}

impl Metrics {
    /// Fails only when two families bear one name, which a test rules out.
    pub fn new() -> Result<Arc<Self>, prometheus::Error> {
        let registry = Registry::new();
        let add = Families(&registry);
        Ok(Arc::new(Self {
            provider_calls: add.counter(
                "externalsecret_provider_api_calls_count",
                "Calls to backends",
                &["provider", "call", "status"],
            )?,
            objects: Kind::ALL.map(|kind| Objects::new(kind.name())),
            controllers: Controllers::new(&add)?,
            queues: Queues::new(&add)?,
            looked_at: Mutex::default(),
            webhooks: Webhooks::new(&add)?,
            api_requests: add.counter(
                "rest_client_requests_total",
                "Requests to the API server",
                &["code", "method", "host"],
            )?,
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
            traces: OnceLock::new(),
            certificate: OnceLock::new(),
            with_labels: AtomicBool::default(),
            registry,
        }))
    }

    /// Everything, in the text format.
    pub fn render(&self) -> String {
        let mut text = String::new();
        let queues = self.looked_at.lock().unwrap_or_else(PoisonError::into_inner);
        queues
            .iter()
            .filter_map(Weak::upgrade)
            .for_each(|queue| queue.look());
        drop(queues);
        // Writing into memory fails only for families without a name, of which there are none.
        let _ = TextEncoder::new().encode_utf8(&self.registry.gather(), &mut text);
        for objects in &self.objects {
            objects.render(self.with_labels.load(Relaxed), &mut text);
        }
        if let Some(pool) = self.pool.get().and_then(Weak::upgrade) {
            backends::render(&pool.vitals(), &mut text);
        }
        if let Some(tally) = self.audit.get() {
            let helps = [
                "Lines of the audit that were written",
                "Lines of the audit that were lost",
            ];
            render_tally("audit_lines", helps, tally, &mut text);
        }
        if let Some(tally) = self.traces.get() {
            let helps = ["Spans of traces that were sent", "Spans of traces that were lost"];
            render_tally("trace_spans", helps, tally, &mut text);
        }
        if let Some(validity) = self.certificate.get().and_then(Shown::validity) {
            render_certificate(validity, &mut text);
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
    pub fn tell_of_audit(&self, courier: Option<&Courier>) {
        if let Some(courier) = courier {
            // There is one audit in a process.
            let _ = self.audit.set(courier.tally.clone());
        }
    }

    /// The same of spans.
    pub fn tell_of_traces(&self, courier: Option<&Courier>) {
        if let Some(courier) = courier {
            let _ = self.traces.set(courier.tally.clone());
        }
    }

    /// From now on series of objects carry their recommended labels.
    pub fn with_labels(&self) {
        self.with_labels.store(true, Relaxed);
    }

    /// What an object is labelled with, for series that carry that.
    pub fn labelled(&self, kind: Kind, key: &ObjectKey, labels: Option<&BTreeMap<String, String>>) {
        if self.with_labels.load(Relaxed) {
            self.of(kind).labelled(key, labels);
        }
    }

    /// How an object stands after a reconcile.
    pub fn ready(&self, kind: Kind, key: &ObjectKey, status: ConditionStatus) {
        self.of(kind).ready(key, status);
    }

    /// How long a reconcile of an object took.
    pub fn took(&self, kind: Kind, key: &ObjectKey, took: Duration) {
        self.of(kind).took(key, took);
    }

    /// The object is gone, or none of ours.
    pub fn forget(&self, kind: Kind, key: &ObjectKey) {
        self.of(kind).forget(key);
    }

    pub fn synced(&self, key: &ObjectKey, failed: bool, took: Duration) {
        self.of(Kind::ExternalSecret).synced(key, failed, took);
    }

    pub fn external_secret_stands(&self, key: &ObjectKey, standing: Standing) {
        self.of(Kind::ExternalSecret).stands(key, standing);
    }

    /// Whether a change is held back.
    pub fn external_secret_held(&self, key: &ObjectKey, is_held: bool) {
        self.of(Kind::ExternalSecret).held(key, is_held);
    }

    /// It was synced: by a store that stands in for its own, or not.
    pub fn external_secret_answered(&self, key: &ObjectKey, by_fallback: bool) {
        self.of(Kind::ExternalSecret).answered(key, by_fallback);
    }

    /// What ends first of what it was lent.
    pub fn external_secret_lent(&self, key: &ObjectKey, term: Option<Term>) {
        self.of(Kind::ExternalSecret).lent(key, term);
    }

    /// A failure, which the trace of this turn tells, too.
    pub fn problem(&self, controller: &'static str, reason: &'static str) {
        traces::failed(reason);
        self.problems.with_label_values(&[controller, reason]).inc();
    }

    /// Whether we hold the lease of this name, once there is an election.
    pub fn leads(&self, lease: &str, leads: bool) {
        self.leads.with_label_values(&[lease]).set(i64::from(leads));
    }

    /// The view of one controller's queue.
    pub fn queue(&self, controller: &'static str, workers: usize) -> Arc<QueueMetrics> {
        let queue = QueueMetrics::new(&self.controllers, &self.queues, controller, workers);
        let queue = Arc::new(queue);
        let mut queues = self.looked_at.lock().unwrap_or_else(PoisonError::into_inner);
        queues.push(Arc::downgrade(&queue));
        queue
    }

    /// The view of one webhook, by its path.
    pub fn webhook(&self, path: &'static str) -> WebhookMetrics {
        self.webhooks.of(path)
    }

    /// From now on it is told until when the webhook's certificate is valid.
    pub fn tell_of_certificate(&self, shown: &Shown) {
        // There is one webhook in a process.
        let _ = self.certificate.set(shown.clone());
    }

    /// What counts the requests of a client of this API server.
    pub fn count_requests(&self, host: &str) -> CountRequests {
        CountRequests {
            requests: self.api_requests.clone(),
            host: host.into(),
        }
    }

    fn of(&self, kind: Kind) -> &Objects {
        &self.objects[kind as usize]
    }
}

/// Stores of either kind, and the name among those of its kind.
pub fn store_like(key: &StoreKey) -> (Kind, ObjectKey) {
    let kind = match key {
        StoreKey::Namespaced(_) => Kind::SecretStore,
        StoreKey::Cluster(_) => Kind::ClusterSecretStore,
    };
    let namespace = key.namespace().unwrap_or_default();
    (kind, ObjectKey::new(namespace, key.name()))
}

/// What is spread over namespaces, of either kind, and its name among those of its kind.
pub fn parent_like(key: &ParentKey) -> (Kind, ObjectKey) {
    let kind = match key.sort {
        Sort::ExternalSecret => Kind::ClusterExternalSecret,
        Sort::PushSecret => Kind::ClusterPushSecret,
    };
    (kind, ObjectKey::new("", &key.name))
}

fn render_tally(name: &str, helps: [&'static str; 2], tally: &Tally, text: &mut String) {
    let counts = [("total", tally.delivered()), ("dropped_total", tally.dropped())];
    for ((end, count), help) in counts.into_iter().zip(helps) {
        Exposition::new(text, format!("lockstep_{name}_{end}"), help, "counter").single(count);
    }
}

/// From when and until when the webhook's certificate is valid.
fn render_certificate(validity: Validity, text: &mut String) {
    for (name, help, time) in [
        (
            "not_before",
            "When the webhook's certificate begins",
            validity.from,
        ),
        ("not_after", "When the webhook's certificate ends", validity.until),
    ] {
        let name = format!("lockstep_webhook_certificate_{name}_timestamp_seconds");
        Exposition::new(text, name, help, "gauge").single(time.as_second());
    }
}

impl CallObserver for Metrics {
    fn called(&self, provider: &'static str, call: &'static str, ok: bool) {
        self.provider_calls
            .with_label_values(&[provider, call, if ok { "success" } else { "error" }])
            .inc();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_families_are_told() {
        let metrics = Metrics::new().expect("metrics");
        metrics.synced(&ObjectKey::new("ns", "app"), true, Duration::from_nanos(5));
        let (kind, key) = store_like(&StoreKey::Cluster("all".to_owned()));
        metrics.ready(kind, &key, ConditionStatus::True);
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

    #[test]
    fn each_kind_has_its_own_series() {
        let metrics = Metrics::new().expect("metrics");
        let key = ObjectKey::new("ns", "app");
        for kind in Kind::ALL {
            metrics.took(kind, &key, Duration::from_nanos(7));
        }
        let text = metrics.render();
        for kind in Kind::ALL {
            let line = format!(
                "\n{}_reconcile_duration{{name=\"app\",namespace=\"ns\"}} 7\n",
                kind.name()
            );
            assert!(text.contains(&line), "{line} is missing in\n{text}");
        }
    }

    #[test]
    fn recommended_labels_are_told_where_that_is_wanted() {
        let metrics = Metrics::new().expect("metrics");
        let key = ObjectKey::new("ns", "app");
        let labels = [
            ("app.kubernetes.io/part-of".to_owned(), "shop".to_owned()),
            ("team".to_owned(), "blue".to_owned()),
        ];
        let tell = || {
            metrics.labelled(Kind::PushSecret, &key, Some(&labels.clone().into()));
            metrics.took(Kind::PushSecret, &key, Duration::ZERO);
            metrics.render()
        };
        assert!(tell().contains("\npushsecret_reconcile_duration{name=\"app\",namespace=\"ns\"} 0\n"));
        metrics.with_labels();
        let line = "\npushsecret_reconcile_duration{name=\"app\",namespace=\"ns\",app_kubernetes_io_name=\"\",\
                    app_kubernetes_io_instance=\"\",app_kubernetes_io_version=\"\",app_kubernetes_io_component=\"\",\
                    app_kubernetes_io_part_of=\"shop\",app_kubernetes_io_managed_by=\"\"} 0\n";
        let text = tell();
        assert!(text.contains(line), "{line} is missing in\n{text}");
    }
}
