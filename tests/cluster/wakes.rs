//! What somebody waits for wakes them: nobody sits out a backoff.

use std::time::Duration;

use anyhow::Result;
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use kube::api::{ObjectMeta, PostParams};
use lockstep_api::SecretStore;
use lockstep_testkit::eventually;
use serde_json::json;

use crate::bench::{Bench, SOON};

/// After that many the backoff is at sixteen seconds.
const FAILURES: f64 = 5.0;
const AT_ONCE: Duration = Duration::from_secs(5);

#[tokio::test]
#[ignore = "needs the test bed"]
async fn a_store_is_looked_at_again_when_its_credentials_come() -> Result<()> {
    let bench = Bench::set_up("wakes", "first").await?;
    let spec = json!({"provider": {"kubernetes": {"authRef": {"name": "late", "key": "config"}}}});
    bench.apply("SecretStore", "late", spec).await?;
    eventually("the store has failed a few times", SOON * 3, async || {
        let metrics = bench.metrics().map_err(|error| error.to_string())?;
        let failures = metrics
            .lines()
            .filter(|line| line.contains("ReferenceMissing") && line.contains("secretstore"))
            .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
            .sum::<f64>();
        if failures >= FAILURES {
            Ok(())
        } else {
            Err(format!("{failures} failures"))
        }
    })
    .await?;
    let kubeconfig = std::fs::read(bench.plane.kubeconfig())?;
    let secret = Secret {
        metadata: ObjectMeta {
            name: Some("late".to_owned()),
            ..ObjectMeta::default()
        },
        data: Some([("config".to_owned(), ByteString(kubeconfig))].into()),
        ..Secret::default()
    };
    bench
        .api::<Secret>()
        .create(&PostParams::default(), &secret)
        .await?;
    eventually("the store is ready", AT_ONCE, async || {
        bench.ready::<SecretStore>("late").await
    })
    .await?;
    Ok(())
}
