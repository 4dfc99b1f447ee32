//! Where a face's process tells what it does, beside its log and its metrics: the audit, and traces.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use futures::future::join_all;

use crate::audit::{self, Audit, AuditFlags};
use crate::courier::Courier;
use crate::provider::pool::Pool;
use crate::telemetry::Metrics;
use crate::traces::{self, TraceFlags, Traces};

#[derive(Debug)]
pub struct Outlets {
    pub audit: Audit,
    pub traces: Traces,
    lines: Option<Courier>,
    spans: Option<Courier>,
}

impl Outlets {
    /// Opens what flags and variables name; what they do not name is off.
    pub fn open(audit: &AuditFlags, traces: &TraceFlags) -> Result<Self> {
        let (audit, lines) = audit::open(audit)?;
        let (traces, spans) = traces::open(traces, variable)?;
        Ok(Self {
            audit,
            traces,
            lines,
            spans,
        })
    }

    /// Attempts to connect through this pool are told, too.
    pub fn watch(&self, pool: &Pool) {
        if self.audit.is_on() {
            pool.observe(Arc::new(self.audit.clone()));
        }
    }

    /// What becomes of lines and spans is told with the metrics.
    pub fn count(&self, metrics: &Metrics) {
        metrics.tell_of_audit(self.lines.as_ref());
        metrics.tell_of_traces(self.spans.as_ref());
    }

    /// Sends what is queued, as far as that is done within this time.
    pub async fn close(self, within: Duration) {
        let couriers = self.lines.into_iter().chain(self.spans);
        join_all(couriers.map(|courier| courier.close(within))).await;
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "OpenTelemetry's settings stand in variables"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
