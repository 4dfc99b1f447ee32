//! `cargo xtask chart-test`: the chart, held against a real API server.
//!
//! Nothing runs in the pods, for there is no kubelet; but everything that a cluster decides before that is decided
//! here by the real thing: whether Helm takes the values, whether the API server takes every field of every object,
//! whether Pod Security takes the pod, and what the ServiceAccount may do and may not. And lockstep is run beside it as
//! the pod would run it: with its arguments, and with the rights of its ServiceAccount.

use std::path::Path;

use anyhow::{Context, Result};
use kube::Client;
use lockstep_testkit::{ControlPlane, Options};

use crate::{chart, run, testbed};

mod cases;
mod cluster;
mod families;
mod gitops;
mod monitoring;
mod operator;
mod pods;
mod release;
mod rights;
mod tools;
mod values;

use cases::Case;
use tools::Tools;

/// Runs every test, and fails with the first that does.
pub fn run() -> Result<()> {
    testbed::for_the_chart()?;
    let tools = Tools::find()?;
    run::step("the chart is as its sources say", || chart::run(true))?;
    run::step("values are taken or refused", || values::check(&tools))?;
    run::step("each template does as it is told", || tools.helm_unittest())?;
    run::step("alerts fire when they are to", || monitoring::check(&tools))?;
    run::step("Argo CD and Flux see what is so", || gitops::check(&tools))?;
    let lockstep = run::step("lockstep is built", || run::build_lockstep(false))?;
    run::step("a cluster takes what is rendered", || {
        let runtime = tokio::runtime::Runtime::new().context("cannot start a runtime")?;
        runtime.block_on(on_a_cluster(tools, &lockstep))
    })
}

async fn on_a_cluster(tools: Tools, lockstep: &Path) -> Result<()> {
    // Without CRDs: the chart brings its own.
    let plane = ControlPlane::start_with(&Options {
        bare: true,
        ..Options::default()
    })
    .await?;
    let tools = tools.on(&plane.kubeconfig());
    let client = plane.client().await?;
    cluster::prepare(&tools, &client, plane.folder()).await?;
    for case in &cases::CASES {
        let outcome = take(&tools, &client, case, lockstep, plane.folder()).await;
        outcome.with_context(|| format!("{}-values.yaml", case.values))?;
        println!("{}-values.yaml is fine", case.values);
    }
    let life = release::keeps_its_crds(&tools, &client).await;
    life.context("the life of a release")?;
    cluster::takes_plain_manifests(&tools).context("the plain manifests")
}

async fn take(tools: &Tools, client: &Client, case: &Case, lockstep: &Path, folder: &Path) -> Result<()> {
    release::install(tools, case, folder)?;
    pods::check(client, case).await?;
    rights::check(tools, client, case).await?;
    operator::works(lockstep, tools, case, folder).await?;
    release::remove(tools, client, case.release).await
}
