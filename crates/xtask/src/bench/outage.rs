//! A backend that is away for a while: what becomes of the objects, and of the backend on its return.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use kube::ResourceExt as _;
use kube::api::ListParams;
use lockstep_testkit::eventually;
use serde::Serialize;

use super::backend::Calls;
use super::cluster::Cluster;
use super::load::{self, is_ready};

const TOLD_WITHIN: Duration = Duration::from_mins(2);

/// What an outage came to.
#[derive(Debug, Serialize)]
pub struct Outage {
    pub lasted_seconds: u64,
    /// From its beginning to the store's saying that it is not ready.
    pub told_seconds: f64,
    /// ExternalSecrets that said so, too.
    pub objects_told: usize,
    pub calls_meanwhile: Calls,
    /// Secrets that are not as they were.
    pub secrets_touched: usize,
    /// From its end to the last object's being ready again.
    pub recovered_seconds: f64,
    pub calls_on_return: Calls,
}

/// Takes the backend away for so long, and brings it back.
pub async fn suffer(cluster: &Cluster, lasts: Duration) -> Result<Outage> {
    let backend = &cluster.backend;
    let before = versions(cluster).await?;
    backend.goes_away(true);
    let begun = Instant::now();
    eventually("the store tells", TOLD_WITHIN, async || {
        let store = cluster
            .stores
            .get("bench")
            .await
            .map_err(|error| error.to_string())?;
        if is_ready(&store) {
            Err("it is ready".to_owned())
        } else {
            Ok(())
        }
    })
    .await?;
    let told = begun.elapsed();
    // Not a wait for something to happen: it lasts as long as it is to last.
    tokio::time::sleep(lasts.saturating_sub(told)).await;
    let objects = cluster.external_secrets.list(&ListParams::default()).await?;
    let objects_told = objects.iter().filter(|object| !is_ready(object)).count();
    let calls_meanwhile = backend.calls().context("a backend that can be away")?;
    let touched = changed(&before, &versions(cluster).await?);

    backend.goes_away(false);
    let returned = Instant::now();
    load::all_ready(cluster).await?;
    let recovered = returned.elapsed();
    let after = changed(&before, &versions(cluster).await?);
    ensure!(objects_told > 0, "the outage was over before anybody noticed");
    Ok(Outage {
        lasted_seconds: lasts.as_secs(),
        told_seconds: told.as_secs_f64(),
        objects_told,
        calls_meanwhile,
        secrets_touched: touched.max(after),
        recovered_seconds: recovered.as_secs_f64(),
        calls_on_return: backend.calls().context("a backend that can be away")?,
    })
}

/// Every Secret, with its version.
async fn versions(cluster: &Cluster) -> Result<Vec<(String, Option<String>)>> {
    let secrets = cluster.secrets.list_metadata(&ListParams::default()).await?;
    let version = |secret: &kube::api::PartialObjectMeta<_>| (secret.name_any(), secret.resource_version());
    Ok(secrets.iter().map(version).collect())
}

fn changed(before: &[(String, Option<String>)], after: &[(String, Option<String>)]) -> usize {
    let gone = before.iter().filter(|secret| !after.contains(secret)).count();
    gone + after.len().saturating_sub(before.len())
}
