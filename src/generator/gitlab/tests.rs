use lockstep_api::generator::ClusterGeneratorKind;
use lockstep_testkit::{Fate, Gitlab};
use serde_json::{Value, json};

use crate::engine::state::State;
use crate::generator::page::Page;
use crate::generator::testing::{Bench, CANARY, told};

async fn scene() -> (Gitlab, Bench) {
    let key = format!("{CANARY}-key");
    let gitlab = Gitlab::start(&key, &["projects/42", "groups/a%2Fb"]).await;
    let bench = Bench::new(ClusterGeneratorKind::GitlabDeployToken, &format!("{key}\n"));
    (gitlab.expect("a GitLab"), bench)
}

fn spec(gitlab: &Gitlab) -> Value {
    json!({
        "url": format!("{}/", gitlab.url()), "projectID": "42", "name": "deploy", "scopes": ["read_repository", "read_registry"],
        "auth": {"token": {"secretRef": {"name": "creds", "key": "token"}}},
    })
}

fn left(gitlab: &Gitlab) -> usize {
    gitlab.world().tokens.len()
}

#[tokio::test]
async fn a_token_is_made_noted_as_eso_does_and_deleted() {
    let (gitlab, bench) = scene().await;
    let states = bench.cluster.clone();
    gitlab.faults().are(move |asked| {
        let is_noted = states.states().len() == 1;
        assert!(
            asked.method != "POST" || is_noted,
            "it is noted before it is asked for"
        );
        Fate::Pass
    });
    let mut whole = spec(&gitlab);
    whole["expiresAt"] = "2031-02-03T04:05:06Z".into();
    let (values, state) = bench.made(&whole).await;
    let token = gitlab.world().tokens[&1].clone();
    assert_eq!(values["token"], token.secret);
    assert_eq!(values["username"], token.username);
    assert_eq!(values.len(), 2);
    assert!(token.username.starts_with("lockstep-"), "{}", token.username);
    assert_eq!(token.name, "deploy");
    assert_eq!(token.scopes, json!(["read_repository", "read_registry"]));
    assert_eq!(token.expires_at, "2031-02-03T04:05:06Z");
    let noted = json!({"url": whole["url"], "projectID": "42", "tokenID": 1});
    assert_eq!(state.content.as_value(), &noted);
    let account = crate::generator::kept::account(&state);
    assert!(account.is_complete && account.life.is_none());
    let ends = account.ends_by_itself(jiff::Timestamp::now());
    assert_eq!(ends, Some("2031-02-03T04:05:06Z".parse().expect("a time")));

    bench.generators.undo(&state).await.expect("undone");
    assert_eq!(left(&gitlab), 0);
    bench
        .generators
        .undo(&state)
        .await
        .expect("what is gone is undone");
}

#[tokio::test]
async fn a_group_is_meant_by_its_path_and_a_user_name_is_kept() {
    let (gitlab, bench) = scene().await;
    let mut of_group = spec(&gitlab);
    let members = of_group.as_object_mut().expect("an object");
    members.remove("projectID");
    members.insert("groupID".to_owned(), "a/b".into());
    members.insert("username".to_owned(), "robot".into());
    let (values, state) = bench.made(&of_group).await;
    assert_eq!(values["username"], "robot");
    assert_eq!(state.content.as_value()["groupID"], "a/b");
    bench.generators.undo(&state).await.expect("undone");
    assert_eq!(left(&gitlab), 0);
}

#[tokio::test]
async fn whatever_becomes_of_the_request_no_token_is_left() {
    let (gitlab, bench) = scene().await;
    // Others' tokens are not touched, whatever they are called, and however many there are.
    let others = 230;
    for _ in 0..others {
        bench.made(&spec(&gitlab)).await;
    }
    bench.cluster.states().clear();
    let left = || left(&gitlab) - others;
    bench
        .every_fault_leaves_nothing(
            &spec(&gitlab),
            gitlab.faults(),
            |asked| asked.method == "POST",
            left,
        )
        .await;
}

