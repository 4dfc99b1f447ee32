//! `cargo xtask bench`: what lockstep costs, measured against a real API server.
//!
//! The operator has a user of its own, and the API server's audit log tells what that user asked for: the numbers of
//! requests are the API server's, not ours.

mod backend;
mod cluster;
mod load;
mod operator;
mod outage;
mod report;
mod tally;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::Args;
use lockstep_testkit::{ControlPlane, Options};

use crate::{run, testbed};
use backend::Backend;
use cluster::Cluster;
use operator::Operator;
use report::Report;
use tally::Tally;

/// What `cargo xtask bench` is told.
#[expect(clippy::struct_excessive_bools, reason = "they are flags of a command line")]
#[derive(Args)]
pub struct Flags {
    /// How many ExternalSecrets
    #[arg(long, default_value_t = 1000)]
    count: usize,
    /// Their refresh interval, in seconds: one refresh of each is watched
    #[arg(long, default_value_t = 60)]
    refresh: u64,
    /// How long without a request counts as quiet, in seconds
    #[arg(long, default_value_t = 4)]
    quiet: u64,
    /// Let the store read from a Vault that answers after 20 ms, each object a secret of its own
    #[arg(long)]
    vault: bool,
    /// The same with AWS Secrets Manager, played by moto
    #[arg(long, conflicts_with = "vault")]
    aws: bool,
    /// The same with Azure Key Vault, played by a fake that Azure's own clients agree with
    #[arg(long, conflicts_with_all = ["vault", "aws"])]
    azure: bool,
    /// The same with Google Secret Manager, played in the same way
    #[arg(long, conflicts_with_all = ["vault", "aws", "azure"])]
    gcp: bool,
    /// The same with one config of Doppler, played by a fake
    #[arg(long, conflicts_with_all = ["vault", "aws", "azure", "gcp"])]
    doppler: bool,
    /// Let all objects read the same secret
    #[arg(long)]
    one_key: bool,
    /// Take the backend away for so many seconds in the end; takes a refresh interval that is shorter
    #[arg(long, value_name = "SECONDS")]
    outage: Option<u64>,
    /// Measure the debug build
    #[arg(long)]
    debug: bool,
    /// Measure this program instead of building one
    #[arg(long)]
    program: Option<PathBuf>,
    /// Print JSON instead of a table
    #[arg(long)]
    json: bool,
    /// Further arguments for `lockstep operator`, after `--`
    #[arg(last = true)]
    operator: Vec<String>,
}

/// Measures, and prints what was measured.
pub fn run(flags: &Flags) -> Result<()> {
    testbed::control_plane()?;
    if flags.vault {
        testbed::vault()?;
    }
    if flags.aws {
        testbed::moto()?;
    }
    ensure!(
        flags.outage.is_none() || flags.vault || flags.aws || flags.azure || flags.gcp || flags.doppler,
        "only a backend of its own can be away: --outage takes --vault, --aws, --azure, --gcp or --doppler"
    );
    let program = match &flags.program {
        Some(program) => program.clone(),
        None => run::build_lockstep(!flags.debug)?,
    };
    let runtime = tokio::runtime::Runtime::new().context("cannot start a runtime")?;
    let report = runtime.block_on(measure(flags, &program))?;
    println!(
        "{}",
        if flags.json {
            report.json()?
        } else {
            report.table()
        }
    );
    Ok(())
}

async fn backend(flags: &Flags, folder: &std::path::Path) -> Result<Backend> {
    if flags.vault {
        Backend::vault(flags.count).await
    } else if flags.aws {
        Backend::aws(flags.count).await
    } else if flags.doppler {
        Backend::doppler(flags.count).await
    } else if flags.azure {
        Backend::azure(flags.count, folder).await
    } else if flags.gcp {
        Backend::google(flags.count, folder).await
    } else {
        Ok(Backend::Memory)
    }
}

async fn measure(flags: &Flags, program: &std::path::Path) -> Result<Report> {
    let plane = ControlPlane::start_with(&Options {
        audit: true,
        ..Options::default()
    })
    .await?;
    let backend = (backend(flags, plane.folder()).await?, flags.one_key);
    let cluster = Cluster::new(&plane, flags.count, flags.refresh, backend).await?;
    let environment = cluster.backend.environment();
    let how = (flags.operator.as_slice(), environment.as_slice());
    let quiet = Duration::from_secs(flags.quiet);
    let mut report = Report {
        objects: flags.count,
        ..Report::default()
    };

    report.floor_seconds = load::floor(&cluster).await?.as_secs_f64();

    let operator = Operator::start(program, &plane, how).await?;
    operator.quiet(quiet).await?;
    report.idle_resident_kib = operator.memory()?.resident;
    report.empty_ready_seconds = operator.ready_after().as_secs_f64();
    operator.stop()?;

    load::create(&cluster).await?;
    let (before, begun) = (Tally::of(&plane)?, Instant::now());
    let operator = Operator::start(program, &plane, how).await?;
    load::all_ready(&cluster).await?;
    report.all_ready_seconds = begun.elapsed().as_secs_f64();
    operator.quiet(quiet).await?;
    report.load_requests = Tally::of(&plane)?.since(&before);
    report.load_calls = cluster.backend.calls();
    let memory = operator.memory()?;
    (report.loaded_resident_kib, report.peak_kib) = (memory.resident, memory.peak);

    refresh(flags, &plane, &cluster, &operator, &mut report).await?;
    if let Some(lasts) = flags.outage {
        report.outage = Some(outage::suffer(&cluster, Duration::from_secs(lasts)).await?);
        operator.quiet(quiet).await?;
    }

    report.stop_seconds = operator.stop()?.as_secs_f64();
    let before = Tally::of(&plane)?;
    let operator = Operator::start(program, &plane, how).await?;
    operator.quiet(quiet).await?;
    report.restart_ready_seconds = operator.ready_after().as_secs_f64();
    report.restart_requests = Tally::of(&plane)?.since(&before).without_reads_of_lists();
    report.restart_resident_kib = operator.memory()?.resident;
    Ok(report)
}

/// Watches one refresh of each object.
async fn refresh(
    flags: &Flags,
    plane: &ControlPlane,
    cluster: &Cluster,
    operator: &Operator<'_>,
    report: &mut Report,
) -> Result<()> {
    let interval = Duration::from_secs(flags.refresh);
    if flags.one_key || flags.doppler {
        // Within two refreshes, they have found the same phase.
        tokio::time::sleep(interval * 2).await;
    }
    let (before, refreshed) = (Tally::of(plane)?, operator.syncs()?);
    if let Some(faults) = cluster.backend.faults() {
        faults.forget();
    }
    // Not a wait for something to happen: the time over which is measured.
    tokio::time::sleep(interval).await;
    report.refresh_requests = Tally::of(plane)?.since(&before);
    report.refresh_calls = cluster.backend.calls();
    report.refresh_syncs = operator
        .syncs()?
        .zip(refreshed)
        .map(|(after, before)| after - before);
    Ok(())
}
