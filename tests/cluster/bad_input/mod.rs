//! What users get wrong: each row of `rows.yaml` says so in words that one can act on, keeps the Secret that was there,
//! and stands in nobody's way.

use std::fs;

use anyhow::{Context as _, Result, ensure};
use k8s_openapi::api::core::v1::Secret;
use kube::api::DynamicObject;
use lockstep_api::ExternalSecret;
use lockstep_testkit::eventually;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::bench::{Bench, SOON, external_secret, password};
use crate::kinds::Kinds;

const ROWS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cluster/bad_input/rows.yaml");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    /// The ExternalSecret's too.
    name: String,
    /// What it hangs on.
    #[serde(default)]
    objects: Vec<DynamicObject>,
    spec: Value,
    outcome: Outcome,
    /// Parts of what its status says.
    #[serde(default)]
    says: Vec<String>,
    /// It is sound and synced first, and gets this spec then: its Secret stays as it was.
    #[serde(default)]
    keeps: bool,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Outcome {
    /// Ready is False.
    Failed,
    /// It is somebody else's: no status at all.
    Silent,
    /// It does no harm.
    Ready,
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn every_mistake_is_told_and_breaks_nothing() -> Result<()> {
    let bench = Bench::set_up("bad", "canary").await?;
    let mut kinds = Kinds::new(bench.client.clone(), &bench.namespace);
    let rows: Vec<Row> = serde_saphyr::from_str(&fs::read_to_string(ROWS)?)?;
    for row in rows.iter().filter(|row| row.keeps) {
        bench
            .apply("ExternalSecret", &row.name, external_secret("k"))
            .await?;
        bench.synced(&row.name).await?;
    }
    for row in &rows {
        for object in &row.objects {
            kinds
                .apply(object)
                .await
                .with_context(|| format!("{}: an object of its", row.name))?;
        }
        let applied = bench.apply("ExternalSecret", &row.name, row.spec.clone()).await;
        applied.with_context(|| row.name.clone())?;
    }

    bench
        .apply("ExternalSecret", "sound", external_secret("k"))
        .await?;
    bench
        .synced("sound")
        .await
        .context("the mistakes of others stand in its way")?;
    let mut wrong = Vec::new();
    for row in &rows {
        wrong.extend(
            complaint(&bench, row)
                .await
                .map(|text| format!("{}: {text}", row.name)),
        );
    }
    ensure!(
        wrong.is_empty(),
        "{} of {} mistakes:\n  {}",
        wrong.len(),
        rows.len(),
        wrong.join("\n  ")
    );
    Ok(())
}

async fn complaint(bench: &Bench, row: &Row) -> Option<String> {
    let told = eventually("it is told", SOON, async || told(bench, row).await);
    if let Err(error) = told.await {
        return Some(error.to_string());
    }
    let secret = match bench.secret(&row.name).await {
        Ok(secret) => secret,
        Err(error) => return Some(error.to_string()),
    };
    let is_as_it_was = |secret: &Secret| password(secret) == Some(b"canary");
    match (row.keeps, secret) {
        (true, Some(secret)) if is_as_it_was(&secret) => None,
        (true, _) => Some("its Secret is not what it was".to_owned()),
        (false, Some(_)) if !matches!(row.outcome, Outcome::Ready) => Some("it has a Secret".to_owned()),
        (false, _) => None,
    }
}

/// Whether its status says what it has to, and no value.
async fn told(bench: &Bench, row: &Row) -> Result<(), String> {
    let object = bench.api::<ExternalSecret>().get_metadata(&row.name).await;
    let generation = object
        .map_err(|error| error.to_string())?
        .metadata
        .generation
        .unwrap_or_default();
    let status = bench.status::<ExternalSecret>(&row.name).await?;
    let text = status.to_string();
    let ready = &status["conditions"][0]["status"];
    let is_so = match row.outcome {
        Outcome::Failed => ready == "False",
        Outcome::Ready => ready == "True",
        Outcome::Silent => return silent(&status),
    };
    let missing: Vec<_> = row.says.iter().filter(|part| !text.contains(*part)).collect();
    if text.contains("canary") {
        Err(format!("a value is told: {text}"))
    } else if is_so && missing.is_empty() && status["observedGeneration"] == json!(generation) {
        Ok(())
    } else {
        Err(format!("{text} does not say {missing:?}"))
    }
}

fn silent(status: &Value) -> Result<(), String> {
    if status.is_null() {
        Ok(())
    } else {
        Err(format!("it has a status: {status}"))
    }
}
