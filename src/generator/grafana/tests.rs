use lockstep_api::generator::ClusterGeneratorKind;
use lockstep_testkit::Fate;
use serde_json::{Value, json};

use crate::engine::lease::Step;
use crate::engine::state::State;
use crate::generator::kept;
use crate::generator::page::Page;
use crate::generator::testing::{Bench, CANARY, told};

type World = lockstep_testkit::Grafana;

async fn scene() -> (World, Bench) {
    let grafana = World::start(&format!("Bearer {CANARY}-key")).await;
    let bench = Bench::new(ClusterGeneratorKind::Grafana, &format!("{CANARY}-key\n"));
    (grafana.expect("a Grafana"), bench)
}

fn spec(grafana: &World) -> Value {
    json!({
        "url": grafana.url(), "auth": {"token": {"name": "creds", "key": "token"}},
        "serviceAccount": {"name": "app", "role": "Viewer"},
    })
}

fn left(grafana: &World) -> usize {
    grafana.world().tokens.len()
}

#[tokio::test]
async fn a_token_is_made_noted_as_eso_does_and_deleted_and_the_account_stays() {
    let (grafana, bench) = scene().await;
    grafana.world().put_account("app-2", "Admin");
    let (values, state) = bench.made(&spec(&grafana)).await;
    let account = 2;
    assert_eq!(
        grafana.world().accounts[&account],
        ("app".to_owned(), "Viewer".to_owned())
    );
    assert_eq!(values["login"], "sa-1-app");
    assert_eq!(values["token"], grafana.world().tokens[&3].secret);
    assert_eq!(
        (values.len(), grafana.world().tokens[&3].seconds_to_live),
        (2, None)
    );
    let noted = json!({"serviceAccount": {"id": account, "login": "sa-1-app", "tokenID": 3}});
    assert_eq!(state.content.as_value(), &noted);
    assert!(kept::account(&state).is_complete && kept::account(&state).life.is_none());

    let (_, second) = bench.made(&spec(&grafana)).await;
    assert_eq!(grafana.world().accounts.len(), 2, "the account is found again");
    for state in [&state, &second, &second] {
        bench.generators.undo(state).await.expect("undone");
    }
    assert_eq!((left(&grafana), grafana.world().accounts.len()), (0, 2));
    grafana.world().accounts.clear();
    bench.generators.undo(&state).await.expect("its account is gone");
}

#[tokio::test]
async fn a_token_that_ends_is_replaced_before() {
    let (grafana, bench) = scene().await;
    let mut short = spec(&grafana);
    short["serviceAccount"]["secondsToLive"] = 600.into();
    let (_, state) = bench.made(&short).await;
    let lives = grafana
        .world()
        .tokens
        .values()
        .map(|token| token.seconds_to_live)
        .collect::<Vec<_>>();
    assert_eq!(lives, [Some(600)]);
    let account = kept::account(&state);
    let life = account.life.as_ref().expect("a life");
    let after = |seconds| jiff::Timestamp::from_second(state.created.as_second() + seconds).expect("a time");
    assert!(matches!(life.step(after(400)), Some(Step::Rest(_))));
    assert_eq!(life.step(after(490)), Some(Step::Replace));
    assert_eq!(account.ends_by_itself(after(0)), Some(after(600)));
}

#[tokio::test]
async fn a_password_logs_in_too_and_a_token_counts_before_it() {
    let grafana = World::start("Basic YWRtaW46Y2FuYXJ5LTViMWQ=")
        .await
        .expect("a Grafana");
    let bench = Bench::new(ClusterGeneratorKind::Grafana, CANARY);
    let mut basic = spec(&grafana);
    basic["auth"] = json!({"basic": {"username": "admin", "password": {"name": "creds", "key": "token"}}});
    bench.made(&basic).await;
    basic["auth"]["token"] = json!({"name": "creds", "key": "token"});
    assert!(bench.refused(&basic).await.contains("HTTP 401"));
}

