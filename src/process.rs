//! What every face's process needs: to end in order, and to read what flags have in common.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::{Args, ValueEnum};
use lockstep_api::GoDuration;
use rustix::process::{Resource, Rlimit, setrlimit};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{info, warn};

use crate::provider::{HostPattern, OwnIdentity, Rules};
use crate::telemetry::logging::Verbosity;

/// How long what is under way may take at the end; Kubernetes kills us after 30 s, systemd after 90.
const FAREWELL: Duration = Duration::from_secs(8);

/// How long giving back what backends gave us may take then.
pub const PARTING: Duration = Duration::from_secs(2);

/// SIGTERM and SIGINT are requests to stop.
pub fn stop_on_signals(tasks: &TaskTracker, stop: &CancellationToken) -> Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).context("could not listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("could not listen for SIGINT")?;
    let stop = stop.clone();
    tasks.spawn(async move {
        tokio::select! {
            _ = terminate.recv() => info!("told to stop by SIGTERM"),
            _ = interrupt.recv() => info!("told to stop by SIGINT"),
            () = stop.cancelled() => {}
        }
        stop.cancel();
    });
    Ok(())
}

/// SIGUSR1 asks for more in the log, SIGUSR2 for what was there at first.
pub fn change_verbosity_on_signals(
    verbosity: Verbosity,
    tasks: &TaskTracker,
    stop: &CancellationToken,
) -> Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut more = signal(SignalKind::user_defined1()).context("could not listen for SIGUSR1")?;
    let mut reset = signal(SignalKind::user_defined2()).context("could not listen for SIGUSR2")?;
    let stop = stop.clone();
    tasks.spawn(async move {
        loop {
            tokio::select! {
                _ = more.recv() => verbosity.more(),
                _ = reset.recv() => verbosity.reset(),
                () = stop.cancelled() => return,
            }
        }
    });
    Ok(())
}

/// Whatever ends this process, its memory is not written to a disk.
pub fn leave_no_core() {
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    // Who forbids it has seen to it.
    let _ = setrlimit(Resource::Core, none);
}

/// Lets what is under way finish.
pub async fn finish(tasks: &TaskTracker) {
    tasks.close();
    if tokio::time::timeout(FAREWELL, tasks.wait()).await.is_err() {
        warn!(left = tasks.len(), "gave up on what was still under way");
    }
}

/// What stores and generators may do. Not flags of ESO's.
#[derive(Clone, Debug, Default, Args)]
pub struct RuleFlags {
    /// Hosts that webhooks may talk to, in URLs and in redirects: names, addresses, or *.DOMAIN, each with or without
    /// :PORT. Not a flag of ESO's [default: any]
    #[arg(long, help_heading = "Limits", value_name = "HOST,…", value_delimiter = ',')]
    pub webhook_allowed_hosts: Vec<HostPattern>,
    /// A folder below which stores with the provider lockstep.dev/file may read files; may be given several times. A
    /// relative path in a store starts at the first. Not a flag of ESO's [default: none, and with `agent` the folder of
    /// the manifests and /run/secrets]
    #[arg(long, help_heading = "Limits", value_name = "DIR")]
    pub file_provider_root: Vec<PathBuf>,
    /// Which stores and generators may use the identity of lockstep itself where they name nobody else: the token of its
    /// ServiceAccount, and what the cloud takes its pod for. Not a flag of ESO's.
    #[arg(
        long,
        help_heading = "Limits",
        value_name = "WHERE",
        default_value = "everywhere"
    )]
    pub own_identity: OwnIdentityFlag,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub enum OwnIdentityFlag {
    /// All, as with ESO.
    #[default]
    Everywhere,
    /// Those that are written for the whole cluster.
    ClusterStores,
    /// None.
    Nowhere,
}

impl From<OwnIdentityFlag> for OwnIdentity {
    fn from(flag: OwnIdentityFlag) -> Self {
        match flag {
            OwnIdentityFlag::Everywhere => Self::Everywhere,
            OwnIdentityFlag::ClusterStores => Self::ClusterStores,
            OwnIdentityFlag::Nowhere => Self::Nowhere,
        }
    }
}

impl RuleFlags {
    pub fn rules(&self) -> Rules {
        Rules {
            webhook_hosts: self.webhook_allowed_hosts.iter().cloned().collect(),
            file_roots: self.file_provider_root.clone(),
            own_identity: self.own_identity.into(),
        }
    }
}

/// A duration as Go's flags have it.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    GoDuration::parse(text).map(|duration| duration.to_std())
}
