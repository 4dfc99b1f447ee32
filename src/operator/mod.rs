//! The face that runs in a cluster: flags, wiring, leadership, shutdown.

mod flags;
mod leadership;
mod metrics;
mod webhook;

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail};
use jiff::Timestamp;
use kube::client::ClientBuilder;
use kube::{Client, Config};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{error, info, warn};

use self::leadership::Leadership;
use crate::cluster::Fence;
use crate::cluster::kube::{KubeCluster, KubeReviews, Scope};
use crate::controller::following::Following;
use crate::controller::rendering::Rendering;
use crate::controller::{Context, Controllers, Settings};
use crate::engine::render::{Engine, Targets};
use crate::engine::spread::Sort;
use crate::engine::store::StoreRules;
use crate::generator::Generators;
use crate::outlets::Outlets;
use crate::process::{PARTING, change_verbosity_on_signals, finish, stop_on_signals};
use crate::provider::Calls;
use crate::provider::pool::Pool;
use crate::server::access::Door;
use crate::server::{self, Readiness};
use crate::telemetry::Metrics;

pub use self::flags::Flags;
pub(crate) use self::flags::{Address, LogFlags, parse_address};
pub(crate) use self::metrics::MetricsFlags;

/// How long the API server may take to answer at the start.
const PATIENCE: Duration = Duration::from_mins(1);

/// How long what is under way may take before the lease is given back.
const HANDOVER: Duration = Duration::from_millis(250);

/// Runs until told to stop, or until the lease is lost.
pub async fn run(flags: &Flags) -> Result<()> {
    let (tasks, stop) = begin(flags)?;
    let metrics = metrics_of(flags)?;
    let ready = Readiness::default();
    let door = serve(flags, &metrics, &ready, &tasks, &stop).await?;

    let config = client_config().await?;
    let namespace = config.default_namespace.clone();
    let client = connect(config, &metrics, &stop).await?;
    if let Some(door) = door {
        door.ask(Arc::new(KubeReviews::new(client.clone())));
    }
    let webhook = flags.webhook.start(&client, &namespace, &metrics).await?;
    let fence = fence(flags);
    let dropped = metrics.events_dropped.clone();
    let on_dropped = Arc::new(move || dropped.inc());
    let (cluster, changes) = KubeCluster::start(
        client.clone(),
        &scope(flags, &namespace, fence.clone()),
        on_dropped,
        &tasks,
        &stop,
    )
    .await;
    if let Some(webhook) = &webhook {
        webhook.has_a_certificate().await;
    }
    ready.set();
    info!(version = env!("CARGO_PKG_VERSION"), "watching");

    let outlets = Outlets::open(&flags.audit, &flags.traces)?;
    outlets.count(&metrics);
    let context = context(flags, cluster, metrics.clone(), &outlets);
    let controllers = Controllers::listen(context.clone(), changes, &tasks, &stop);
    let leadership = lead(flags, client, (&namespace, fence), &metrics, &stop).await?;
    if !stop.is_cancelled() {
        controllers.work(&tasks, &stop);
    }
    let lost = until_the_end(leadership, &context, &tasks, &stop).await;
    outlets.close(PARTING).await;
    if let Some(webhook) = webhook {
        webhook.end().await;
    }
    if lost {
        bail!("the lease was lost; another replica leads now");
    }
    info!("stopped");
    Ok(())
}

/// Logs from now on, and hears signals.
fn begin(flags: &Flags) -> Result<(TaskTracker, CancellationToken)> {
    let verbosity = flags.logs.start();
    for (flag, why) in flags.accepted.without_effect() {
        warn!(
            flag,
            why, "a flag of External Secrets Operator has no effect here"
        );
    }
    let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
    stop_on_signals(&tasks, &stop)?;
    change_verbosity_on_signals(verbosity, &tasks, &stop)?;
    Ok((tasks, stop))
}

fn metrics_of(flags: &Flags) -> Result<Arc<Metrics>> {
    let metrics = Metrics::new().context("could not set up the metrics")?;
    if flags.switches.enable_extended_metric_labels {
        metrics.with_labels();
    }
    if flags.switches.enable_leader_election {
        metrics.leads(&flags.election.leader_election_id, false);
    }
    Ok(metrics)
}

/// What every reconcile needs.
fn context(flags: &Flags, cluster: Arc<KubeCluster>, metrics: Arc<Metrics>, outlets: &Outlets) -> Context {
    let (calls, rules) = (Calls::new(metrics.clone()), flags.rules.rules());
    let pool = Arc::new(Pool::new(cluster.clone(), calls.clone(), rules.clone()));
    metrics.tell_of(&pool);
    outlets.watch(&pool);
    Context {
        pool,
        following: Arc::new(Following::new(cluster.clone())),
        rendering: Arc::new(Rendering::new(engine(flags))),
        generators: Arc::new(Generators::new(cluster.clone(), calls, rules)),
        cluster,
        metrics,
        audit: outlets.audit.clone(),
        traces: outlets.traces.clone(),
        rules: StoreRules {
            class: flags.controller_class.clone(),
            flood_gate: flags.switches.enable_flood_gate,
        },
        settings: settings(flags),
        clock: Timestamp::now,
    }
}

/// Where a leader is elected, nobody writes who does not lead.
fn fence(flags: &Flags) -> Fence {
    if flags.switches.enable_leader_election {
        Fence::shut()
    } else {
        Fence::default()
    }
}

