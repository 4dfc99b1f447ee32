//! The metrics endpoint: where it is, whether it speaks TLS, and who may read it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Result, bail};
use clap::{ArgAction, Args};
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::warn;

use super::flags::{Address, METRICS, parse_address};
use crate::certificates::files::{Files, LOOKS_EVERY};
use crate::certificates::{Shown, self_signed};
use crate::server::access::Door;
use crate::server::{self, tls};
use crate::telemetry::Metrics;

#[expect(clippy::struct_field_names, reason = "they are the names of ESO's flags")]
#[derive(Clone, Debug, Args)]
pub struct MetricsFlags {
    /// Where metrics are served. `0` serves none.
    #[arg(long, help_heading = METRICS, value_name = "ADDRESS", default_value = ":8080", value_parser = parse_address)]
    pub metrics_addr: Address,
    /// Serve them over TLS.
    #[arg(
        long, help_heading = METRICS, value_name = "BOOL", num_args = 0..=1, require_equals = true,
        default_value = "false", default_missing_value = "true", action = ArgAction::Set
    )]
    pub metrics_secure: bool,
    /// Serve them only to those who show a token whose user may `get` the path /metrics. Takes --metrics-secure.
    #[arg(
        long, help_heading = METRICS, value_name = "BOOL", num_args = 0..=1, require_equals = true,
        default_value = "false", default_missing_value = "true", action = ArgAction::Set
    )]
    pub metrics_auth: bool,
    /// The folder with the certificate that they are served with, read again when it changes [default: a certificate
    /// that nobody has signed]
    #[arg(long, help_heading = METRICS, value_name = "FOLDER")]
    pub metrics_cert_dir: Option<PathBuf>,
    /// The certificate in that folder.
    #[arg(long, help_heading = METRICS, value_name = "FILE", default_value = "tls.crt")]
    pub metrics_cert_name: String,
    /// Its key.
    #[arg(long, help_heading = METRICS, value_name = "FILE", default_value = "tls.key")]
    pub metrics_key_name: String,
}

impl MetricsFlags {
    /// Serves metrics from now on. The door, if there is one, has to be told whom to ask.
    pub async fn serve(
        &self,
        metrics: &Arc<Metrics>,
        tasks: &TaskTracker,
        stop: &CancellationToken,
    ) -> Result<Option<Door>> {
        let door = self.metrics_auth.then(Door::default);
        if door.is_some() && !self.metrics_secure {
            bail!("--metrics-auth takes --metrics-secure: without TLS, whoever listens has the token");
        }
        let Some(address) = self.metrics_addr.0 else {
            return Ok(None);
        };
        let router = server::metrics(metrics.clone(), door.clone());
        if self.metrics_secure {
            self.serve_tls(address, router, tasks, stop).await?;
        } else {
            server::start("metrics", address, router, tasks, stop).await?;
        }
        Ok(door)
    }

    async fn serve_tls(
        &self,
        address: SocketAddr,
        router: axum::Router,
        tasks: &TaskTracker,
        stop: &CancellationToken,
    ) -> Result<()> {
        let shown = Shown::default();
        // As in ESO there is always one, for scrapers that do not look at it.
        let own = self_signed("lockstep-metrics", Timestamp::now())?;
        if let Err(why) = shown.show(&own) {
            warn!(why, "no certificate for the metrics yet");
        }
        if let Some(folder) = &self.metrics_cert_dir {
            // ESO's chart gives whole paths for names; those lead to the same files.
            let files = Files::new(folder, &self.metrics_cert_name, &self.metrics_key_name);
            tasks.spawn(files.follow(shown.clone(), LOOKS_EVERY, stop.clone()));
        }
        let settings = (&tls::Settings::default(), shown);
        server::start_tls("metrics", address, router, settings, tasks, stop).await
    }
}
