//! What generators make that stays until somebody deletes it, counted where it is made.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, ensure};
use k8s_openapi::api::core::v1::{Namespace, Secret};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::{
    Api, ApiResource, DeleteParams, DynamicObject, GroupVersionKind, Patch, PatchParams, PostParams,
};
use lockstep_api::generator::GeneratorState;
use lockstep_api::{ExternalSecret, PushSecret};
use lockstep_testkit::{ControlPlane, Fate, Gitlab, Proxy, eventually};
use serde_json::{Value, json};

use crate::bench::{Bench, start_operator_as, start_operator_with};
use crate::lender::{states, text};
use crate::mishaps::Trap;

const GENERATORS: &str = "generators.external-secrets.io";
const CANARY: &str = "canary-71aa";
const SHORT_GRACE: &str = "--generator-gc-grace-period=1s";
/// More writes than the story has.
const MOST_WRITES: usize = 30;
/// The garbage collector hears of new kinds every half a minute.
const A_WHILE: Duration = Duration::from_mins(1);

pub async fn gitlab() -> Result<Gitlab> {
    Ok(Gitlab::start(&format!("{CANARY}-key"), &["projects/42"]).await?)
}

fn named(kind: &str) -> ApiResource {
    ApiResource::from_gvk(&GroupVersionKind::gvk(GENERATORS, "v1alpha1", kind))
}

/// The generator, and what it logs in with.
pub async fn introduce(gitlab: &Gitlab, bench: &Bench) -> Result<()> {
    bench
        .put_secret("creds", "token", &format!("{CANARY}-key"))
        .await?;
    let kind = named("GitlabDeployToken");
    let api: Api<DynamicObject> = Api::namespaced_with(bench.client.clone(), &bench.namespace, &kind);
    let object = json!({
        "apiVersion": format!("{GENERATORS}/v1alpha1"), "kind": "GitlabDeployToken", "metadata": {"name": "gen"},
        "spec": spec(gitlab),
    });
    api.patch("gen", &PatchParams::apply("test").force(), &Patch::Apply(object))
        .await?;
    Ok(())
}

fn spec(gitlab: &Gitlab) -> Value {
    json!({
        "url": gitlab.url(), "projectID": "42", "name": "deploy", "scopes": ["read_repository"],
        "auth": {"token": {"secretRef": {"name": "creds", "key": "token"}}},
    })
}

pub fn reference() -> Value {
    json!({"apiVersion": format!("{GENERATORS}/v1alpha1"), "kind": "GitlabDeployToken", "name": "gen"})
}

fn borrowed() -> Value {
    json!({"refreshInterval": "1h", "dataFrom": [{"sourceRef": {"generatorRef": reference()}}]})
}

/// Whether exactly so many are left.
pub async fn are_left(gitlab: &Gitlab, wanted: usize) -> Result<()> {
    eventually(&format!("{wanted} tokens are left"), A_WHILE, async || {
        let found = gitlab.world().tokens.len();
        if found == wanted {
            Ok(())
        } else {
            Err(format!("{found}"))
        }
    })
    .await?;
    Ok(())
}

