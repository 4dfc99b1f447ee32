//! controller-runtime's families of webhooks, one series a path.

use prometheus::{Histogram, HistogramVec, IntCounterVec, IntGauge, IntGaugeVec};
use tokio::time::Instant;

use super::controllers::WIDE_BUCKETS;
use super::families::{Families, Made};

#[derive(Debug)]
pub(super) struct Webhooks {
    requests: IntCounterVec,
    in_flight: IntGaugeVec,
    latency: HistogramVec,
}

/// What one webhook tells, by its path.
#[derive(Clone, Debug)]
pub struct WebhookMetrics {
    path: &'static str,
    requests: IntCounterVec,
    in_flight: IntGauge,
    latency: Histogram,
}

/// A request under way, until it is dropped.
#[derive(Debug)]
pub struct WebhookRequest {
    metrics: WebhookMetrics,
    began: Instant,
}

impl Webhooks {
    pub(super) fn new(add: &Families) -> Made<Self> {
        let by = &["webhook"];
        let name = |family: &str| format!("controller_runtime_webhook_{family}");
        Ok(Self {
            requests: add.counter(
                &name("requests_total"),
                "Requests to a webhook, by the status they were answered with",
                &["webhook", "code"],
            )?,
            in_flight: add.gauge(
                &name("requests_in_flight"),
                "Requests to a webhook that are under way",
                by,
            )?,
            latency: add.histogram(
                &name("latency_seconds"),
                "How long requests to a webhook take",
                WIDE_BUCKETS,
                by,
            )?,
        })
    }

    pub(super) fn of(&self, path: &'static str) -> WebhookMetrics {
        for code in ["200", "500"] {
            self.requests.with_label_values(&[path, code]).reset();
        }
        WebhookMetrics {
            path,
            requests: self.requests.clone(),
            in_flight: self.in_flight.with_label_values(&[path]),
            latency: self.latency.with_label_values(&[path]),
        }
    }
}

impl WebhookMetrics {
    pub fn began(&self) -> WebhookRequest {
        self.in_flight.inc();
        WebhookRequest {
            metrics: self.clone(),
            began: Instant::now(),
        }
    }
}

impl WebhookRequest {
    pub fn answered(self, status: u16) {
        let code = status.to_string();
        let requests = &self.metrics.requests;
        requests
            .with_label_values(&[self.metrics.path, code.as_str()])
            .inc();
    }
}

impl Drop for WebhookRequest {
    fn drop(&mut self) {
        self.metrics.in_flight.dec();
        let took = self.began.elapsed().as_secs_f64();
        self.metrics.latency.observe(took);
    }
}

#[cfg(test)]
mod tests {
    use crate::telemetry::Metrics;

    #[test]
    fn a_request_is_under_way_until_it_is_answered_or_given_up() {
        let metrics = Metrics::new().expect("metrics");
        let webhook = metrics.webhook("/validate");
        let tells = |line: &str| {
            let text = metrics.render();
            let line = format!("\ncontroller_runtime_webhook_{line}\n");
            assert!(text.contains(&line), "{line} is missing in {text}");
        };
        tells("requests_total{code=\"500\",webhook=\"/validate\"} 0");
        let (first, second) = (webhook.began(), webhook.began());
        tells("requests_in_flight{webhook=\"/validate\"} 2");
        first.answered(200);
        drop(second);
        tells("requests_in_flight{webhook=\"/validate\"} 0");
        tells("requests_total{code=\"200\",webhook=\"/validate\"} 1");
        tells("latency_seconds_count{webhook=\"/validate\"} 2");
    }
}
