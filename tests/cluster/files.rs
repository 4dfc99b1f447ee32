//! Files as a store, in a cluster.

use std::fs;

use anyhow::{Result, ensure};
use lockstep_api::{ExternalSecret, SecretStore};
use lockstep_testkit::eventually;
use serde_json::json;

use crate::bench::{Bench, SOON, password};

#[tokio::test]
#[ignore = "needs the test bed"]
async fn files_below_a_root_are_served_and_followed_and_others_are_refused() -> Result<()> {
    let bed = tempfile::tempdir()?;
    let root = bed.path().join("root");
    fs::create_dir(&root)?;
    fs::write(root.join("password"), "first")?;
    let flag = format!("--file-provider-root={}", root.display());
    let bench = Bench::set_up_with("files", "unused", &[&flag]).await?;
    let store = |path: &str| json!({"provider": {"lockstep.dev/file": {"directory": {"path": path}}}});
    bench.apply("SecretStore", "files", store(".")).await?;
    bench.apply("SecretStore", "others", store("/etc")).await?;
    let object = |store: &str| {
        json!({
            "secretStoreRef": {"name": store}, "refreshInterval": "1h",
            "data": [{"secretKey": "password", "remoteRef": {"key": "password"}}],
        })
    };
    bench.apply("ExternalSecret", "app", object("files")).await?;
    bench.synced("app").await?;
    let status = bench.status::<SecretStore>("files").await;
    let status = status.map_err(anyhow::Error::msg)?;
    ensure!(status["capabilities"] == "ReadOnly", "{status}");

    fs::write(bed.path().join("fresh"), "second")?;
    fs::rename(bed.path().join("fresh"), root.join("password"))?;
    eventually("the file is followed", SOON, async || {
        let secret = bench.secret("app").await.map_err(|error| error.to_string())?;
        match secret.as_ref().and_then(password) {
            Some(b"second") => Ok(()),
            _ => Err("still the old value".to_owned()),
        }
    })
    .await?;

    bench.apply("ExternalSecret", "other", object("others")).await?;
    bench.failed("other").await?;
    let status = bench
        .status::<SecretStore>("others")
        .await
        .map_err(anyhow::Error::msg)?;
    ensure!(status.to_string().contains("--file-provider-root"), "{status}");
    ensure!(bench.secret("other").await?.is_none(), "it was read");
    let told = bench
        .status::<ExternalSecret>("other")
        .await
        .map_err(anyhow::Error::msg)?;
    ensure!(!told.to_string().contains("root:"), "{told}");
    Ok(())
}