#[tokio::test]
async fn whatever_becomes_of_the_request_no_token_is_left() {
    let (grafana, bench) = scene().await;
    let account = grafana.world().put_account("app", "Viewer");
    let path = format!("/api/serviceaccounts/{account}/tokens");
    assert_eq!(path, "/api/serviceaccounts/1/tokens");
    bench
        .every_fault_leaves_nothing(
            &spec(&grafana),
            grafana.faults(),
            |asked| asked.method == "POST" && asked.path == "/api/serviceaccounts/1/tokens",
            || left(&grafana),
        )
        .await;
}

#[tokio::test]
async fn an_account_that_somebody_else_makes_meanwhile_is_used() {
    let (grafana, bench) = scene().await;
    grafana
        .faults()
        .are(|asked| match (asked.method.as_str(), asked.path.as_str()) {
            ("POST", "/api/serviceaccounts") => Fate::Cut { carried_out: true },
            _ => Fate::Pass,
        });
    let (values, _) = bench.made(&spec(&grafana)).await;
    assert_eq!(values["login"], "sa-1-app");
    assert_eq!(grafana.world().accounts.len(), 1);
    let mut other = spec(&grafana);
    other["serviceAccount"]["name"] = "other".into();
    grafana
        .faults()
        .are(|asked| match (asked.method.as_str(), asked.path.as_str()) {
            ("POST", "/api/serviceaccounts") => Fate::status(403, CANARY),
            _ => Fate::Pass,
        });
    assert!(
        bench
            .refused(&other)
            .await
            .contains("the right to write service accounts")
    );
}

#[tokio::test]
async fn what_is_only_looked_at_is_deleted_at_once() {
    let (grafana, bench) = scene().await;
    bench
        .generate(&spec(&grafana), &Page::glance())
        .await
        .expect("made");
    assert_eq!((left(&grafana), grafana.world().tokens_made), (0, 1));
}

#[tokio::test]
async fn what_eso_noted_is_undone_and_a_deletion_that_fails_succeeds_later() {
    let (grafana, bench) = scene().await;
    let (_, ours) = bench.made(&spec(&grafana)).await;
    let content = json!({"serviceAccount": {"id": 1, "login": "sa-1-app", "tokenID": 2}});
    let of_eso = State {
        content: content.into(),
        ..ours
    };
    for fate in [
        Fate::status(500, CANARY),
        // Who is in between, and does not know Grafana, says so too.
        Fate::status(404, CANARY),
        Fate::status(404, r#"{"message": "Not found"}"#),
        Fate::Cut { carried_out: false },
    ] {
        grafana.faults().always(fate);
        let problem = bench.generators.undo(&of_eso).await.expect_err("away");
        assert!(
            told(&problem).starts_with("tokens of service account 1: "),
            "{problem}"
        );
    }
    // Nor is what may have been made taken for gone.
    let intended =
        json!({"serviceAccount": {"id": 1, "login": "sa-1-app", "tokenID": 0, "tokenName": "lockstep-1"}});
    let intended = State {
        content: intended.into(),
        ..of_eso.clone()
    };
    grafana.faults().always(Fate::status(404, CANARY));
    assert!(bench.generators.undo(&intended).await.is_err());
    grafana.faults().always(Fate::Pass);
    bench.generators.undo(&of_eso).await.expect("undone");
    assert_eq!(left(&grafana), 0);
}

#[tokio::test]
async fn a_fault_of_the_spec_names_its_field() {
    let (grafana, bench) = scene().await;
    let mut none = spec(&grafana);
    none["auth"] = json!({});
    assert_eq!(
        bench.refused(&none).await,
        "Grafana own/gen: spec.auth: must have token or basic"
    );
    let mut keyless = spec(&grafana);
    keyless["auth"]["token"] = json!({"name": "creds"});
    assert!(
        bench
            .refused(&keyless)
            .await
            .contains("spec.auth.token.key: must be set")
    );
    assert!(bench.cluster.states().is_empty());
}
