//! The face that runs on a folder: the same objects, the same engine, files in place of Secrets, no cluster.

mod flags;
mod output;
mod table;
mod verdict;

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{info, warn};

use self::output::Output;
use self::verdict::Row;
use crate::cluster::folder::FolderCluster;
use crate::controller::following::Following;
use crate::controller::rendering::Rendering;
use crate::controller::{Context, Controllers, RefreshTime, Settings};
use crate::engine::condition::Manner;
use crate::engine::render::{Engine, Targets};
use crate::engine::store::StoreRules;
use crate::generator::Generators;
use crate::outlets::Outlets;
use crate::process::{PARTING, change_verbosity_on_signals, finish, stop_on_signals};
use crate::provider::pool::Pool;
use crate::provider::{Calls, Rules};
use crate::telemetry::{Metrics, logging};

pub use self::flags::Flags;

/// Runs until told to stop, or with `--once` until everything was tried. Success: all is in step.
pub async fn run(flags: &Flags) -> Result<ExitCode> {
    let verbosity = logging::start_plain(&flags.log_filter());
    let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
    stop_on_signals(&tasks, &stop)?;
    change_verbosity_on_signals(verbosity, &tasks, &stop)?;

    let output = open_output(flags).await?;
    let opened = FolderCluster::open(&flags.manifests, &flags.out, output).await;
    let (cluster, changes) =
        opened.with_context(|| format!("--manifests {} cannot be read", flags.manifests.display()))?;
    let is_empty = cluster.external_secrets().is_empty();
    if is_empty {
        warn!("no ExternalSecret in {}", flags.manifests.display());
    }
    let outlets = Outlets::open(&flags.audit, &flags.traces)?;
    let context = context(flags, &cluster, &outlets)?;
    if !(is_empty && flags.once) {
        Controllers::listen(context.clone(), changes, &tasks, &stop).work(&tasks, &stop);
    }
    if !flags.once {
        tasks.spawn(cluster.clone().follow(stop.clone()));
    }
    let rows = first_verdicts(flags, &cluster, &stop).await;
    let is_told_to_stop = stop.is_cancelled();
    if !is_told_to_stop {
        print(&table::render(&rows, "no verdict yet"));
        summary(flags, &cluster, &rows);
    }
    if flags.once {
        stop.cancel();
    } else {
        stop.cancelled().await;
    }
    finish(&tasks).await;
    context.close(PARTING).await;
    outlets.close(PARTING).await;
    let is_well = !flags.once || (!is_told_to_stop && is_all_in_step(&cluster, &rows));
    Ok(if is_well {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

async fn open_output(flags: &Flags) -> Result<Arc<Output>> {
    check_manifests(&flags.manifests)?;
    let (manifests, out, format) = (flags.manifests.clone(), flags.out.clone(), flags.format);
    let opened = tokio::task::spawn_blocking(move || {
        let output = Output::open(&out, format)?;
        if std::fs::canonicalize(&manifests).ok() == std::fs::canonicalize(&out).ok() {
            bail!("--manifests and --out are the same folder, {}", out.display());
        }
        Ok(output)
    });
    opened
        .await
        .context("the output folder was not opened")?
        .map(Arc::new)
}

fn check_manifests(folder: &Path) -> Result<()> {
    let shown = folder.display();
    match std::fs::metadata(folder) {
        Ok(found) if found.is_dir() => Ok(()),
        Ok(_) => bail!("--manifests {shown} is a file; it must be the folder that holds the manifests"),
        Err(error) if error.kind() == io::ErrorKind::NotFound => bail!("--manifests {shown} does not exist"),
        Err(error) => Err(error).with_context(|| format!("--manifests {shown} cannot be read")),
    }
}

fn context(flags: &Flags, cluster: &FolderCluster, outlets: &Outlets) -> Result<Context> {
    let metrics = Metrics::new().context("could not set up the metrics")?;
    let shared = Arc::new(cluster.clone());
    let rules = rules(flags);
    let calls = Calls::new(metrics.clone());
    let pool = Arc::new(Pool::new(shared.clone(), calls, rules.clone()));
    outlets.watch(&pool);
    Ok(Context {
        pool,
        following: Arc::new(Following::new(shared.clone())),
        rendering: Arc::new(Rendering::new(Engine::default())),
        generators: Arc::new(Generators::new(
            shared.clone(),
            Calls::new(metrics.clone()),
            rules,
        )),
        cluster: shared,
        metrics,
        audit: outlets.audit.clone(),
        traces: outlets.traces.clone(),
        rules: StoreRules {
            class: "default".to_owned(),
            flood_gate: true,
        },
        settings: Settings {
            namespaced_stores: true,
            cluster_stores: true,
            store_interval: flags.store_requeue_interval,
            refresh_time: RefreshTime::Always,
            conditions: Manner::Kstatus,
            // The folder says itself that it has but Secrets.
            targets: Targets::Anything,
            guard: true,
            // Nothing is kept of what generators make elsewhere.
            grace: std::time::Duration::ZERO,
        },
        clock: Timestamp::now,
    })
}

/// Files beside the manifests, and what Docker and Kubernetes mount, may be read unless something else is said.
fn rules(flags: &Flags) -> Rules {
    let mut rules = flags.rules.rules();
    if rules.file_roots.is_empty() {
        rules.file_roots = vec![flags.manifests.clone(), PathBuf::from("/run/secrets")];
    }
    rules
}

/// Waits until something was said about each ExternalSecret, or for as long as we have.
async fn first_verdicts(flags: &Flags, cluster: &FolderCluster, stop: &CancellationToken) -> Vec<Row> {
    let mut moved = cluster.moved();
    let decided = async { while cluster.undecided() > 0 && moved.changed().await.is_ok() {} };
    tokio::select! {
        _ = tokio::time::timeout(flags.timeout, decided) => {}
        () = stop.cancelled() => {}
    }
    verdict::rows(cluster)
}

fn is_all_in_step(cluster: &FolderCluster, rows: &[Row]) -> bool {
    !rows.is_empty() && rows.iter().all(Row::is_in_step) && cluster.complaints().is_empty()
}

fn summary(flags: &Flags, cluster: &FolderCluster, rows: &[Row]) {
    let in_step = rows.iter().filter(|row| row.is_in_step()).count();
    let told = format!("{in_step} of {} in step, in {}", rows.len(), flags.out.display());
    let told = Some(told).filter(|_| !rows.is_empty());
    let broken = match cluster.complaints().len() {
        0 => None,
        1 => Some("1 manifest cannot be used".to_owned()),
        count => Some(format!("{count} manifests cannot be used")),
    };
    let is_well = broken.is_none() && in_step == rows.len();
    let text = told.into_iter().chain(broken).collect::<Vec<_>>().join("; ");
    match (text.as_str(), is_well) {
        ("", _) => {}
        (text, true) => info!("{text}"),
        (text, false) => warn!("{text}"),
    }
}

/// Nobody may be reading any more, which is no reason to fail.
fn print(text: &str) {
    let mut stdout = io::stdout().lock();
    let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
}
