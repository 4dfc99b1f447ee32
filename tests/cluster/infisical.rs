//! A store of Infisical from one end to the other.

use anyhow::{Result, ensure};
use kube::api::{Patch, PatchParams};
use lockstep_api::{ExternalSecret, SecretStore};
use lockstep_testkit::{Fate, Infisical, eventually};
use serde_json::{Value, json};

use crate::bench::{Bench, SOON, password};

const CANARY: &str = "canary-3d07";
const PLACE: [&str; 3] = ["app", "prd", "/"];

async fn set_up() -> Result<(Infisical, Bench)> {
    let infisical = Infisical::start().await?;
    infisical.admit("universal-auth", &[("clientId", "id"), ("clientSecret", CANARY)]);
    for (name, value) in [
        ("DB", r#"{"password": "canary-3d07-db"}"#),
        ("SMTP_USER", "canary-3d07-user"),
        ("SMTP_PASSWORD", "canary-3d07-password"),
    ] {
        put(&infisical, name, value);
    }
    let bench = Bench::set_up("infisical", "unused").await?;
    bench.put_secret("creds", "secret", CANARY).await?;
    bench.put_secret("client", "id", "id").await?;
    let auth = json!({"universalAuthCredentials": {
        "clientId": {"name": "client", "key": "id"}, "clientSecret": {"name": "creds", "key": "secret"},
    }});
    let scope = json!({"projectSlug": "app", "environmentSlug": "prd"});
    let provider = json!({"infisical": {"auth": auth, "hostAPI": infisical.url(), "secretsScope": scope}});
    bench
        .apply("SecretStore", "infisical", json!({ "provider": provider }))
        .await?;
    eventually("the store is ready", SOON, async || {
        bench.ready::<SecretStore>("infisical").await
    })
    .await?;
    Ok((infisical, bench))
}

fn put(infisical: &Infisical, name: &str, value: &str) {
    let [project, environment, folder] = PLACE;
    infisical.put([project, environment, folder, name], value);
}

fn spec(source: &str, entries: Value) -> Value {
    let mut spec = json!({
        "secretStoreRef": {"name": "infisical"}, "refreshInterval": "1h", "target": {"deletionPolicy": "Delete"},
    });
    spec[source] = entries;
    spec
}

/// Has it fetched anew, whatever comes of that.
async fn poke(bench: &Bench, name: &str, nth: usize) -> Result<()> {
    let patch = json!({"metadata": {"annotations": {"force-sync": nth.to_string()}}});
    let api = bench.api::<ExternalSecret>();
    api.patch(name, &PatchParams::default(), &Patch::Merge(&patch))
        .await?;
    Ok(())
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn secrets_arrive_an_outage_keeps_them_and_what_is_gone_is_deleted() -> Result<()> {
    let (infisical, bench) = set_up().await?;
    let one = json!([{"secretKey": "password", "remoteRef": {"key": "DB", "property": "password"}}]);
    bench.apply("ExternalSecret", "one", spec("data", one)).await?;
    let some = json!([{"find": {"name": {"regexp": "^SMTP_"}}}]);
    bench
        .apply("ExternalSecret", "some", spec("dataFrom", some))
        .await?;
    for name in ["one", "some"] {
        bench.synced(name).await?;
    }
    let secret = bench.secret("one").await?.unwrap_or_default();
    ensure!(
        password(&secret) == Some(b"canary-3d07-db"),
        "it holds something else"
    );
    let found = bench.secret("some").await?.unwrap_or_default();
    let names: Vec<_> = found
        .data
        .iter()
        .flatten()
        .map(|(name, _)| name.as_str())
        .collect();
    ensure!(names == ["SMTP_PASSWORD", "SMTP_USER"], "{names:?}");

    let scope_is_gone = json!({"error": "NotFound", "message": "Project with slug 'app' not found"});
    let faults = [
        Fate::status(503, CANARY),
        Fate::status(404, CANARY),
        Fate::status(404, scope_is_gone.to_string()),
    ];
    for (nth, fate) in faults.into_iter().enumerate() {
        infisical.faults().always(fate);
        poke(&bench, "one", nth).await?;
        bench.failed("one").await?;
        let kept = bench.secret("one").await?.unwrap_or_default();
        ensure!(kept.data == secret.data, "a fault has changed a Secret");
        infisical.faults().always(Fate::Pass);
        bench.synced("one").await?;
    }
    let [project, environment, folder] = PLACE;
    infisical.remove([project, environment, folder, "DB"]);
    poke(&bench, "one", 3).await?;
    eventually("the Secret is deleted", SOON, async || {
        match bench.secret("one").await {
            Ok(None) => Ok(()),
            other => Err(format!("{:?}", other.map(|secret| secret.is_some()))),
        }
    })
    .await?;
    ensure!(infisical.log_ins() == 1, "{} log-ins", infisical.log_ins());
    let log = std::fs::read_to_string(bench.operator.log())?;
    for told in [log, bench.events().await?, bench.metrics()?] {
        ensure!(!told.contains("canary"), "something was told");
    }
    Ok(())
}
