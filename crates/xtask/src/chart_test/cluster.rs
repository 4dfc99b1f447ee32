//! The cluster that the chart is installed on.

use std::path::Path;

use anyhow::{Context, Result};
use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::Client;
use kube::api::{Api, ListParams, PostParams};
use serde_json::json;

use super::tools::Tools;
use crate::run;

/// Where releases are made.
pub const HOME: &str = "lockstep-system";

/// Every namespace, with Pod Security at its strictest: the chart promises that this is no obstacle.
const NAMESPACES: [&str; 4] = [HOME, "team-a", "secrets", "elsewhere"];

/// Makes what a chart may expect of a cluster: the namespaces, and the kinds that the Prometheus operator and cert-manager bring.
pub async fn prepare(tools: &Tools, client: &Client, folder: &Path) -> Result<()> {
    let namespaces: Api<Namespace> = Api::all(client.clone());
    for name in NAMESPACES {
        let labels = json!({"pod-security.kubernetes.io/enforce": "restricted"});
        let namespace = serde_json::from_value(json!({"metadata": {"name": name, "labels": labels}}))?;
        namespaces
            .create(&PostParams::default(), &namespace)
            .await
            .with_context(|| format!("cannot make {name}"))?;
    }
    let kinds = folder.join("foreign-kinds.yaml");
    std::fs::write(&kinds, include_str!("foreign-kinds.yaml")).context("cannot write the kinds of others")?;
    tools.kubectl_apply(&kinds, &[])?;
    tools.kubectl(&[
        "wait",
        "--for=condition=Established",
        "crd/servicemonitors.monitoring.coreos.com",
        "crd/podmonitors.monitoring.coreos.com",
        "crd/prometheusrules.monitoring.coreos.com",
        "crd/certificates.cert-manager.io",
    ])?;
    Ok(())
}

/// The plain manifests go in with a plain `kubectl apply`, which can take no CRD of more than 256 KiB.
pub fn takes_plain_manifests(tools: &Tools) -> Result<()> {
    let deploy = run::root().join("deploy");
    tools.kubectl_apply(&deploy.join("crds.yaml"), &[])?;
    tools.kubectl_apply(
        &deploy.join("lockstep.yaml"),
        &["--server-side", "--force-conflicts"],
    )?;
    Ok(())
}

/// Our CRDs that are there and are there to stay.
pub async fn crds(client: &Client) -> Result<Vec<CustomResourceDefinition>> {
    let api: Api<CustomResourceDefinition> = Api::all(client.clone());
    let mut crds = api
        .list(&ListParams::default())
        .await
        .context("cannot list CRDs")?
        .items;
    crds.retain(|crd| crd.metadata.deletion_timestamp.is_none());
    crds.retain(|crd| crd.spec.group.ends_with("external-secrets.io"));
    Ok(crds)
}
