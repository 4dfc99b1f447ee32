//! The face that answers the API server, as a program of its own: ESO's second Deployment.
//!
//! It takes its certificate from a folder, and knows nothing of a cluster. In the operator the same webhook runs
//! beside everything else, and makes its certificates itself.

pub mod certcontroller;
mod flags;

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{info, warn};

use crate::certificates::Shown;
use crate::certificates::files::{Files, LOOKS_EVERY};
use crate::cluster::kube::KubeReviews;
use crate::operator::{client_config, connect};
use crate::process::{change_verbosity_on_signals, finish, stop_on_signals};
use crate::server::access::Door;
use crate::server::{self, admission};
use crate::telemetry::Metrics;

pub use self::flags::{Flags, TlsFlags};

/// Runs until told to stop.
pub async fn run(flags: &Flags) -> Result<()> {
    let verbosity = flags.logs.start();
    flags.accepted.warn();
    let (tasks, stop, silence) = (
        TaskTracker::new(),
        CancellationToken::new(),
        CancellationToken::new(),
    );
    stop_on_signals(&tasks, &stop)?;
    change_verbosity_on_signals(verbosity, &tasks, &stop)?;
    let metrics = Metrics::new().context("could not set up the metrics")?;
    let shown = Shown::default();
    metrics.tell_of_certificate(&shown);
    let files = Files::new(&flags.cert_dir, "tls.crt", "tls.key");
    tasks.spawn(files.follow(shown.clone(), LOOKS_EVERY.min(flags.check_interval), stop.clone()));
    if let Some(door) = flags.metrics.serve(&metrics, &tasks, &stop).await? {
        tasks.spawn(tend(door, metrics.clone(), stop.clone()));
    }
    if let Some(address) = flags.healthz_addr.0 {
        let (shown, name) = (shown.clone(), flags.dns_name.clone());
        let probes = server::probes_of(move || shown.is_good(&name, Timestamp::now()));
        server::start("probes", address, probes, &tasks, &stop).await?;
    }
    let address = server::everywhere(flags.port);
    let serving = (&flags.tls.settings()?, shown.clone());
    server::start_tls(
        "the webhook",
        address,
        admission::router(&metrics),
        serving,
        &tasks,
        &silence,
    )
    .await?;
    tasks.spawn(watch_over(shown, flags.clone(), stop.clone()));
    stop.cancelled().await;
    tokio::time::sleep(admission::LINGER).await;
    silence.cancel();
    finish(&tasks).await;
    info!("stopped");
    Ok(())
}

/// Finds the cluster that says who may read the metrics. Admission waits for nothing of that.
async fn tend(door: Door, metrics: Arc<Metrics>, stop: CancellationToken) {
    let client = async { connect(client_config().await?, &metrics, &stop).await };
    match client.await {
        Ok(client) => door.ask(Arc::new(KubeReviews::new(client))),
        Err(error) => {
            let why = format!("{error:#}");
            warn!(
                why,
                "nobody may read the metrics: --metrics-auth has no cluster to ask who may"
            );
        }
    }
}

/// Tells of a certificate that will soon be of no use. ESO ends itself then; we go on with what there is.
async fn watch_over(shown: Shown, flags: Flags, stop: CancellationToken) {
    let ahead = SignedDuration::try_from(flags.lookahead_interval).unwrap_or(SignedDuration::ZERO);
    loop {
        tokio::select! {
            () = tokio::time::sleep(flags.check_interval.max(Duration::from_secs(1))) => {}
            () = stop.cancelled() => return,
        }
        let now = Timestamp::now();
        if !shown.is_good(&flags.dns_name, now) {
            let name = &flags.dns_name;
            warn!(
                name,
                "there is no certificate that is valid for the webhook's name"
            );
        } else if !shown.is_good(&flags.dns_name, now.checked_add(ahead).unwrap_or(Timestamp::MAX)) {
            let until = shown.validity().map(|validity| validity.until);
            warn!(
                ?until,
                "the webhook's certificate ends soon, and nobody has renewed it"
            );
        }
    }
}
