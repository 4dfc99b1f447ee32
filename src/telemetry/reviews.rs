//! controller-runtime's families of a webhook.

use std::time::Duration;

use prometheus::{HistogramVec, IntCounterVec, IntGauge, IntGaugeVec};

use super::metrics::{Families, QUEUE_BUCKETS};

#[derive(Debug)]
pub struct Reviews {
    requests: IntCounterVec,
    in_flight: IntGaugeVec,
    latency: HistogramVec,
}

/// Counts as long as it is held. Whoever asked may hang up at any time.
#[derive(Debug)]
pub struct UnderWay(IntGauge);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Reviews {
    pub(super) fn new(add: &Families) -> Result<Self, prometheus::Error> {
        let name = |family: &str| format!("controller_runtime_webhook_{family}");
        let by = &["webhook"];
        Ok(Self {
            requests: add.counter(
                &name("requests_total"),
                "Questions of the API server, by how they were answered",
                &["webhook", "code"],
            )?,
            in_flight: add.gauge(
                &name("requests_in_flight"),
                "Questions of the API server that are being answered",
                by,
            )?,
            latency: add.histogram(
                &name("latency_seconds"),
                "How long answers take",
                QUEUE_BUCKETS,
                by,
            )?,
        })
    }

    /// From now on there are series of this webhook, the one of failures too.
    pub fn serve(&self, webhook: &str) {
        for code in ["200", "500"] {
            self.requests.with_label_values(&[webhook, code]).inc_by(0);
        }
        drop(self.begun(webhook));
    }

    /// A question is under way until what is returned is dropped.
    pub fn begun(&self, webhook: &str) -> UnderWay {
        let gauge = self.in_flight.with_label_values(&[webhook]);
        gauge.inc();
        UnderWay(gauge)
    }

    pub fn answered(&self, webhook: &str, code: u16, took: Duration) {
        self.requests
            .with_label_values(&[webhook, &code.to_string()])
            .inc();
        self.latency
            .with_label_values(&[webhook])
            .observe(took.as_secs_f64());
    }
}
