//! What one queue tells. Its series are there from the beginning, at 0, and found once: a turn costs no look-up.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use prometheus::{Gauge, Histogram, IntCounter, IntGauge};
use tokio::time::Instant;

use super::controllers::{Controllers, Queues};
use crate::queue::{Depth, Next, Observer};

/// The names that controller-runtime has for what was changed, and for what is merely due.
const PRIORITIES: [&str; 2] = ["0", "-100"];

#[derive(Debug)]
pub struct QueueMetrics {
    added: IntCounter,
    retried: IntCounter,
    urgent: IntGauge,
    periodic: IntGauge,
    waited: Histogram,
    worked: Histogram,
    took: Histogram,
    active: IntGauge,
    results: Results,
    failed: IntCounter,
    panicked: IntCounter,
    unfinished: Gauge,
    longest: Gauge,
    turns: Mutex<Turns>,
}

#[derive(Debug)]
struct Results {
    success: IntCounter,
    error: IntCounter,
    requeue_after: IntCounter,
}

/// Those under way, by number.
#[derive(Debug, Default)]
struct Turns {
    last: u64,
    began: BTreeMap<u64, Instant>,
}

impl QueueMetrics {
    pub(super) fn new(controllers: &Controllers, queues: &Queues, name: &'static str, limit: usize) -> Self {
        let result = |result| controllers.reconciles.with_label_values(&[name, result]);
        // Nothing of ours comes back at once without having failed.
        result("requeue").reset();
        for family in &controllers.never {
            family.with_label_values(&[name]).reset();
        }
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        controllers.limit.with_label_values(&[name]).set(limit);
        let (of_controller, of_queue) = (&[name], &[name, name]);
        let depth = |priority| queues.depth.with_label_values(&[name, name, priority]);
        let [urgent, periodic] = PRIORITIES.map(depth);
        Self {
            added: queues.adds.with_label_values(of_queue),
            retried: queues.retries.with_label_values(of_queue),
            urgent,
            periodic,
            waited: queues.waited.with_label_values(of_queue),
            worked: queues.worked.with_label_values(of_queue),
            took: controllers.time.with_label_values(of_controller),
            active: controllers.active.with_label_values(of_controller),
            results: Results {
                success: result("success"),
                error: result("error"),
                requeue_after: result("requeue_after"),
            },
            failed: controllers.errors.with_label_values(of_controller),
            panicked: controllers.panics.with_label_values(of_controller),
            unfinished: queues.unfinished.with_label_values(of_queue),
            longest: queues.longest.with_label_values(of_queue),
            turns: Mutex::default(),
        }
    }

    /// Says how long the turns under way have taken by now.
    pub(super) fn look(&self) {
        let turns = self.turns();
        let took = turns.began.values().map(|began| began.elapsed().as_secs_f64());
        let (sum, longest) = took.fold((0.0, 0.0_f64), |(sum, longest), took| {
            (sum + took, longest.max(took))
        });
        self.unfinished.set(sum);
        self.longest.set(longest);
    }

    fn turns(&self) -> MutexGuard<'_, Turns> {
        self.turns.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for QueueMetrics {
    fn added(&self) {
        self.added.inc();
    }

    fn depth(&self, depth: Depth) {
        let count = |objects| i64::try_from(objects).unwrap_or(i64::MAX);
        self.urgent.set(count(depth.urgent));
        self.periodic.set(count(depth.periodic));
    }

    fn started(&self, waited: Duration) -> u64 {
        self.active.inc();
        self.waited.observe(waited.as_secs_f64());
        let mut turns = self.turns();
        turns.last += 1;
        let number = turns.last;
        turns.began.insert(number, Instant::now());
        number
    }

    fn finished(&self, turn: u64, next: Next, took: Duration) {
        self.turns().began.remove(&turn);
        self.active.dec();
        self.took.observe(took.as_secs_f64());
        self.worked.observe(took.as_secs_f64());
        match next {
            Next::WhenWoken | Next::Gone => self.results.success.inc(),
            Next::After(_) => self.results.requeue_after.inc(),
            Next::Stuck => {
                self.results.error.inc();
                self.failed.inc();
            }
            Next::Backoff | Next::BackoffWithin(_) | Next::FailedAfter(_) => {
                self.results.error.inc();
                self.failed.inc();
                self.retried.inc();
            }
        }
    }

    fn panicked(&self) {
        self.panicked.inc();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::Metrics;

    #[tokio::test(start_paused = true)]
    async fn turns_under_way_are_told_together_and_by_the_longest() {
        let metrics = Metrics::new().expect("metrics");
        let queue = metrics.queue("externalsecret", 7);
        let first = queue.started(Duration::ZERO);
        tokio::time::advance(Duration::from_secs(3)).await;
        let _second = queue.started(Duration::ZERO);
        tokio::time::advance(Duration::from_secs(2)).await;
        let of_queue = "{controller=\"externalsecret\",name=\"externalsecret\"}";
        let tells = |text: &str, seconds: &str| {
            let line = format!("\nworkqueue_{text}_seconds{of_queue} {seconds}\n");
            let metrics = metrics.render();
            assert!(metrics.contains(&line), "{line} is missing in {metrics}");
        };
        tells("unfinished_work", "7");
        tells("longest_running_processor", "5");
        queue.finished(first, Next::WhenWoken, Duration::from_secs(5));
        tells("unfinished_work", "2");
        tells("longest_running_processor", "2");
    }

    #[test]
    fn series_are_there_before_anything_happens_and_lanes_have_theirs() {
        let metrics = Metrics::new().expect("metrics");
        let queue = metrics.queue("externalsecret", 7);
        queue.depth(Depth {
            urgent: 2,
            periodic: 5,
        });
        let text = metrics.render();
        let of_queue = "controller=\"externalsecret\",name=\"externalsecret\"";
        for line in [
            "controller_runtime_reconcile_total{controller=\"externalsecret\",result=\"requeue\"} 0",
            "controller_runtime_reconcile_panics_total{controller=\"externalsecret\"} 0",
            "controller_runtime_reconcile_timeouts_total{controller=\"externalsecret\"} 0",
            "controller_runtime_max_concurrent_reconciles{controller=\"externalsecret\"} 7",
            &format!("workqueue_depth{{{of_queue},priority=\"0\"}} 2"),
            &format!("workqueue_depth{{{of_queue},priority=\"-100\"}} 5"),
        ] {
            assert!(
                text.contains(&format!("\n{line}\n")),
                "{line} is missing in\n{text}"
            );
        }
    }
}
