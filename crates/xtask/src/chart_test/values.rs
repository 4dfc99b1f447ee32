//! What needs no cluster: which values the chart takes, and which it refuses.

use anyhow::{Context, Result, ensure};
use serde_json::Value as Json;

use super::cases::CASES;
use super::tools::{Tools, values_file};
use crate::chart::{CHART, KUBERNETES, read, yaml_files};
use crate::run;

/// The values of ESO 2.9's chart: every one of them is to be taken.
const ESO_VALUES: &str = "affinity bitwarden-sdk-server certController commonLabels concurrent controllerClass crds
    createOperator deploymentAnnotations dnsConfig dnsPolicy enableHTTP2 extendedMetricLabels extraArgs extraContainers
    extraEnv extraInitContainers extraObjects extraVolumeMounts extraVolumes fullnameOverride genericTargets global
    grafanaDashboard hostAliases hostNetwork hostUsers image imagePullSecrets installCRDs leaderElect leaderElectionID
    leaderElectionLeaseDuration leaderElectionRenewDeadline leaderElectionRetryPeriod livenessProbe log metrics
    nameOverride namespaceOverride networkPolicy nodeSelector openshiftFinalizers podAnnotations podDisruptionBudget
    podLabels podSecurityContext podSpecExtra priorityClassName processClusterExternalSecret processClusterGenerator
    processClusterPushSecret processClusterStore processPushSecret processSecretStore rbac readinessProbe replicaCount
    resources revisionHistoryLimit runtimeClassName schedulerName scopedNamespace scopedRBAC securityContext service
    serviceAccount serviceMonitor storeRequeueInterval strategy systemAuthDelegator tolerations
    topologySpreadConstraints vault webhook";

/// Settings that are refused, and a part of what is said then.
const REFUSED: [(&str, &str); 9] = [
    // A slip of the pen, above all where it would leave a right in place.
    ("webook.create=false", "webook"),
    ("rbac.serviceAccountTokenCreat=false", "serviceAccountTokenCreat"),
    ("replicaCount=two", "replicaCount"),
    ("log.level=loud", "level"),
    // What has no effect is still held against what it can be: it may have one later.
    ("webhook.failurePolicy=Maybe", "failurePolicy"),
    ("networkPolicy.apiServer.ports={https}", "ports"),
    ("prometheusRule.namespaceLabel=a-b", "namespaceLabel"),
    (
        "image.repository=mirror.example.com/external-secrets/external-secrets",
        "is the image of External Secrets Operator",
    ),
    (
        "serviceMonitor.enabled=true,serviceMonitor.renderMode=failIfMissing",
        "the cluster has no",
    ),
];

/// Lints and renders the chart with every value file in its `ci/`, and tries what must be refused.
pub fn check(tools: &Tools) -> Result<()> {
    for case in &CASES {
        let values = ["--values", &values_file(case.values)];
        let lint = ["lint", CHART, "--strict", "--kube-version", KUBERNETES];
        tools.helm(&[&lint, &values[..]].concat())?;
        tools.helm(&template(&values))?;
    }
    let files = yaml_files(&run::root().join(CHART).join("ci"))?;
    ensure!(
        files.len() == CASES.len(),
        "not every file in the chart's ci/ is used"
    );
    for (setting, why) in REFUSED {
        tools.helm_refuses(&template(&["--set", setting]), why)?;
    }
    tools.helm_refuses(&["template", CHART, "--kube-version", "1.29.0"], "kubeVersion")?;
    takes_what_eso_takes()
}

fn takes_what_eso_takes() -> Result<()> {
    let schema: Json = serde_json::from_str(&read(&run::root().join(CHART).join("values.schema.json"))?)?;
    let taken = schema["properties"]
        .as_object()
        .context("the schema has no properties")?;
    let missing: Vec<&str> = ESO_VALUES
        .split_whitespace()
        .filter(|name| !taken.contains_key(*name))
        .collect();
    ensure!(
        missing.is_empty(),
        "values of ESO's chart that are not taken: {}",
        missing.join(", ")
    );
    Ok(())
}

fn template<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [
        &["template", "lockstep", CHART, "--kube-version", KUBERNETES],
        more,
    ]
    .concat()
}
