//! Releases: made, upgraded and removed as a user does it.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use k8s_openapi::api::core::v1::Secret;
use kube::api::Api;
use kube::{Client, ResourceExt};

use super::cases::Case;
use super::cluster::{self, HOME};
use super::tools::{Tools, values_file};
use crate::chart::{CHART, KUBERNETES};

/// What a Secret may hold. A release is one, and the chart with its CRDs is in it twice.
const SECRET_LIMIT: usize = 1 << 20;

/// Shows it to the API server first, strictly, then installs it for good.
pub fn install(tools: &Tools, case: &Case, folder: &Path) -> Result<()> {
    let values = values_file(case.values);
    let values = ["--namespace", HOME, "--values", &values];
    // Without `--validate`, with which Helm would look whose the CRDs are that are there.
    let like_this_cluster = [
        "--kube-version",
        KUBERNETES,
        "--api-versions",
        "monitoring.coreos.com/v1/ServiceMonitor,monitoring.coreos.com/v1/PodMonitor,monitoring.coreos.com/v1/PrometheusRule",
    ];
    let rendered = folder.join(format!("{}.yaml", case.values));
    let manifests = tools.helm(
        &[
            &["template", case.release, CHART],
            &like_this_cluster[..],
            &values[..],
        ]
        .concat(),
    )?;
    std::fs::write(&rendered, manifests).with_context(|| format!("cannot write {}", rendered.display()))?;
    tools.kubectl_apply(&rendered, &["--server-side", "--dry-run=server"])?;

    // The CRDs of an earlier release are still there, and say that they are its.
    let said = tools.helm(&[&["install", case.release, CHART, "--take-ownership"], &values[..]].concat())?;
    let (_, notes) = said.split_once("NOTES:").context("the release has no notes")?;
    let (_, listed) = notes.split_once("have no effect:").unwrap_or_default();
    let listed: Vec<&str> = listed
        .lines()
        .filter_map(|line| Some(line.trim().split_once(':')?.0))
        .collect();
    ensure!(
        listed == case.without_effect,
        "the notes name as without effect: {listed:?}"
    );
    Ok(())
}

/// Removes it, and holds the promise that its CRDs stay.
pub async fn remove(tools: &Tools, client: &Client, release: &str) -> Result<()> {
    let before = cluster::crds(client).await?.len();
    tools.helm(&["uninstall", release, "--namespace", HOME])?;
    let after = cluster::crds(client).await?.len();
    ensure!(
        before == after,
        "of {before} CRDs {after} are left after the release was removed"
    );
    Ok(())
}

/// An upgrade never takes a CRD away, also where the release was made by a chart that did not keep its own.
pub async fn keeps_its_crds(tools: &Tools, client: &Client) -> Result<()> {
    let release = ["lockstep", CHART, "--namespace", HOME];
    tools.helm(&[&["install", "--take-ownership"], &release[..]].concat())?;
    fits_into_a_secret(client).await?;
    let crds: Vec<String> = cluster::crds(client)
        .await?
        .iter()
        .map(ResourceExt::name_any)
        .collect();
    let crd = crds.first().context("the chart brought no CRD")?;
    let upgrade = [&["upgrade"], &release[..]].concat();
    tools.helm(&upgrade)?;

    let without = [&upgrade[..], &["--set", "installCRDs=false"]].concat();
    tools.kubectl(&["annotate", "crd", crd, "helm.sh/resource-policy-"])?;
    tools.helm_refuses(
        &without,
        &format!("kubectl annotate crd {crd} helm.sh/resource-policy=keep"),
    )?;
    tools.kubectl(&["annotate", "crd", crd, "helm.sh/resource-policy=keep"])?;
    tools.helm(&without)?;
    let left = cluster::crds(client).await?.len();
    ensure!(
        left == crds.len(),
        "of {} CRDs {left} are left after the upgrade",
        crds.len()
    );
    remove(tools, client, "lockstep").await
}

async fn fits_into_a_secret(client: &Client) -> Result<()> {
    let secrets: Api<Secret> = Api::namespaced(client.clone(), HOME);
    let secret = secrets
        .get("sh.helm.release.v1.lockstep.v1")
        .await
        .context("the release has no Secret")?;
    let size: usize = secret
        .data
        .unwrap_or_default()
        .values()
        .map(|value| value.0.len())
        .sum();
    println!(
        "the release's Secret holds {} KiB of {}",
        size >> 10,
        SECRET_LIMIT >> 10
    );
    // An upgrade needs room to grow: a tenth of it stays free.
    ensure!(
        size < SECRET_LIMIT / 10 * 9,
        "the release's Secret is too near to its limit: leave something out of the chart"
    );
    Ok(())
}
