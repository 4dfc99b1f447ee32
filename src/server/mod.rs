//! What lockstep serves: metrics, probes, and the webhook.

pub mod access;
pub mod admission;
pub mod tls;

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context as _, Result};
use axum::Router;
use axum::http::{HeaderMap, StatusCode, header};
use axum::routing::get;
use axum::serve::Listener;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{info, warn};

use self::access::Door;
use self::tls::TlsListener;
use crate::certificates::Shown;
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

/// The metrics, for those whom the door lets in, if there is one.
pub fn metrics(metrics: Arc<Metrics>, door: Option<Door>) -> Router {
    let answer = async move |headers: HeaderMap| {
        if let Some(door) = &door {
            door.admit(&headers).await?;
        }
        let form = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
        Ok::<_, StatusCode>((form, metrics.render()))
    };
    Router::new().route("/metrics", get(answer))
}

pub fn probes(ready: Readiness) -> Router {
    probes_of(move || ready.get())
}

/// The same, of one who asks each time.
pub fn probes_of(is_ready: impl Fn() -> bool + Clone + Send + Sync + 'static) -> Router {
    let readiness = move || {
        let answer = if is_ready() {
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
    let listener = bind(what, address).await?;
    tasks.spawn(serve(what, listener, router, stop.clone()));
    Ok(())
}

/// The same over TLS, with whatever certificate is shown.
pub async fn start_tls(
    what: &'static str,
    address: SocketAddr,
    router: Router,
    tls: (&tls::Settings, Shown),
    tasks: &TaskTracker,
    stop: &CancellationToken,
) -> Result<()> {
    let listener = bind(what, address).await?;
    let (settings, shown) = tls;
    let listener = TlsListener::new(listener, settings, shown)
        .with_context(|| format!("could not serve {what} over TLS"))?;
    tasks.spawn(serve(what, listener, router, stop.clone()));
    Ok(())
}

/// Every address of this machine, as Go listens on `:PORT`: of both families where there are both.
pub fn everywhere(port: u16) -> SocketAddr {
    let has_ipv6 = std::net::TcpListener::bind((Ipv6Addr::UNSPECIFIED, 0)).is_ok();
    if has_ipv6 {
        (Ipv6Addr::UNSPECIFIED, port).into()
    } else {
        (Ipv4Addr::UNSPECIFIED, port).into()
    }
}

async fn bind(what: &'static str, address: SocketAddr) -> Result<TcpListener> {
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("could not serve {what} on {address}"))?;
    info!(what, %address, "serving");
    Ok(listener)
}

async fn serve<L>(what: &'static str, listener: L, router: Router, stop: CancellationToken)
where
    L: Listener,
    L::Addr: std::fmt::Debug,
{
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
}
