//! Stores of small backends from one end to the other: what is there arrives in a Secret, what is pushed arrives there, and
//! what is gone is gone on the other side, too.

use std::time::Duration;

use anyhow::{Result, ensure};
use futures::future::try_join_all;
use kube::api::{Api, DeleteParams, Patch, PatchParams};
use lockstep_api::{ExternalSecret, PushSecret, SecretStore};
use lockstep_testkit::{Fate, GithubActions, GitlabVariables, OnePassword, RsaIdentity, eventually};
use serde_json::{Value, json};

use crate::bench::{Bench, SOON};

const OBJECTS: usize = 50;
const LATER: Duration = Duration::from_secs(40);
/// A public key that values can be sealed for; who has the other half does not matter here.
const PUBLIC_KEY: &str = "zo060cy2M+x7cMF4FKXHbs0CloUFDTRHRboFhw5YfVk=";

async fn ready_store(bench: &Bench, name: &str, provider: Value) -> Result<()> {
    bench
        .apply("SecretStore", name, json!({ "provider": provider }))
        .await?;
    eventually(&format!("store {name} is ready"), SOON, async || {
        bench.ready::<SecretStore>(name).await
    })
    .await?;
    Ok(())
}

async fn onepassword(bench: &Bench, connect: &OnePassword) -> Result<()> {
    bench.put_secret("connect", "token", OnePassword::TOKEN).await?;
    let auth = json!({"secretRef": {"connectTokenSecretRef": {"name": "connect", "key": "token"}}});
    let provider = json!({"connectHost": connect.url(), "vaults": {"vault": 1}, "auth": auth});
    ready_store(bench, "onepassword", json!({ "onepassword": provider })).await
}

fn external_secret(store: &str, key: &str, property: Option<&str>) -> Value {
    let mut remote = json!({ "key": key });
    if let Some(property) = property {
        remote["property"] = property.into();
    }
    json!({
        "secretStoreRef": {"name": store}, "refreshInterval": "1h", "target": {"deletionPolicy": "Delete"},
        "data": [{"secretKey": "password", "remoteRef": remote}],
    })
}

async fn holds(bench: &Bench, name: &str, wanted: &str) -> Result<()> {
    bench.synced(name).await?;
    let secret = bench.secret(name).await?;
    let value = secret.as_ref().and_then(crate::bench::password);
    ensure!(value == Some(wanted.as_bytes()), "{name} holds something else");
    Ok(())
}

/// Has it fetched anew, whatever comes of that.
async fn poke(bench: &Bench, name: &str) -> Result<()> {
    let patch = json!({"metadata": {"annotations": {"force-sync": "1"}}});
    let api = bench.api::<ExternalSecret>();
    api.patch(name, &PatchParams::default(), &Patch::Merge(&patch))
        .await?;
    Ok(())
}

