//! A Vault that goes away, and a store that stands in for it.

use std::sync::Arc;

use anyhow::{Result, ensure};
use kube::api::{Patch, PatchParams};
use lockstep_api::{ExternalSecret, SecretStore};
use lockstep_testkit::{Fate, Faults, Vault, eventually};
use serde_json::{Value, json};

use crate::bench::{Bench, SOON, password};

const OWN: &str = "of the store";
const FALLBACK: &str = "of the fallback";

struct Scene {
    bench: Bench,
    before: Faults,
    /// It runs as long as somebody holds it.
    _vault: Arc<Vault>,
}

impl Scene {
    /// A store `vault` behind a proxy, and `fake` to stand in for it; both hold a secret `k`.
    async fn set_up(prefix: &str) -> Result<Self> {
        let value = json!({ "password": FALLBACK }).to_string();
        let bench = Bench::set_up(prefix, &value).await?;
        let vault = Vault::shared().await?;
        let mount = vault.kv(2).await?;
        let own = json!({"data": {"password": OWN}});
        vault.write(&format!("{mount}/data/k"), own).await?;
        let policy = vault
            .policy(&format!("path \"{mount}/*\" {{ capabilities = [\"read\"] }}"))
            .await?;
        let token = vault.token(json!({"policies": [policy]})).await?;
        bench.put_secret("token", "value", &token).await?;
        let before = Faults::before(&vault.url()).await?;
        let auth = json!({"tokenSecretRef": {"name": "token", "key": "value"}});
        let provider = json!({"vault": {"server": before.url(), "path": mount, "auth": auth}});
        let spec = json!({
            "provider": provider, "refreshInterval": 2,
            "retrySettings": {"maxRetries": 1, "retryInterval": "10ms"},
        });
        bench.apply("SecretStore", "vault", spec).await?;
        let annotated =
            json!({"metadata": {"annotations": {"lockstep.dev/fallback-stores": "nowhere, fake"}}});
        let stores = bench.api::<SecretStore>();
        stores
            .patch("vault", &PatchParams::default(), &Patch::Merge(annotated))
            .await?;
        eventually("the store is ready", SOON, async || {
            bench.ready::<SecretStore>("vault").await
        })
        .await?;
        Ok(Self {
            bench,
            before,
            _vault: vault,
        })
    }

    async fn apply(&self, name: &str, key: &str) -> Result<()> {
        let spec = json!({
            "secretStoreRef": {"name": "vault"}, "refreshInterval": "1s",
            "data": [{"secretKey": "password", "remoteRef": {"key": key, "property": "password"}}],
        });
        self.bench.apply("ExternalSecret", name, spec).await
    }

    async fn holds(&self, name: &str, value: &str) -> Result<()> {
        let what = format!("{name} holds the value {value}");
        eventually(&what, SOON * 2, async || {
            let secret = self.bench.secret(name).await.map_err(|error| error.to_string())?;
            match secret.as_ref().and_then(password) {
                Some(there) if there == value.as_bytes() => Ok(()),
                Some(_) => Err("another value".to_owned()),
                None => Err("no value".to_owned()),
            }
        })
        .await?;
        Ok(())
    }

    async fn sources(&self, name: &str) -> Result<Value> {
        let status = self.bench.status::<ExternalSecret>(name).await;
        Ok(status.map_err(anyhow::Error::msg)?["sources"].clone())
    }
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn a_store_that_is_away_is_stood_in_for_until_it_is_back() -> Result<()> {
    let scene = Scene::set_up("fallback").await?;
    scene.apply("app", "k").await?;
    scene.holds("app", OWN).await?;
    ensure!(scene.sources("app").await?.is_null());

    scene.before.always(Fate::status(503, "{}"));
    scene.holds("app", FALLBACK).await?;
    scene.bench.synced("app").await?;
    let told = eventually("the status tells of it", SOON, async || {
        let sources = scene.sources("app").await.map_err(|error| error.to_string())?;
        (!sources.is_null())
            .then_some(sources)
            .ok_or("nothing".to_owned())
    })
    .await?;
    ensure!(told[0]["reason"] == "AnsweredByFallback", "{told}");
    ensure!(told[0]["entry"] == "data[0]", "{told}");
    let message = told[0]["message"].to_string();
    ensure!(
        message.contains("/vault does not answer; ") && message.contains("/fake has answered"),
        "{message}"
    );
    // One that comes while the store is not ready is served too.
    eventually("the store is not ready", SOON, async || {
        match scene.bench.ready::<SecretStore>("vault").await {
            Ok(()) => Err("it still is"),
            Err(_) => Ok(()),
        }
    })
    .await?;
    scene.apply("late", "k").await?;
    scene.holds("late", FALLBACK).await?;
    let metrics = scene.bench.metrics()?;
    let active = "\nlockstep_fallback_active{name=\"app\",";
    ensure!(
        metrics.contains(active),
        "no metric tells that it is stood in for"
    );
    ensure!(
        metrics.contains("\nlockstep_fallback_syncs_total{name=\"app\","),
        "{metrics}"
    );

    scene.before.always(Fate::Pass);
    scene.holds("app", OWN).await?;
    scene.holds("late", OWN).await?;
    eventually("nothing is told any more", SOON, async || {
        let sources = scene.sources("app").await.map_err(|error| error.to_string())?;
        let is_active = scene
            .bench
            .metrics()
            .map_err(|error| error.to_string())?
            .contains(active);
        (sources.is_null() && !is_active)
            .then_some(())
            .ok_or(sources.to_string())
    })
    .await?;
    let events = scene.bench.events().await?;
    ensure!(
        events.contains("AnsweredByFallback") && events.contains("AnsweredByStore"),
        "{events}"
    );
    Ok(())
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn an_answer_is_an_answer_and_a_fallback_deletes_nothing() -> Result<()> {
    let scene = Scene::set_up("answers").await?;
    // Only the fallback would have it under this name.
    let both = json!([
        {"key": "k", "value": json!({"password": FALLBACK}).to_string()},
        {"key": "other", "value": json!({"password": FALLBACK}).to_string()},
    ]);
    let spec = json!({"provider": {"fake": {"data": both}}});
    scene.bench.apply("SecretStore", "fake", spec).await?;
    scene.apply("other", "other").await?;
    scene.bench.failed("other").await?;
    ensure!(
        scene.bench.secret("other").await?.is_none(),
        "it was answered by another"
    );

    scene.apply("app", "k").await?;
    scene.holds("app", OWN).await?;
    // Refused, and not away.
    scene.before.are(|asked| {
        if asked.path.contains("/data/") {
            Fate::status(403, "{}")
        } else {
            Fate::Pass
        }
    });
    scene.bench.failed("app").await?;
    scene.holds("app", OWN).await?;

    // Away, and the fallback lacks it.
    let spec = json!({"provider": {"fake": {"data": []}}});
    scene.bench.apply("SecretStore", "fake", spec).await?;
    scene.before.always(Fate::status(503, "{}"));
    eventually("it says why nobody helps", SOON * 2, async || {
        let sources = scene.sources("app").await.map_err(|error| error.to_string())?;
        let message = sources[0]["message"].to_string();
        let helps = message.contains("no fallback helps") && message.contains("fake: Absent");
        (helps && message.contains("nowhere: StoreMissing"))
            .then_some(())
            .ok_or(message)
    })
    .await?;
    scene.holds("app", OWN).await
}
