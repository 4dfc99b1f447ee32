//! Creates objects, and waits until they are in order.

use std::collections::HashSet;
use std::pin::pin;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use futures::{StreamExt, TryStreamExt, stream};
use kube::ResourceExt;
use kube::api::{Api, DeleteParams, DynamicObject, ListParams, Patch, PatchParams, PostParams};
use kube::runtime::{WatchStreamExt, watcher};
use lockstep_testkit::eventually;
use serde_json::{Value, json};

use super::cluster::Cluster;

/// Requests under way at a time.
const AT_ONCE: usize = 32;
const GONE_WITHIN: Duration = Duration::from_mins(1);
const READY_WITHIN: Duration = Duration::from_mins(1);
const READY_WITHIN_EACH: Duration = Duration::from_millis(200);

/// How long the API server itself takes for what the operator has to write: a Secret and a status for each object.
pub async fn floor(cluster: &Cluster) -> Result<Duration> {
    create(cluster).await?;
    let begun = Instant::now();
    for_each(cluster.count, async |number| {
        cluster
            .secrets
            .create(&PostParams::default(), &Cluster::secret(number)?)
            .await?;
        let status = Patch::Merge(json!({"status": {"conditions": [
            {"type": "Ready", "status": "True", "reason": "SecretSynced", "message": "secret synced"}]}}));
        let name = Cluster::name(number);
        cluster
            .external_secrets
            .patch_status(&name, &PatchParams::default(), &status)
            .await?;
        Ok(())
    })
    .await?;
    let took = begun.elapsed();
    for api in [&cluster.external_secrets, &cluster.secrets, &cluster.stores] {
        remove_all(api).await?;
    }
    Ok(took)
}

/// Creates the store and the ExternalSecrets.
pub async fn create(cluster: &Cluster) -> Result<()> {
    if let Some(credential) = cluster.credential()? {
        cluster
            .secrets
            .create(&PostParams::default(), &credential)
            .await
            .context("cannot create the store's credential")?;
    }
    cluster
        .stores
        .create(&PostParams::default(), &cluster.store()?)
        .await
        .context("cannot create the store")?;
    for_each(cluster.count, async |number| {
        cluster
            .external_secrets
            .create(&PostParams::default(), &cluster.external_secret(number)?)
            .await?;
        Ok(())
    })
    .await
}

/// Waits until each ExternalSecret says that it is ready.
pub async fn all_ready(cluster: &Cluster) -> Result<()> {
    let within = READY_WITHIN + READY_WITHIN_EACH * u32::try_from(cluster.count).unwrap_or(u32::MAX);
    let mut ready = HashSet::new();
    let events = watcher(cluster.external_secrets.clone(), watcher::Config::default()).default_backoff();
    let mut objects = pin!(events.applied_objects());
    let watching = async {
        while ready.len() < cluster.count {
            let object = objects.try_next().await?.context("the watch ended")?;
            if is_ready(&object) {
                ready.insert(object.name_any());
            }
        }
        anyhow::Ok(())
    };
    let outcome = tokio::time::timeout(within, watching).await;
    match outcome {
        Ok(outcome) => outcome,
        Err(_) => bail!(
            "{} of {} were ready after {} s",
            ready.len(),
            cluster.count,
            within.as_secs()
        ),
    }
}

async fn for_each(count: usize, work: impl AsyncFn(usize) -> Result<()>) -> Result<()> {
    stream::iter(0..count)
        .map(|number| work(number))
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await
}

async fn remove_all(api: &Api<DynamicObject>) -> Result<()> {
    api.delete_collection(&DeleteParams::default(), &ListParams::default())
        .await?;
    eventually("everything is removed", GONE_WITHIN, async || {
        let left = api
            .list_metadata(&ListParams::default().limit(1))
            .await
            .map_err(|error| error.to_string())?;
        if left.items.is_empty() {
            Ok(())
        } else {
            Err("there is something left".to_owned())
        }
    })
    .await?;
    Ok(())
}

/// Whether a store or an ExternalSecret says so.
pub fn is_ready(object: &DynamicObject) -> bool {
    let conditions = object
        .data
        .pointer("/status/conditions")
        .and_then(Value::as_array);
    conditions
        .into_iter()
        .flatten()
        .any(|condition| condition["type"] == "Ready" && condition["status"] == "True")
}
