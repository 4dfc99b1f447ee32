//! Targets that are no Secrets.

use anyhow::{Result, ensure};
use k8s_openapi::api::core::v1::ConfigMap;
use k8s_openapi::api::networking::v1::NetworkPolicy;
use kube::ResourceExt as _;
use kube::api::{DeleteParams, Patch, PatchParams};
use lockstep_testkit::eventually;
use serde_json::{Value, json};

use crate::bench::{Bench, SOON, external_secret};

const ALLOWED: &[&str] = &["--unsafe-allow-generic-targets"];
const HASH: &str = "reconcile.external-secrets.io/data-hash";

fn aiming_at(api_version: &str, kind: &str) -> Value {
    let mut spec = external_secret("k");
    spec["target"] = json!({"manifest": {"apiVersion": api_version, "kind": kind}});
    spec
}

/// The API server fills in a protocol and the types of the policy.
#[tokio::test]
#[ignore = "needs the test bed"]
async fn an_object_with_defaults_is_written_once_and_put_right_when_edited() -> Result<()> {
    let bench = Bench::set_up_with("defaults", "80", ALLOWED).await?;
    let mut spec = aiming_at("networking.k8s.io/v1", "NetworkPolicy");
    let literal = "podSelector: {}\ningress:\n- ports:\n  - port: {{ .password }}\n";
    spec["target"]["template"] = json!({"templateFrom": [{"target": "spec", "literal": literal}]});
    bench.apply("ExternalSecret", "app", spec).await?;
    bench.synced("app").await?;
    let policies = bench.api::<NetworkPolicy>();
    let first = policies.get("app").await?;

    bench.refresh("app").await?;
    let second = policies.get("app").await?;
    ensure!(
        first.resource_version() == second.resource_version(),
        "written again: {:?}, then {:?}",
        first.annotations().get(HASH),
        second.annotations().get(HASH)
    );

    let edit = json!({"metadata": {"labels": {"theirs": "stays"}}, "spec": {"ingress": []}});
    policies
        .patch("app", &PatchParams::default(), &Patch::Merge(&edit))
        .await?;
    eventually("the edit is undone", SOON, async || {
        let policy = policies.get("app").await.map_err(|error| error.to_string())?;
        let spec = serde_json::to_value(&policy.spec).map_err(|error| error.to_string())?;
        let is_right = spec["ingress"][0]["ports"][0]["port"] == 80 && policy.labels().contains_key("theirs");
        is_right.then_some(()).ok_or(spec.to_string())
    })
    .await?;

    policies.delete("app", &DeleteParams::default()).await?;
    eventually("it is made anew", SOON, async || {
        let found = policies.get_opt("app").await.map_err(|error| error.to_string())?;
        found.map(drop).ok_or("it is gone".to_owned())
    })
    .await?;
    Ok(())
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn what_cannot_be_a_target_is_refused_and_says_why() -> Result<()> {
    let bench = Bench::set_up_with("refused", "v", ALLOWED).await?;
    for (name, api_version, kind, why) in [
        ("secret", "v1", "Secret", "must be left out for a Secret"),
        ("cluster", "v1", "Namespace", "belongs to no namespace"),
        (
            "unknown",
            "example.com/v1",
            "Widget",
            "knows no Widget of example.com/v1",
        ),
        ("odd", "v1", "Widget", "knows no Widget of v1"),
    ] {
        let spec = aiming_at(api_version, kind);
        bench.apply("ExternalSecret", name, spec).await?;
        bench.failed(name).await?;
        let told = std::fs::read_to_string(bench.plane.folder().join("operator.log"))?;
        ensure!(told.contains(why), "{name}: {why}");
    }
    Ok(())
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn what_was_made_under_an_earlier_name_goes() -> Result<()> {
    let bench = Bench::set_up_with("renamed", "v", ALLOWED).await?;
    let maps = bench.api::<ConfigMap>();
    let mut spec = aiming_at("v1", "ConfigMap");
    bench.apply("ExternalSecret", "app", spec.clone()).await?;
    bench.synced("app").await?;
    spec["target"]["name"] = "renamed".into();
    bench.apply("ExternalSecret", "app", spec).await?;
    eventually("the new one is there and the old one gone", SOON, async || {
        let new = maps.get_opt("renamed").await.map_err(|error| error.to_string())?;
        let old = maps.get_opt("app").await.map_err(|error| error.to_string())?;
        (new.is_some() && old.is_none())
            .then_some(())
            .ok_or_else(|| format!("new: {}, old: {}", new.is_some(), old.is_some()))
    })
    .await?;
    Ok(())
}
