//! Somebody edits what we manage on a target beside its data.

use anyhow::{Context as _, Result, ensure};
use k8s_openapi::api::core::v1::Secret;
use kube::ResourceExt as _;
use kube::api::{Patch, PatchParams};
use lockstep_testkit::eventually;
use serde_json::{Value, json};

use crate::bench::{Bench, SOON, external_secret, generated, password};

async fn edit(bench: &Bench, name: &str, metadata: Value) -> Result<()> {
    let patch = Patch::Merge(json!({"metadata": metadata}));
    bench
        .api::<Secret>()
        .patch(name, &PatchParams::default(), &patch)
        .await?;
    Ok(())
}

fn marks() -> Value {
    json!({"labels": {"team": "blue"}, "annotations": {"note": "mine"}})
}

/// How often an object was fetched.
fn syncs(bench: &Bench, name: &str) -> Result<String> {
    let series = format!("externalsecret_sync_calls_total{{name=\"{name}\"");
    let metrics = bench.metrics()?;
    let line = metrics
        .lines()
        .find(|line| line.starts_with(&series))
        .context("a series")?;
    Ok(line.rsplit(' ').next().unwrap_or_default().to_owned())
}

async fn is_put_back(bench: &Bench) -> Result<()> {
    eventually("the marks are put back", SOON, async || {
        let secret = bench.secret("app").await.map_err(|error| error.to_string())?;
        let secret = secret.ok_or("no Secret")?;
        let (team, note) = (secret.labels().get("team"), secret.annotations().get("note"));
        match (team.map(String::as_str), note.map(String::as_str)) {
            (Some("blue"), Some("mine")) => Ok(()),
            marks => Err(format!("{marks:?}")),
        }
    })
    .await?;
    Ok(())
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn edited_marks_are_put_back_and_foreign_ones_stay() -> Result<()> {
    let bench = Bench::set_up("marks", "first").await?;
    let mut spec = external_secret("k");
    spec["target"] = json!({"template": {"metadata": marks()}});
    bench.apply("ExternalSecret", "app", spec).await?;
    bench.synced("app").await?;
    // One turn for the object, one for its Secret that the watch then told of.
    eventually("our own write came back", SOON, async || {
        match bench.turns().map_err(|error| error.to_string())? {
            turns @ ..2 => Err(format!("{turns} turns")),
            _ => Ok(()),
        }
    })
    .await?;
    ensure!(
        syncs(&bench, "app")? == "1",
        "our own write was taken for another's"
    );

    edit(
        &bench,
        "app",
        json!({"labels": {"theirs": "1"}, "annotations": {"theirs": "1"}}),
    )
    .await?;
    edit(&bench, "app", json!({"labels": {"team": "red"}})).await?;
    is_put_back(&bench).await?;
    edit(&bench, "app", json!({"annotations": {"note": null}})).await?;
    is_put_back(&bench).await?;
    ensure!(
        syncs(&bench, "app")? == "3",
        "synced {} times",
        syncs(&bench, "app")?
    );
    let secret = bench.secret("app").await?.context("a Secret")?;
    let theirs = (secret.labels().get("theirs"), secret.annotations().get("theirs"));
    ensure!(theirs.0.is_some() && theirs.1.is_some(), "somebody else's went");
    ensure!(password(&secret) == Some(b"first"), "another value");
    Ok(())
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn edited_marks_stay_where_they_are_nobodys_business_or_would_cost_a_value() -> Result<()> {
    let bench = Bench::set_up("spared", "first").await?;
    bench.apply("Password", "made", json!({"length": 24})).await?;
    let mut orphaned = external_secret("k");
    orphaned["target"] = json!({"creationPolicy": "Orphan"});
    let spared = [("orphaned", orphaned), ("generated", generated("Periodic"))];
    for (name, spec) in spared.into_iter().chain([("app", external_secret("k"))]) {
        let mut spec = spec;
        spec["target"]["template"] = json!({"metadata": marks()});
        bench.apply("ExternalSecret", name, spec).await?;
        bench.synced(name).await?;
    }
    let before = bench.secret("generated").await?.context("a Secret")?;
    // One watch tells of all Secrets, in order: when the last edit is put back, the others were looked at.
    for name in ["orphaned", "generated", "app"] {
        edit(&bench, name, json!({"labels": {"team": "red"}})).await?;
    }
    is_put_back(&bench).await?;
    for name in ["orphaned", "generated"] {
        let after = bench.secret(name).await?.context("a Secret")?;
        ensure!(
            after.labels().get("team").is_some_and(|team| team == "red"),
            "{name} was put back"
        );
        ensure!(syncs(&bench, name)? == "1", "{name} was fetched again");
    }
    let after = bench.secret("generated").await?.context("a Secret")?;
    ensure!(after.data == before.data, "it was generated anew");
    Ok(())
}