#[tokio::test]
async fn a_user_name_of_the_spec_tells_nothing_and_nothing_of_others_is_deleted() {
    let (gitlab, bench) = scene().await;
    let mut named = spec(&gitlab);
    named["username"] = "robot".into();
    bench.made(&named).await;
    bench.cluster.states().clear();
    gitlab.faults().always(Fate::Cut { carried_out: true });
    assert!(bench.refused(&named).await.contains("deploy tokens of 42"));
    gitlab.faults().always(Fate::Pass);
    let state = bench.cluster.states()[0].clone();
    bench.generators.undo(&state).await.expect("nothing is known");
    assert_eq!(left(&gitlab), 2);
}

#[tokio::test]
async fn what_is_only_looked_at_is_deleted_at_once() {
    let (gitlab, bench) = scene().await;
    bench
        .generate(&spec(&gitlab), &Page::glance())
        .await
        .expect("made");
    assert_eq!((left(&gitlab), gitlab.world().made), (0, 1));
    bench
        .generate(&spec(&gitlab), &Page::loose())
        .await
        .expect("made");
    assert_eq!((left(&gitlab), gitlab.world().made), (1, 2));
    assert!(bench.cluster.states().is_empty());
}

#[tokio::test]
async fn a_deletion_that_fails_says_so_and_succeeds_later() {
    let (gitlab, bench) = scene().await;
    let (_, state) = bench.made(&spec(&gitlab)).await;
    for fate in [
        Fate::status(500, CANARY),
        Fate::status(403, CANARY),
        // Who is in between, and does not know GitLab, says so too.
        Fate::status(404, CANARY),
        Fate::status(404, r#"{"message": "no Route matched with those values"}"#),
        Fate::Cut { carried_out: false },
    ] {
        gitlab.faults().always(fate);
        let problem = bench.generators.undo(&state).await.expect_err("away");
        assert!(told(&problem).starts_with("deploy tokens of 42: "), "{problem}");
    }
    gitlab.faults().always(Fate::Pass);
    bench.generators.undo(&state).await.expect("undone");
    assert_eq!(left(&gitlab), 0);
}

#[tokio::test]
async fn what_eso_noted_is_undone_and_what_it_could_not_tell_is_nothing() {
    let (gitlab, bench) = scene().await;
    let (_, ours) = bench.made(&spec(&gitlab)).await;
    let state = |content: Value| State {
        content: content.into(),
        ..ours.clone()
    };
    // ESO has no entry for what it never made.
    let nothing = json!({"url": gitlab.url(), "projectID": "42", "tokenID": 0});
    bench.generators.undo(&state(nothing)).await.expect("nothing");
    assert_eq!(left(&gitlab), 1);
    let broken = bench.generators.undo(&state(json!({"x": 1}))).await;
    let broken = broken.expect_err("broken").to_string();
    assert_eq!(broken, "spec.state: cannot be understood");
    let of_eso = json!({"url": gitlab.url(), "projectID": "42", "tokenID": 1});
    bench.generators.undo(&state(of_eso)).await.expect("undone");
    assert_eq!(left(&gitlab), 0);
}

#[tokio::test]
async fn a_fault_of_the_spec_names_its_field_and_leaves_no_note() {
    let (gitlab, bench) = scene().await;
    let with = |field: &str, value: Value| {
        let mut spec = spec(&gitlab);
        spec[field] = value;
        spec
    };
    let missing = json!({"token": {"secretRef": {"name": "gone", "key": "token"}}});
    for (spec, says) in [
        (
            with("url", "gitlab.example".into()),
            "spec.url: must be an address",
        ),
        (
            with("projectID", "..".into()),
            "spec.projectID: must be an id or a name",
        ),
        (
            with("projectID", "43".into()),
            "HTTP 404: GitLab has no such project",
        ),
        (
            with("auth", missing),
            "cannot get Secret own/gone: it does not exist",
        ),
    ] {
        let refused = bench.refused(&spec).await;
        assert!(
            refused.starts_with("GitlabDeployToken own/gen: ") && refused.contains(says),
            "{refused}"
        );
        assert!(bench.cluster.states().is_empty(), "{says}");
    }
}
