//! `cargo xtask bench`: what lockstep costs, measured against a real API server.
//!
//! The operator has a user of its own, and the API server's audit log tells what that user asked for: the numbers of
//! requests are the API server's, not ours.

mod cluster;
mod load;
mod operator;
mod report;
mod tally;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::Args;
use lockstep_testkit::{ControlPlane, Fate, Options, Shelf, Vault};

use crate::{run, testbed};
use cluster::Cluster;
use operator::Operator;
use report::{Report, VaultTraffic};
use tally::Tally;

/// How far away the Vault is.
const LATENCY: Duration = Duration::from_millis(20);

/// What `cargo xtask bench` is told.
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

/// A Vault with as many secrets as there are objects, some way away.
async fn shelf(secrets: usize) -> Result<Shelf> {
    let vault = Vault::shared().await?;
    let shelf = Shelf::fill(vault, secrets).await?;
    shelf.faults.always(Fate::Late(LATENCY));
    Ok(shelf)
}

async fn measure(flags: &Flags, program: &std::path::Path) -> Result<Report> {
    let plane = ControlPlane::start_with(&Options {
        audit: true,
        ..Options::default()
    })
    .await?;
    let shelf = if flags.vault {
        Some(shelf(flags.count).await?)
    } else {
        None
    };
    let cluster = Cluster::new(&plane, flags.count, flags.refresh, shelf).await?;
    let quiet = Duration::from_secs(flags.quiet);
    let mut report = Report {
        objects: flags.count,
        ..Report::default()
    };

    report.floor_seconds = load::floor(&cluster).await?.as_secs_f64();

    let operator = Operator::start(program, &plane, &flags.operator).await?;
    operator.quiet(quiet).await?;
    report.idle_resident_kib = operator.memory()?.resident;
    report.empty_ready_seconds = operator.ready_after().as_secs_f64();
    operator.stop()?;

    load::create(&cluster).await?;
    let (before, begun) = (Tally::of(&plane)?, Instant::now());
    let operator = Operator::start(program, &plane, &flags.operator).await?;
    load::all_ready(&cluster).await?;
    report.all_ready_seconds = begun.elapsed().as_secs_f64();
    operator.quiet(quiet).await?;
    report.load_requests = Tally::of(&plane)?.since(&before);
    report.vault = cluster.shelf.as_ref().map(VaultTraffic::so_far);
    let memory = operator.memory()?;
    (report.loaded_resident_kib, report.peak_kib) = (memory.resident, memory.peak);

    let (before, refreshed) = (Tally::of(&plane)?, operator.syncs()?);
    // Not a wait for something to happen: the time over which is measured.
    tokio::time::sleep(Duration::from_secs(flags.refresh)).await;
    report.refresh_requests = Tally::of(&plane)?.since(&before);
    report.refresh_syncs = operator
        .syncs()?
        .zip(refreshed)
        .map(|(after, before)| after - before);

    report.stop_seconds = operator.stop()?.as_secs_f64();
    let before = Tally::of(&plane)?;
    let operator = Operator::start(program, &plane, &flags.operator).await?;
    operator.quiet(quiet).await?;
    report.restart_ready_seconds = operator.ready_after().as_secs_f64();
    report.restart_requests = Tally::of(&plane)?.since(&before).without_reads_of_lists();
    report.restart_resident_kib = operator.memory()?.resident;
    Ok(report)
}