fn scope(flags: &Flags, home: &str, fence: Fence) -> Scope {
    let switches = [
        (
            Sort::ExternalSecret,
            flags.switches.enable_cluster_external_secret_reconciler,
        ),
        (
            Sort::PushSecret,
            flags.switches.enable_cluster_push_secret_reconciler,
        ),
    ];
    // Whoever sees one namespace only has nothing to spread to.
    let is_on = |(_, is_on): &(Sort, bool)| *is_on && flags.namespace.is_empty();
    let spreads = switches.into_iter().filter(is_on).map(|(sort, _)| sort);
    Scope {
        namespace: Some(flags.namespace.clone()).filter(|namespace| !namespace.is_empty()),
        cluster_stores: flags.switches.enable_cluster_store_reconciler,
        spreads: spreads.collect(),
        generator_states: flags.switches.enable_generator_state,
        push_secrets: flags.switches.enable_push_secret_reconciler,
        home: home.to_owned(),
        fence,
    }
}

fn engine(flags: &Flags) -> Engine {
    Engine::new(&flags.template_left_delimiter, &flags.template_right_delimiter)
}

fn settings(flags: &Flags) -> Settings {
    Settings {
        namespaced_stores: flags.switches.enable_secret_store_reconciler,
        cluster_stores: flags.switches.enable_cluster_store_reconciler,
        store_interval: flags.store_requeue_interval,
        refresh_time: flags.status_refresh_time.into(),
        conditions: flags.status_conditions.into(),
        targets: if flags.switches.unsafe_allow_generic_targets {
            Targets::Anything
        } else {
            Targets::Secrets
        },
        guard: flags.switches.enable_shrink_guard,
        grace: flags.generator_gc_grace_period,
    }
}

async fn serve(
    flags: &Flags,
    metrics: &Arc<Metrics>,
    ready: &Readiness,
    tasks: &TaskTracker,
    stop: &CancellationToken,
) -> Result<Option<Door>> {
    let door = flags.metrics.serve(metrics, tasks, stop).await?;
    if let Some(address) = flags.live_addr.0 {
        server::start("probes", address, server::probes(ready.clone()), tasks, stop).await?;
    }
    Ok(door)
}

/// From the pod we run in, or from `KUBECONFIG` and the places where `kubectl` looks.
#[expect(clippy::disallowed_methods, reason = "this is the wiring of a face")]
pub(crate) async fn client_config() -> Result<Config> {
    // What it prints has its causes in it.
    let mut config = Config::infer().await.map_err(|why| {
        anyhow!(
            "found neither a service account (are we in a pod?) nor a kubeconfig (set KUBECONFIG, or write ~/.kube/config): {why}"
        )
    })?;
    // Retrying belongs to the queue, where it is visible and bounded.
    config.default_retry = false;
    config.connect_timeout = Some(Duration::from_secs(5));
    Ok(config)
}

/// A client for an API server that answers.
pub(crate) async fn connect(config: Config, metrics: &Metrics, stop: &CancellationToken) -> Result<Client> {
    let url = config.cluster_url.clone();
    let client = ClientBuilder::try_from(config);
    let client = client.with_context(|| format!("could not set up a client for {url}"))?;
    let host = url.authority().map(ToString::to_string).unwrap_or_default();
    let client = client.with_layer(&metrics.count_requests(&host)).build();
    let deadline = tokio::time::Instant::now() + PATIENCE;
    let mut pause = Duration::from_millis(250);
    loop {
        let answer = timeout(Duration::from_secs(10), client.apiserver_version()).await;
        let why = match answer {
            Ok(Ok(version)) => {
                info!(%url, version = version.git_version, "connected");
                return Ok(client);
            }
            Ok(Err(kube::Error::Api(status))) => format!("{} {}", status.code, status.reason),
            Ok(Err(error)) => anyhow::Error::new(error).root_cause().to_string(),
            Err(_) => "no answer within 10 seconds".to_owned(),
        };
        if tokio::time::Instant::now() + pause > deadline {
            bail!("the API server at {url} cannot be reached: {why}");
        }
        warn!(%url, why, "the API server cannot be reached yet");
        tokio::select! {
            () = tokio::time::sleep(pause) => pause = (pause * 2).min(Duration::from_secs(5)),
            () = stop.cancelled() => bail!("stopped while waiting for the API server at {url}"),
        }
    }
}

async fn lead(
    flags: &Flags,
    client: Client,
    (namespace, fence): (&str, Fence),
    metrics: &Metrics,
    stop: &CancellationToken,
) -> Result<Option<Leadership>> {
    if !flags.switches.enable_leader_election {
        return Ok(None);
    }
    let mut leadership = Leadership::seek(client, &flags.election, namespace, fence)?;
    let won = leadership.won(stop).await;
    metrics.leads(&flags.election.leader_election_id, won);
    Ok(Some(leadership))
}

/// Waits for the end, and lets what is under way finish. Whether the lease was lost.
async fn until_the_end(
    mut leadership: Option<Leadership>,
    context: &Context,
    tasks: &TaskTracker,
    stop: &CancellationToken,
) -> bool {
    let mut lost = false;
    match &mut leadership {
        None => stop.cancelled().await,
        Some(leadership) => {
            tokio::select! {
                () = leadership.lost() => lost = !stop.is_cancelled(),
                () = stop.cancelled() => {}
            }
            if lost {
                error!("the lease was lost");
                context.metrics.leads(&leadership.lease, false);
                stop.cancel();
            }
        }
    }
    // Somebody waits for the lease: what takes longer is broken off at its next write, as it would be by a crash.
    if let Some(leadership) = leadership {
        tasks.close();
        let _ = timeout(HANDOVER, tasks.wait()).await;
        leadership.release().await;
    }
    finish(tasks).await;
    context.close(PARTING).await;
    lost
}
