//! What looks like a fault of the backend is held back until somebody accepts it.

use anyhow::{Context as _, Result, ensure};
use kube::api::{Patch, PatchParams};
use lockstep_api::ExternalSecret;
use lockstep_testkit::eventually;
use serde_json::json;

use crate::bench::{Bench, SOON, external_secret, password, store};

#[tokio::test]
#[ignore = "needs the test bed"]
async fn a_blank_is_held_back_until_it_is_accepted() -> Result<()> {
    let bench = Bench::set_up("guard", "first").await?;
    let mut spec = external_secret("k");
    spec["refreshInterval"] = json!("1s");
    bench.apply("ExternalSecret", "app", spec).await?;
    bench.synced("app").await?;
    bench.apply("SecretStore", "fake", store("")).await?;
    bench.failed("app").await?;

    let held = bench.secret("app").await?.context("a Secret")?;
    ensure!(password(&held) == Some(b"first"), "the last good value is gone");
    let condition = bench.condition::<ExternalSecret>("app").await;
    let message = condition.map_err(anyhow::Error::msg)?["message"].to_string();
    ensure!(message.contains("password would become blank"), "{message}");
    let fingerprint = message
        .split_once("accept-shrink=")
        .context("how to accept it")?
        .1
        .trim_end_matches('"')
        .to_owned();
    ensure!(
        bench.metrics()?.contains("reason=\"HeldBack\""),
        "no metric tells of it"
    );
    let held = "\nlockstep_guard_held{name=\"app\",";
    ensure!(
        bench.metrics()?.contains(held),
        "no metric tells that it is held back"
    );

    let accept = json!({"metadata": {"annotations": {"lockstep.dev/accept-shrink": fingerprint}}});
    bench
        .api::<ExternalSecret>()
        .patch("app", &PatchParams::default(), &Patch::Merge(accept))
        .await?;
    eventually("the blank is written", SOON, async || {
        let secret = bench.secret("app").await.map_err(|error| error.to_string())?;
        match secret.as_ref().and_then(password) {
            Some([]) => Ok(()),
            _ => Err("still the old value".to_owned()),
        }
    })
    .await?;
    bench.synced("app").await?;
    ensure!(
        !bench.metrics()?.contains(held),
        "a metric still tells that it is held back"
    );
    Ok(())
}
