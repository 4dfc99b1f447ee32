//! What it costs, and how soon it follows.

use anyhow::{Context as _, Result, ensure};
use kube::ResourceExt as _;
use kube::api::{DeleteParams, PostParams};
use lockstep_testkit::eventually;
use serde_json::json;

use super::{Field, gold, names, spec};
use crate::bench::{SOON, thoroughness};

#[tokio::test]
#[ignore = "needs the test bed"]
async fn a_hundred_namespaces_cost_a_write_each_and_few_statuses() -> Result<()> {
    let count = thoroughness("LOCKSTEP_NAMESPACES", 100);
    let field = Field::set_up().await?;
    let mut reached = names("gold", count);
    for name in &reached {
        field.namespace(name, gold()).await?;
    }
    let start = field.plane.requests()?.len();
    field.create(json!({}), spec()).await?;
    field.reaches(&reached, &[]).await?;
    ensure!(field.count(start, "create", "externalsecrets")? == count);
    ensure!(
        field.count(start, "get", "externalsecrets")? == 0,
        "somebody looked twice"
    );
    let told = field.count(start, "patch", "clusterexternalsecrets/status")?;
    ensure!(told <= 2, "{told} status writes");

    let start = field.plane.requests()?.len();
    field
        .edit(json!({"spec": {"externalSecretMetadata": {"labels": {"l": "v"}}}}))
        .await?;
    for name in &reached {
        eventually("the edit is everywhere", SOON, async || {
            let child = field.children(name).get("all").await;
            let child = child.map_err(|error| error.to_string())?;
            let is_right = child.labels().contains_key("l");
            is_right.then_some(()).ok_or_else(|| format!("not yet in {name}"))
        })
        .await?;
    }

    let left = reached.pop().context("a namespace")?;
    field.label(&left, json!("tin")).await?;
    field.is_gone(&left, "all").await?;
    field.reaches(&reached, &[]).await?;
    field.namespace("late", gold()).await?;
    reached.push("late".to_owned());
    field.reaches(&reached, &[]).await?;
    let written = ["create", "update", "delete"].map(|verb| field.count(start, verb, "externalsecrets"));
    let is_right = matches!(written, [Ok(1), Ok(edits), Ok(1)] if edits == count);
    ensure!(is_right, "{written:?}");
    let held = field.namespaces().get(&reached[0]).await?;
    ensure!(held.finalizers().is_empty(), "{:?}", held.finalizers());
    Ok(())
}

/// Everything that the API server might fill in or drop. A second look finds nothing to write, nor does a third.
#[tokio::test]
#[ignore = "needs the test bed"]
async fn a_child_is_written_once_whatever_is_in_its_spec() -> Result<()> {
    let field = Field::set_up().await?;
    field.namespace("one", gold()).await?;
    let mut spec = spec();
    spec["refreshTime"] = json!("1s");
    spec["externalSecretSpec"] = json!({
        "refreshInterval": "60m",
        "refreshPolicy": "Periodic",
        "syncWindows": {"kind": "allow", "windows": [{"schedule": "@daily", "duration": "90m"}]},
        "target": {"name": "out", "immutable": false, "template": {
            "engineVersion": "v2", "metadata": {"labels": {"a": "b"}}, "data": {"k": "{{ .x }}"},
            "templateFrom": [{"configMap": {"name": "c", "items": [{"key": "k"}]}}, {"literal": "a: b", "target": "Labels"}],
        }},
        "data": [{"secretKey": "x", "remoteRef": {"key": "a", "decodingStrategy": "Auto"}, "sourceRef": {"storeRef": {"name": "s"}}}],
        "dataFrom": [
            {"find": {"name": {"regexp": "."}, "tags": {"t": "v"}}, "rewrite": [{"merge": {}}],
             "sourceRef": {"storeRef": {"name": "s", "kind": "SecretStore"}}},
            {"sourceRef": {"generatorRef": {"kind": "Password", "name": "p"}}},
        ],
    });
    let start = field.plane.requests()?.len();
    field.create(json!({}), spec).await?;
    field.reaches(&["one".to_owned()], &[]).await?;
    let metrics = field.operator.as_ref().context("an operator")?;
    let turns = || -> Result<usize, String> {
        let log = std::fs::read_to_string(metrics.log()).map_err(|error| error.to_string())?;
        Ok(log.matches("looked at the namespaces").count())
    };
    let before = turns().map_err(anyhow::Error::msg)?;
    eventually("it was looked at again, and again", SOON, async || {
        let turns = turns()?;
        (turns >= before + 3)
            .then_some(())
            .ok_or(format!("{turns} turns"))
    })
    .await?;
    let written = ["create", "update", "patch"].map(|verb| field.count(start, verb, "externalsecrets"));
    ensure!(matches!(written, [Ok(1), Ok(0), Ok(0)]), "{written:?}");
    let told = field.count(start, "patch", "clusterexternalsecrets/status")?;
    ensure!(told == 1, "{told} status writes");
    Ok(())
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn a_name_that_is_taken_is_told_and_taken_up_as_soon_as_it_is_free() -> Result<()> {
    let field = Field::set_up().await?;
    for name in ["free", "taken"] {
        field.namespace(name, gold()).await?;
    }
    let theirs = json!({
        "apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret",
        "metadata": {"name": "all"}, "spec": spec()["externalSecretSpec"],
    });
    let taken = field.children("taken");
    let there = taken
        .create(&PostParams::default(), &serde_json::from_value(theirs)?)
        .await?;
    field.create(json!({}), spec()).await?;
    field.reaches(&["free".to_owned()], &["taken"]).await?;
    let status = field.status().await.map_err(anyhow::Error::msg)?;
    ensure!(
        status["failedNamespaces"][0]["reason"] == "external secret already exists in namespace"
            && status["conditions"][1]["type"] == "Stalled",
        "{status}"
    );
    let now = taken.get("all").await?;
    ensure!(now.metadata.generation == there.metadata.generation && now.owner_references().is_empty());

    taken.delete("all", &DeleteParams::default()).await?;
    field
        .reaches(&["free".to_owned(), "taken".to_owned()], &[])
        .await?;
    // Another name takes the old children along.
    field
        .edit(json!({"spec": {"externalSecretName": "renamed"}}))
        .await?;
    for name in ["free", "taken"] {
        field.is_gone(name, "all").await?;
        eventually("the new one is there", SOON, async || {
            let found = field.children(name).get("renamed").await;
            found.map(drop).map_err(|error| error.to_string())
        })
        .await?;
    }
    Ok(())
}
