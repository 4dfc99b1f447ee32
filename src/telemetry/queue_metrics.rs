//! What a queue tells: the families that controller-runtime and client-go's work queues have.

use std::sync::Arc;
use std::time::Duration;

use super::Metrics;
use crate::queue::{Next, Observer};

/// What one queue tells.
#[derive(Debug)]
pub struct QueueMetrics {
    metrics: Arc<Metrics>,
    controller: &'static str,
}

impl QueueMetrics {
    pub fn new(metrics: Arc<Metrics>, controller: &'static str) -> Self {
        Self { metrics, controller }
    }
}

impl Observer for QueueMetrics {
    fn added(&self) {
        self.metrics
            .queues
            .adds
            .with_label_values(&[self.controller, self.controller])
            .inc();
    }

    fn depth(&self, waiting: usize) {
        let waiting = i64::try_from(waiting).unwrap_or(i64::MAX);
        self.metrics
            .queues
            .depth
            .with_label_values(&[self.controller, self.controller])
            .set(waiting);
    }

    fn started(&self, waited: Duration) {
        self.metrics
            .controllers
            .active
            .with_label_values(&[self.controller])
            .inc();
        self.metrics
            .queues
            .waited
            .with_label_values(&[self.controller, self.controller])
            .observe(waited.as_secs_f64());
    }

    fn finished(&self, next: Next, took: Duration) {
        let metrics = &self.metrics;
        metrics
            .controllers
            .active
            .with_label_values(&[self.controller])
            .dec();
        metrics
            .controllers
            .time
            .with_label_values(&[self.controller])
            .observe(took.as_secs_f64());
        metrics
            .queues
            .worked
            .with_label_values(&[self.controller, self.controller])
            .observe(took.as_secs_f64());
        let result = match next {
            Next::WhenWoken | Next::Gone => "success",
            Next::After(_) => "requeue_after",
            Next::Backoff | Next::FailedAfter(_) => {
                metrics
                    .controllers
                    .errors
                    .with_label_values(&[self.controller])
                    .inc();
                metrics
                    .queues
                    .retries
                    .with_label_values(&[self.controller, self.controller])
                    .inc();
                "error"
            }
        };
        metrics
            .controllers
            .reconciles
            .with_label_values(&[self.controller, result])
            .inc();
    }

    fn panicked(&self) {
        self.metrics
            .controllers
            .panics
            .with_label_values(&[self.controller])
            .inc();
    }
}
