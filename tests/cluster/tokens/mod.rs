//! What generators make that stays until somebody deletes it, counted where it is made.

pub mod issuers;
pub mod scenes;

use anyhow::{Result, ensure};
use k8s_openapi::api::core::v1::{Namespace, Secret};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::{Api, DeleteParams, PostParams};
use lockstep_api::ExternalSecret;
use lockstep_api::generator::GeneratorState;
use lockstep_testkit::{Gitlab, Grafana, eventually};
use serde_json::json;

use self::issuers::{GENERATORS, Issuer, borrowed, credential, introduce};
use self::scenes::{A_WHILE, SHORT_GRACE, are_left, is_used};
use crate::bench::{Bench, start_operator_with};
use crate::lender::states;

async fn gitlab() -> Result<Gitlab> {
    <Gitlab as Issuer>::start().await
}

async fn grafana() -> Result<Grafana> {
    <Grafana as Issuer>::start().await
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn a_deletion_that_fails_goes_on_until_it_succeeds_and_nothing_is_told() -> Result<()> {
    scenes::deletion_that_fails(&gitlab().await?).await
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn grafanas_deletion_that_fails_goes_on_and_its_account_stays() -> Result<()> {
    scenes::deletion_that_fails(&grafana().await?).await
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn what_a_push_makes_is_deleted_when_another_takes_its_place_and_when_it_goes() -> Result<()> {
    scenes::push(&gitlab().await?).await
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn what_a_push_makes_at_grafana_is_deleted_and_its_account_stays() -> Result<()> {
    scenes::push(&grafana().await?).await
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn what_cannot_be_made_is_tried_less_and_less_often() -> Result<()> {
    scenes::failure_that_lasts(&gitlab().await?).await
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn a_restart_makes_no_token_anew() -> Result<()> {
    scenes::restart(&gitlab().await?).await
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn a_restart_makes_no_token_of_grafana_anew() -> Result<()> {
    scenes::restart(&grafana().await?).await
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn a_kill_at_any_write_leaves_no_token_behind() -> Result<()> {
    scenes::kill_at_any_write(&gitlab().await?).await
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn a_kill_at_any_write_leaves_no_token_of_grafana_behind() -> Result<()> {
    scenes::kill_at_any_write(&grafana().await?).await
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn a_note_that_cannot_be_undone_says_why_and_holds_up_no_namespace() -> Result<()> {
    let gitlab = gitlab().await?;
    let bench = Bench::set_up_with("tokens", "v", &[SHORT_GRACE]).await?;
    introduce(&gitlab, &bench).await?;
    bench.apply("ExternalSecret", "app", borrowed::<Gitlab>()).await?;
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

    bench.apply("ExternalSecret", "app", borrowed::<Gitlab>()).await?;
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

/// Makes a token as ESO does.
async fn token_of_eso(gitlab: &Gitlab) -> Result<u64> {
    let body = json!({"name": "deploy", "scopes": ["read_repository"]});
    let url = format!("{}/api/v4/projects/42/deploy_tokens", gitlab.url());
    let request = reqwest::Client::new()
        .post(url)
        .header("private-token", credential());
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
    bench.apply("ExternalSecret", "app", borrowed::<Gitlab>()).await?;
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
    ensure!(gitlab.left().len() == 2, "something was deleted");
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
                    "metadata": {"name": "gen", "namespace": bench.namespace}, "spec": gitlab.spec(), "status": {},
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
