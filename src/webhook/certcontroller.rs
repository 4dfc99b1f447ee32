//! ESO's third Deployment, for who swaps the image and leaves the manifests as they are: keeps the certificate that
//! `lockstep webhook` is given in a Secret.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::Args;
use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{info, warn};

use super::flags::Accepted;
use crate::certificates::Shown;
use crate::certificates::keeper::Keeper;
use crate::cluster::kube::KubeReviews;
use crate::cluster::kube::webhook::{CONFIGURATIONS, KubeWebhookObjects, Places};
use crate::engine::renewal::Lives;
use crate::operator::{Address, LogFlags, MetricsFlags, client_config, connect, parse_address};
use crate::process::{change_verbosity_on_signals, finish, parse_duration, stop_on_signals};
use crate::server;
use crate::telemetry::Metrics;

/// ESO's certificates live for ten years. Nobody restarts for a new one here, so that they need not.
const LIFE: SignedDuration = SignedDuration::from_hours(90 * 24);

#[derive(Clone, Debug, Args)]
#[command(max_term_width = 110)]
pub struct Flags {
    /// The Service that leads to the webhook.
    #[arg(long, value_name = "NAME", default_value = "external-secrets-webhook")]
    pub service_name: String,
    /// Its namespace.
    #[arg(long, value_name = "NAMESPACE", default_value = "default")]
    pub service_namespace: String,
    /// The Secret that the certificate is kept in.
    #[arg(long, value_name = "NAME", default_value = "external-secrets-webhook")]
    pub secret_name: String,
    /// Its namespace.
    #[arg(long, value_name = "NAMESPACE", default_value = "default")]
    pub secret_namespace: String,
    /// How often it is looked at.
    #[arg(long, value_name = "DURATION", default_value = "5m", value_parser = parse_duration)]
    pub crd_requeue_interval: Duration,
    #[command(flatten)]
    pub metrics: MetricsFlags,
    /// Where /healthz and /readyz are served. `0` serves none.
    #[arg(long, value_name = "ADDRESS", default_value = ":8081", value_parser = parse_address)]
    pub healthz_addr: Address,
    #[command(flatten)]
    pub logs: LogFlags,
    #[command(flatten)]
    pub accepted: Accepted,
    /// CRDs need no certificate, for none is converted by a webhook.
    #[arg(long, hide = true, value_delimiter = ',')]
    pub crd_names: Vec<String>,
    #[arg(long, hide = true, num_args = 0..=1, default_missing_value = "true")]
    pub enable_partial_cache: Option<String>,
    /// Whoever is second sees that in the Secret's version.
    #[arg(long, hide = true, num_args = 0..=1, default_missing_value = "true")]
    pub enable_leader_election: Option<String>,
}

/// Runs until told to stop.
pub async fn run(flags: &Flags) -> Result<()> {
    let verbosity = flags.logs.start();
    flags.accepted.warn();
    warn!(
        "nobody needs this program any more: the operator serves the webhook and makes its certificates itself with \
         --webhook-port; until then, this one keeps up the certificate of `lockstep webhook`"
    );
    let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
    stop_on_signals(&tasks, &stop)?;
    change_verbosity_on_signals(verbosity, &tasks, &stop)?;
    let metrics = Metrics::new().context("could not set up the metrics")?;
    let door = flags.metrics.serve(&metrics, &tasks, &stop).await?;
    let client = connect(client_config().await?, &metrics, &stop).await?;
    if let Some(door) = door {
        door.ask(Arc::new(KubeReviews::new(client.clone())));
    }
    let shown = Shown::default();
    metrics.tell_of_certificate(&shown);
    if let Some(address) = flags.healthz_addr.0 {
        let shown = shown.clone();
        let probes = server::probes_of(move || shown.validity().is_some());
        server::start("probes", address, probes, &tasks, &stop).await?;
    }
    tasks.spawn(keeper(flags, client, shown).run(stop.clone()));
    stop.cancelled().await;
    finish(&tasks).await;
    info!("stopped");
    Ok(())
}

fn keeper(flags: &Flags, client: kube::Client, shown: Shown) -> Keeper {
    let places = Places {
        namespace: flags.service_namespace.clone(),
        service: flags.service_name.clone(),
        secret_namespace: flags.secret_namespace.clone(),
        secret: flags.secret_name.clone(),
        configurations: CONFIGURATIONS.map(str::to_owned).to_vec(),
    };
    Keeper {
        names: places.names(),
        objects: Arc::new(KubeWebhookObjects::new(client, places)),
        lives: Lives::of(LIFE),
        interval: flags
            .crd_requeue_interval
            .clamp(Duration::from_secs(1), Duration::from_hours(1)),
        shown,
        clock: Timestamp::now,
    }
}