fn is_used(gitlab: &Gitlab, secret: &Secret) -> Result<()> {
    let held = text(secret, "token")?;
    let is_there = gitlab.world().tokens.values().any(|token| token.secret == held);
    ensure!(is_there, "the Secret holds a token that is no more");
    Ok(())
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn a_deletion_that_fails_goes_on_until_it_succeeds_and_nothing_is_told() -> Result<()> {
    let gitlab = gitlab().await?;
    let bench = Bench::set_up_with("tokens", "v", &[SHORT_GRACE]).await?;
    introduce(&gitlab, &bench).await?;
    bench.apply("ExternalSecret", "app", borrowed()).await?;
    bench.synced("app").await?;
    gitlab.faults().are(|asked| {
        if asked.method == "DELETE" {
            Fate::status(503, CANARY)
        } else {
            Fate::Pass
        }
    });
    bench.refresh("app").await?;
    let secret = bench.secret("app").await?.unwrap_or_default();
    is_used(&gitlab, &secret)?;
    bench
        .api::<ExternalSecret>()
        .delete("app", &DeleteParams::default())
        .await?;
    eventually("both are tried, again and again", A_WHILE, async || {
        let tried = gitlab.faults().traffic();
        let of = |id| tried.of(&format!("DELETE /api/v4/projects/42/deploy_tokens/{id}"));
        if of(1) > 2 && of(2) > 2 {
            Ok(())
        } else {
            Err(format!("{:?}", tried.calls))
        }
    })
    .await?;
    ensure!(gitlab.world().tokens.len() == 2, "nothing was deleted");
    gitlab.faults().always(Fate::Pass);
    are_left(&gitlab, 0).await?;
    eventually("no note is left", A_WHILE, async || {
        let left = states(&bench.client, &bench.namespace).await?;
        if left.is_empty() {
            Ok(())
        } else {
            Err(format!("{}", left.len()))
        }
    })
    .await?;
    ensure!(gitlab.world().made == 2, "one for each refresh");
    let log = std::fs::read_to_string(bench.operator.log())?;
    for told in [log, bench.events().await?, bench.metrics()?] {
        ensure!(!told.contains(CANARY), "a token was told");
    }
    Ok(())
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn a_note_that_cannot_be_undone_says_why_and_holds_up_no_namespace() -> Result<()> {
    let gitlab = gitlab().await?;
    let bench = Bench::set_up_with("tokens", "v", &[SHORT_GRACE]).await?;
    introduce(&gitlab, &bench).await?;
    bench.apply("ExternalSecret", "app", borrowed()).await?;
    bench.synced("app").await?;
    let secrets = bench.api::<Secret>();
    secrets.delete("creds", &DeleteParams::default()).await?;
    bench
        .api::<ExternalSecret>()
        .delete("app", &DeleteParams::default())
        .await?;
    eventually("the note says why it stays", A_WHILE, async || {
        let kept = states(&bench.client, &bench.namespace).await?;
        let status = kept.first().and_then(|state| state.status.clone());
        let message = status.and_then(|status| status.conditions.first()?.message.clone());
        let wanted = format!("Secret {}/creds: it does not exist", bench.namespace);
        match message {
            Some(message) if message.contains(&wanted) => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await?;
    introduce(&gitlab, &bench).await?;
    are_left(&gitlab, 0).await?;

    bench.apply("ExternalSecret", "app", borrowed()).await?;
    bench.synced("app").await?;
    let namespaces: Api<Namespace> = Api::all(bench.client.clone());
    namespaces
        .delete(&bench.namespace, &DeleteParams::default())
        .await?;
    eventually("the namespace is gone", A_WHILE * 2, async || {
        let found = namespaces.get_opt(&bench.namespace).await;
        match found.map_err(|error| error.to_string())? {
            None => Ok(()),
            Some(found) => Err(format!("{:?}", found.status)),
        }
    })
    .await?;
    Ok(())
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn what_a_push_makes_is_deleted_when_another_takes_its_place_and_when_it_goes() -> Result<()> {
    let gitlab = gitlab().await?;
    let bench = Bench::set_up_with("tokens", "v", &[SHORT_GRACE]).await?;
    introduce(&gitlab, &bench).await?;
    let spec = json!({
        "refreshInterval": "1h", "secretStoreRefs": [{"name": "fake", "kind": "SecretStore"}],
        "selector": {"generatorRef": reference()},
        "data": [{"match": {"secretKey": "token", "remoteRef": {"remoteKey": "pushed"}}}],
    });
    bench
        .apply("SecretStore", "fake", json!({"provider": {"fake": {"data": []}}}))
        .await?;
    let api = bench.api::<PushSecret>();
    let object = json!({
        "apiVersion": "external-secrets.io/v1alpha1", "kind": "PushSecret", "metadata": {"name": "push"},
        "spec": spec,
    });
    let how = PatchParams::apply("test").force();
    api.patch("push", &how, &Patch::Apply(&object)).await?;
    let synced = async || bench.ready::<PushSecret>("push").await;
    eventually("it is pushed", A_WHILE, synced).await?;
    are_left(&gitlab, 1).await?;
    let noted = states(&bench.client, &bench.namespace)
        .await
        .map_err(anyhow::Error::msg)?;
    ensure!(noted.len() == 1, "{} notes", noted.len());
    let name = noted[0].metadata.name.clone().unwrap_or_default();
    ensure!(name.starts_with("gen-pushsecret-push-"), "{name}");

    let touch = json!({"metadata": {"annotations": {"force-sync": "1"}}});
    api.patch("push", &PatchParams::default(), &Patch::Merge(touch))
        .await?;
    eventually("another is made", A_WHILE, async || {
        let made = gitlab.world().made;
        if made == 2 { Ok(()) } else { Err(format!("{made}")) }
    })
    .await?;
    are_left(&gitlab, 1).await?;
    ensure!(gitlab.world().tokens.contains_key(&2), "the newer one is left");
    api.delete("push", &DeleteParams::default()).await?;
    are_left(&gitlab, 0).await?;
    ensure!(gitlab.world().made == 2, "one for each round");
    Ok(())
}

/// Makes a token as ESO does.
async fn token_of_eso(gitlab: &Gitlab) -> Result<u64> {
    let body = json!({"name": "deploy", "scopes": ["read_repository"]});
    let url = format!("{}/api/v4/projects/42/deploy_tokens", gitlab.url());
    let request = reqwest::Client::new()
        .post(url)
        .header("private-token", format!("{CANARY}-key"));
    ensure!(request.json(&body).send().await?.status().is_success());
    Ok(gitlab.world().made)
}

/// ESO keeps the token before the newest for one more refresh, and its notes do not tell which is in use.
#[tokio::test]
#[ignore = "needs the test bed"]
async fn two_notes_that_eso_left_make_nothing_anew_and_both_go_with_the_next_refresh() -> Result<()> {
    let gitlab = gitlab().await?;
    let mut bench = Bench::set_up_with("tokens", "v", &[SHORT_GRACE]).await?;
    introduce(&gitlab, &bench).await?;
    bench.apply("ExternalSecret", "app", borrowed()).await?;
    bench.synced("app").await?;
    let kept = states(&bench.client, &bench.namespace).await;
    let mut state = kept.map_err(anyhow::Error::msg)?.remove(0);
    state.metadata = ObjectMeta {
        generate_name: Some("gen-externalsecret-app-".to_owned()),
        labels: state.metadata.labels,
        owner_references: state.metadata.owner_references,
        ..ObjectMeta::default()
    };
    let mut second = serde_json::to_value(&state)?;
    second["spec"]["state"]["tokenID"] = token_of_eso(&gitlab).await?.into();
    let second: GeneratorState = serde_json::from_value(second)?;
    let notes = bench.api::<GeneratorState>();
    bench.operator.kill()?;
    notes.create(&PostParams::default(), &second).await?;
    (bench.operator, bench.metrics) = start_operator_with(&bench.plane, &[SHORT_GRACE]).await?;
    eventually(
        "both are held, and the ExternalSecret had its turn",
        A_WHILE,
        async || {
            let kept = states(&bench.client, &bench.namespace).await?;
            let held = kept
                .iter()
                .filter(|state| state.metadata.finalizers.is_some())
                .count();
            let turns = bench.turns().map_err(|error| error.to_string())?;
            if held == 2 && turns > 0 {
                Ok(())
            } else {
                Err(format!("{held} held, {turns} turns"))
            }
        },
    )
    .await?;
    let made = gitlab.world().made;
    ensure!(made == 2, "something was made anew");
    ensure!(gitlab.world().tokens.len() == 2, "something was deleted");
    bench.refresh("app").await?;
    are_left(&gitlab, 1).await?;
    is_used(&gitlab, &bench.secret("app").await?.unwrap_or_default())?;
    ensure!(gitlab.world().made == 3, "one for the refresh");
    Ok(())
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn what_eso_made_is_deleted_at_its_deadline_also_without_its_finalizer() -> Result<()> {
    let gitlab = gitlab().await?;
    let bench = Bench::set_up_with("tokens", "v", &[SHORT_GRACE]).await?;
    introduce(&gitlab, &bench).await?;
    for finalizers in [json!(["generatorstate.externalsecrets.io/finalizer"]), json!([])] {
        let id = token_of_eso(&gitlab).await?;
        let state = json!({
            "apiVersion": format!("{GENERATORS}/v1alpha1"), "kind": "GeneratorState",
            "metadata": {"generateName": "gen-externalsecret-app-", "finalizers": finalizers},
            "spec": {
                "garbageCollectionDeadline": "2026-01-01T00:00:00Z",
                "resource": {
                    "apiVersion": format!("{GENERATORS}/v1alpha1"), "kind": "GitlabDeployToken",
                    "metadata": {"name": "gen", "namespace": bench.namespace}, "spec": spec(&gitlab), "status": {},
                },
                "state": {"url": gitlab.url(), "projectID": "42", "tokenID": id},
            },
        });
        let state: GeneratorState = serde_json::from_value(state)?;
        bench
            .api::<GeneratorState>()
            .create(&PostParams::default(), &state)
            .await?;
        are_left(&gitlab, 0).await?;
    }
    Ok(())
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn a_kill_at_any_write_leaves_no_token_behind() -> Result<()> {
    let gitlab = gitlab().await?;
    let trap = Arc::new(Trap::default());
    let plane = ControlPlane::start().await?;
    let judge = trap.clone();
    let proxy = Proxy::start(&plane, move |asked| judge.judge(asked)).await?;
    let mut bench = Bench::set_up_on(plane, proxy.kubeconfig(), "tokens", "v", &[SHORT_GRACE]).await?;
    introduce(&gitlab, &bench).await?;
    let mut write = 1;
    loop {
        trap.set(write, true);
        let name = format!("app-{write}");
        bench.apply("ExternalSecret", &name, borrowed()).await?;
        let met = met(&trap, &bench, &name).await?;
        if met {
            bench.operator.kill()?;
            let started = start_operator_as(&bench.plane, proxy.kubeconfig(), &[SHORT_GRACE]).await?;
            (bench.operator, bench.metrics) = started;
        }
        trap.set(usize::MAX, true);
        bench.synced(&name).await?;
        let secret = bench.secret(&name).await?.unwrap_or_default();
        is_used(&gitlab, &secret)?;
        bench
            .api::<ExternalSecret>()
            .delete(&name, &DeleteParams::default())
            .await?;
        are_left(&gitlab, 0).await?;
        if !met {
            break;
        }
        write += 1;
        ensure!(write < MOST_WRITES, "the story has no end");
    }
    // Intent, note, Secret and status.
    ensure!(write > 4, "only {write} writes were met");
    Ok(())
}

/// Whether the trap sprang before the ExternalSecret was at rest.
async fn met(trap: &Trap, bench: &Bench, name: &str) -> Result<bool> {
    let mut has_sprung = false;
    eventually("a write to kill at, or none left", A_WHILE, async || {
        has_sprung = trap.has_sprung();
        if has_sprung {
            return Ok(());
        }
        bench.ready::<ExternalSecret>(name).await
    })
    .await?;
    Ok(has_sprung || trap.has_sprung())
}
