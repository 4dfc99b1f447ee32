//! The flags of ESO's `webhook`, by name and meaning.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::Args;
use tracing::warn;

use crate::operator::{Address, LogFlags, MetricsFlags, parse_address};
use crate::process::parse_duration;
use crate::server::tls;

#[derive(Clone, Debug, Args)]
#[command(max_term_width = 110)]
pub struct Flags {
    /// Where the API server asks.
    #[arg(long, value_name = "PORT", default_value_t = 10250)]
    pub port: u16,
    /// The name that the certificate has to be for.
    #[arg(long, value_name = "NAME", default_value = "localhost")]
    pub dns_name: String,
    /// The folder with tls.crt and tls.key.
    #[arg(
        long,
        value_name = "FOLDER",
        default_value = "/tmp/k8s-webhook-server/serving-certs"
    )]
    pub cert_dir: PathBuf,
    /// How often it is looked at whether the certificate is still valid. A new one is shown within seconds.
    #[arg(long, value_name = "DURATION", default_value = "5m", value_parser = parse_duration)]
    pub check_interval: Duration,
    /// How long it has to be valid for nobody to be warned.
    #[arg(long, value_name = "DURATION", default_value = "2160h", value_parser = parse_duration)]
    pub lookahead_interval: Duration,
    #[command(flatten)]
    pub metrics: MetricsFlags,
    /// Where /healthz and /readyz are served. `0` serves none.
    #[arg(long, value_name = "ADDRESS", default_value = ":8081", value_parser = parse_address)]
    pub healthz_addr: Address,
    #[command(flatten)]
    pub tls: TlsFlags,
    #[command(flatten)]
    pub logs: LogFlags,
    #[command(flatten)]
    pub accepted: Accepted,
}

/// Which TLS is spoken.
#[derive(Clone, Debug, Args)]
pub struct TlsFlags {
    /// The ciphers of TLS 1.2 that are spoken, by Go's names [default: all that are safe]
    #[arg(long, value_name = "NAME,…", default_value = "", hide_default_value = true)]
    pub tls_ciphers: String,
    /// The oldest TLS that is spoken: 1.2 or 1.3.
    #[arg(long, value_name = "VERSION", default_value = "1.2")]
    pub tls_min_version: String,
}

impl TlsFlags {
    pub fn settings(&self) -> Result<tls::Settings> {
        let refused = anyhow::Error::msg::<String>;
        Ok(tls::Settings {
            only_newest: tls::Settings::parse_version(&self.tls_min_version)
                .map_err(refused)
                .context("the oldest version of TLS")?,
            ciphers: tls::Settings::parse_ciphers(&self.tls_ciphers)
                .map_err(refused)
                .context("the ciphers of TLS")?,
        })
    }
}

/// Flags of ESO's that do nothing here, and are accepted so that existing manifests start.
#[derive(Clone, Debug, Args)]
pub struct Accepted {
    #[arg(long, hide = true, num_args = 0..=1, default_missing_value = "true")]
    enable_http2: Option<String>,
}

impl Accepted {
    pub fn warn(&self) {
        if self.enable_http2.is_some() {
            let flag = "--enable-http2";
            warn!(flag, "a flag of External Secrets Operator has no effect here");
        }
    }
}
