//! The endpoints of the operator: metrics and probes.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context as _, Result};
use axum::Router;
use axum::http::{StatusCode, header};
use axum::routing::get;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{info, warn};

use crate::telemetry::Metrics;

/// Whether we have seen everything that is there, and can do our work.
#[derive(Clone, Debug, Default)]
pub struct Readiness(Arc<AtomicBool>);

impl Readiness {
    pub fn set(&self) {
        self.0.store(true, Ordering::Release);
    }

    fn get(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

pub fn metrics(metrics: Arc<Metrics>) -> Router {
    let answer = move || {
        let text = metrics.render();
        async move {
            (
                [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")],
                text,
            )
        }
    };
    Router::new().route("/metrics", get(answer))
}

pub fn probes(ready: Readiness) -> Router {
    let readiness = move || {
        let answer = if ready.get() {
            (StatusCode::OK, "ok")
        } else {
            (StatusCode::SERVICE_UNAVAILABLE, "not ready yet")
        };
        async move { answer }
    };
    Router::new()
        .route("/healthz", get(async || "ok"))
        .route("/readyz", get(readiness))
}

/// Serves until told to stop. Fails at once when the address cannot be had.
pub async fn start(
    what: &'static str,
    address: SocketAddr,
    router: Router,
    tasks: &TaskTracker,
    stop: &CancellationToken,
) -> Result<()> {
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("could not serve {what} on {address}"))?;
    info!(what, %address, "serving");
    let stop = stop.clone();
    tasks.spawn(async move {
        let server = axum::serve(listener, router).with_graceful_shutdown(stop.clone().cancelled_owned());
        tokio::select! {
            outcome = server => {
                if let Err(error) = outcome {
                    warn!(what, cause = %error, "serving ended");
                }
            }
            // Connections that stay open do not hold up the end.
            () = async { stop.cancelled().await; tokio::time::sleep(std::time::Duration::from_secs(1)).await } => {}
        }
    });
    Ok(())
}