async fn push(bench: &Bench, name: &str, stores: &[&str]) -> Result<Api<PushSecret>> {
    let stores: Vec<_> = stores.iter().map(|store| json!({ "name": store })).collect();
    let object = json!({
        "apiVersion": "external-secrets.io/v1alpha1", "kind": "PushSecret", "metadata": {"name": name},
        "spec": {
            "secretStoreRefs": stores, "deletionPolicy": "Delete", "refreshInterval": "1h",
            "selector": {"secret": {"name": "source"}},
            "data": [{"match": {"secretKey": "key", "remoteRef": {"remoteKey": "PUSHED"}}}],
        },
    });
    let objects: Api<PushSecret> = bench.api();
    objects
        .patch(name, &PatchParams::apply("test").force(), &Patch::Apply(object))
        .await?;
    eventually(&format!("{name} is pushed"), LATER, async || {
        bench.ready::<PushSecret>(name).await
    })
    .await?;
    Ok(objects)
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn items_and_variables_arrive_and_what_is_gone_is_deleted() -> Result<()> {
    let bench = Bench::set_up("small", "unused").await?;
    let connect = OnePassword::start().await?;
    let vault = connect.put_vault("vault");
    connect.put_item(
        &vault,
        "db",
        &json!({"fields": [{"label": "password", "value": "of-1password"}]}),
    );
    onepassword(&bench, &connect).await?;
    let gitlab = GitlabVariables::start().await?;
    gitlab.put_group("1", "org");
    gitlab.put_project("7", "org/app", &["1"]);
    gitlab.put_variable("groups", "1", "DB", "*", Some(r#"{"password": "of-gitlab"}"#));
    bench
        .put_secret("gitlab", "token", GitlabVariables::TOKEN)
        .await?;
    let token = json!({"accessToken": {"name": "gitlab", "key": "token"}});
    let provider = json!({"url": gitlab.url(), "projectID": "7", "inheritFromGroups": true, "auth": {"SecretRef": token}});
    ready_store(&bench, "gitlab", json!({ "gitlab": provider })).await?;

    bench
        .apply(
            "ExternalSecret",
            "from-1password",
            external_secret("onepassword", "db", None),
        )
        .await?;
    bench
        .apply(
            "ExternalSecret",
            "from-gitlab",
            external_secret("gitlab", "DB", Some("password")),
        )
        .await?;
    holds(&bench, "from-1password", "of-1password").await?;
    holds(&bench, "from-gitlab", "of-gitlab").await?;

    connect.delete_items("db");
    poke(&bench, "from-1password").await?;
    eventually("the Secret is deleted", SOON, async || {
        match bench.secret("from-1password").await {
            Ok(None) => Ok(()),
            other => Err(format!("{:?}", other.map(|secret| secret.is_some()))),
        }
    })
    .await?;
    gitlab.faults().always(Fate::status(404, "<html>not here</html>"));
    poke(&bench, "from-gitlab").await?;
    bench.failed("from-gitlab").await?;
    ensure!(
        bench.secret("from-gitlab").await?.is_some(),
        "an outage has deleted a Secret"
    );
    Ok(())
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn what_is_pushed_arrives_sealed_or_not_and_is_taken_away_again() -> Result<()> {
    let bench = Bench::set_up("small", "unused").await?;
    let connect = OnePassword::start().await?;
    connect.put_vault("vault");
    onepassword(&bench, &connect).await?;
    let github = GithubActions::start(PUBLIC_KEY).await?;
    let identity = RsaIdentity::new("app")?;
    bench.put_secret("app", "key", &identity.key).await?;
    let provider = json!({
        "url": github.url(), "organization": "acme", "repository": "app", "appID": 17,
        "installationID": GithubActions::INSTALLATION, "auth": {"privateKey": {"name": "app", "key": "key"}},
    });
    ready_store(&bench, "github", json!({ "github": provider })).await?;
    bench.put_secret("source", "key", "canary-pushed").await?;
    let objects = push(&bench, "both", &["onepassword", "github"]).await?;
    let items = connect.items("PUSHED");
    ensure!(
        items.len() == 1 && items[0]["fields"][0]["value"] == "canary-pushed",
        "{} items",
        items.len()
    );
    let folder = "repos/acme/app/actions/secrets";
    let sealed = github.secret(folder, "PUSHED").unwrap_or_default().to_string();
    ensure!(
        sealed.contains("encrypted_value") && !sealed.contains("canary"),
        "it is not sealed"
    );
    objects.delete("both", &DeleteParams::default()).await?;
    eventually("it is taken away", LATER, async || {
        match (
            connect.items("PUSHED").len(),
            github.secret(folder, "PUSHED").is_some(),
        ) {
            (0, false) => Ok(()),
            left => Err(format!("{left:?}")),
        }
    })
    .await?;
    let log = std::fs::read_to_string(bench.operator.log())?;
    ensure!(
        !log.contains("canary"),
        "the operator's log holds what must stay hidden"
    );
    Ok(())
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn many_objects_take_two_calls_each_and_do_not_wait_for_each_other() -> Result<()> {
    let bench = Bench::set_up("small", "unused").await?;
    let connect = OnePassword::start().await?;
    let vault = connect.put_vault("vault");
    for nth in 0..OBJECTS {
        let field = json!({"label": "password", "value": format!("value-{nth}")});
        connect.put_item(&vault, &format!("item-{nth}"), &json!({"fields": [field]}));
    }
    onepassword(&bench, &connect).await?;
    connect.faults().forget();
    connect.faults().always(Fate::Late(Duration::from_millis(20)));
    try_join_all((0..OBJECTS).map(async |nth| {
        let spec = external_secret("onepassword", &format!("item-{nth}"), None);
        bench.apply("ExternalSecret", &format!("app-{nth}"), spec).await
    }))
    .await?;
    for nth in 0..OBJECTS {
        holds(&bench, &format!("app-{nth}"), &format!("value-{nth}")).await?;
    }
    let traffic = connect.faults().traffic();
    ensure!(
        traffic.total() <= 2 * OBJECTS + 2 && traffic.peak > 3,
        "{:?}",
        traffic.calls
    );
    Ok(())
}
