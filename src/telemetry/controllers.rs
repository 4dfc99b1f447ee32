//! The families that controller-runtime and client-go's work queues have, one series a controller.

use prometheus::{GaugeVec, HistogramVec, IntCounterVec, IntGaugeVec};

use super::families::{Families, Made};

/// controller-runtime's buckets, in seconds.
const RECONCILE_BUCKETS: &[f64] = &[
    0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.25,
    1.5, 1.75, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 15.0, 20.0, 25.0, 30.0, 40.0,
    50.0, 60.0,
];

/// Those of its queues and webhooks.
pub(super) const WIDE_BUCKETS: &[f64] = &[
    1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0, 100.0, 1000.0,
];

#[derive(Debug)]
pub(super) struct Controllers {
    pub(super) reconciles: IntCounterVec,
    pub(super) errors: IntCounterVec,
    /// Those that are not tried again, which we always are, and those that took too long, of which there are none:
    /// each call in a reconcile has a deadline. Dashboards find both at 0.
    pub(super) never: [IntCounterVec; 2],
    pub(super) panics: IntCounterVec,
    pub(super) time: HistogramVec,
    pub(super) active: IntGaugeVec,
    pub(super) limit: IntGaugeVec,
}

#[derive(Debug)]
pub(super) struct Queues {
    pub(super) depth: IntGaugeVec,
    pub(super) adds: IntCounterVec,
    pub(super) retries: IntCounterVec,
    pub(super) unfinished: GaugeVec,
    pub(super) longest: GaugeVec,
    pub(super) waited: HistogramVec,
    pub(super) worked: HistogramVec,
}

impl Controllers {
    pub(super) fn new(add: &Families) -> Made<Self> {
        let by = &["controller"];
        let name = |family: &str| format!("controller_runtime_{family}");
        let counter = |family: &str, help: &str| add.counter(&name(family), help, by);
        Ok(Self {
            reconciles: add.counter(
                &name("reconcile_total"),
                "Reconciles by their result",
                &["controller", "result"],
            )?,
            errors: counter("reconcile_errors_total", "Reconciles that failed")?,
            never: [
                counter(
                    "terminal_reconcile_errors_total",
                    "Reconciles that failed for good",
                )?,
                counter("reconcile_timeouts_total", "Reconciles that took too long")?,
            ],
            panics: counter("reconcile_panics_total", "Reconciles that panicked")?,
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
    pub(super) fn new(add: &Families) -> Made<Self> {
        let by = &["name", "controller"];
        let name = |family: &str| format!("workqueue_{family}");
        let counter = |family: &str, help: &str| add.counter(&name(family), help, by);
        let seconds = |family: &str, help: &str| add.fine_gauge(&name(family), help, by);
        let spread = |family: &str, help: &str| add.histogram(&name(family), help, WIDE_BUCKETS, by);
        Ok(Self {
            depth: add.gauge(
                &name("depth"),
                "Objects that are due and wait",
                &["name", "controller", "priority"],
            )?,
            adds: counter("adds_total", "Objects that were put into the queue")?,
            retries: counter("retries_total", "Objects that are tried again after a failure")?,
            unfinished: seconds(
                "unfinished_work_seconds",
                "How long the turns under way have taken together",
            )?,
            longest: seconds(
                "longest_running_processor_seconds",
                "How long the longest of the turns under way has taken",
            )?,
            waited: spread("queue_duration_seconds", "How long objects wait")?,
            worked: spread("work_duration_seconds", "How long a turn takes")?,
        })
    }
}
