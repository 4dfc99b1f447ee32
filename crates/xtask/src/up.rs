//! `cargo xtask up`: lockstep in a Kubernetes control plane on this machine.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Args;
use lockstep_testkit::{BIN_DIR, ControlPlane, Options, Program, Running, free_port};
use tokio::signal::unix::{SignalKind, signal};

use crate::{run, testbed};

/// What `cargo xtask up` is told.
#[derive(Args)]
pub struct Flags {
    /// Build and run the release build
    #[arg(long)]
    release: bool,
    /// Only the control plane with the CRDs: the operator is started by you
    #[arg(long)]
    no_operator: bool,
    /// Further arguments for `lockstep operator`, after `--`
    #[arg(last = true)]
    operator: Vec<String>,
}

const FOLDER: &str = "target/up";
const LOOK: Duration = Duration::from_secs(1);

/// Starts everything, waits for Ctrl-C, ends everything.
pub fn run(flags: &Flags) -> Result<()> {
    testbed::control_plane()?;
    let runtime = tokio::runtime::Runtime::new().context("cannot start a runtime")?;
    runtime.block_on(hold_up(flags))
}

async fn hold_up(flags: &Flags) -> Result<()> {
    let folder = run::root().join(FOLDER);
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for Ctrl-C")?;
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let starting = start(flags, &folder);
    let (mut plane, mut operator) = tokio::select! {
        started = starting => started?,
        _ = interrupt.recv() => return Ok(()),
        _ = terminate.recv() => return Ok(()),
    };
    loop {
        tokio::select! {
            _ = interrupt.recv() => break,
            _ = terminate.recv() => break,
            () = tokio::time::sleep(LOOK) => {}
        }
        plane.check()?;
        operator.as_mut().map_or(Ok(()), Running::check)?;
    }
    println!("\nending");
    if let Some(operator) = operator {
        let stopped = operator.stop()?;
        println!("the operator ended after {:.1} s", stopped.took.as_secs_f64());
    }
    Ok(())
}

async fn start(flags: &Flags, folder: &Path) -> Result<(ControlPlane, Option<Running>)> {
    let options = Options {
        folder: Some(folder.to_owned()),
        ..Options::default()
    };
    let plane = ControlPlane::start_with(&options).await?;
    println!("Kubernetes is up, with the CRDs of crds/");
    let operator = if flags.no_operator {
        None
    } else {
        Some(operator(flags, &plane, folder).await?)
    };
    println!("{}", advice(&plane));
    Ok((plane, operator))
}

async fn operator(flags: &Flags, plane: &ControlPlane, folder: &Path) -> Result<Running> {
    let program = run::build_lockstep(flags.release)?;
    let (metrics, live) = (free_port()?, free_port()?);
    let operator = Program::new(program, folder.join("operator.log"))
        .args([
            "operator".to_owned(),
            format!("--metrics-addr=127.0.0.1:{metrics}"),
        ])
        .args([format!("--live-addr=127.0.0.1:{live}")])
        .args(flags.operator.iter().cloned())
        .env("KUBECONFIG", plane.kubeconfig())
        .ready_on(live)
        .start()
        .await?;
    println!(
        "lockstep is ready: metrics on http://127.0.0.1:{metrics}/metrics, log in {}",
        operator.log().display()
    );
    Ok(operator)
}

fn advice(plane: &ControlPlane) -> String {
    let (kubeconfig, bin) = (plane.kubeconfig(), run::root().join(BIN_DIR));
    format!(
        "
In another terminal:

  export KUBECONFIG={} PATH={}:$PATH
  kubectl apply -f - <<'END'
  apiVersion: external-secrets.io/v1
  kind: SecretStore
  metadata: {{name: fake}}
  spec: {{provider: {{fake: {{data: [{{key: greeting, value: hello}}]}}}}}}
  ---
  apiVersion: external-secrets.io/v1
  kind: ExternalSecret
  metadata: {{name: hello}}
  spec:
    secretStoreRef: {{name: fake}}
    data: [{{secretKey: word, remoteRef: {{key: greeting}}}}]
  END
  kubectl get externalsecrets,secrets

Ctrl-C ends it all.",
        kubeconfig.display(),
        bin.display()
    )
}
