//! Searches.

use std::collections::BTreeMap;

use lockstep_testkit::Fate;

use super::*;

fn by_name(pattern: &str, path: Option<&str>) -> Find {
    Find {
        name: Some(pattern.to_owned()),
        path: path.map(str::to_owned),
        ..Find::default()
    }
}

fn by_tags(tags: &[(&str, &str)], path: Option<&str>) -> Find {
    let tags = tags
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    Find {
        tags: tags.collect::<BTreeMap<_, _>>(),
        path: path.map(str::to_owned),
        ..Find::default()
    }
}

async fn found(manager: &Arc<dyn Backend>, query: &Find) -> Result<Vec<(String, String)>, String> {
    let found = manager.find(query).await;
    found
        .map(|values| shown(&values))
        .map_err(|problem| told(&problem))
}

async fn scene() -> Scene {
    let scene = Scene::new().await;
    for (id, team) in [("app-db", "a"), ("app-web", "b"), ("my-app", "a"), ("other", "a")] {
        scene.google.put(id, id.as_bytes());
        scene
            .google
            .describe(id, &json!({"labels": {"team": team, "env": "dev"}}));
    }
    // It has no value: nobody can have meant it.
    scene
        .google
        .describe("app-empty", &json!({"labels": {"team": "a"}}));
    scene
}

#[tokio::test]
async fn names_and_tags_are_found_below_a_path_over_many_pages() {
    let scene = scene().await;
    scene.google.set_page(2);
    let manager = scene.manager().await;
    let apps = pairs(&[("app-db", "app-db"), ("app-web", "app-web")]);
    for (query, expected) in [
        (by_name("^app", None), apps.clone()),
        (by_name(".", Some("app-")), apps),
        (
            by_name("b$|^my", None),
            pairs(&[("app-db", "app-db"), ("app-web", "app-web"), ("my-app", "my-app")]),
        ),
        (by_name("nothing", None), pairs(&[])),
        (
            by_tags(&[("team", "a"), ("env", "dev")], None),
            pairs(&[("app-db", "app-db"), ("my-app", "my-app"), ("other", "other")]),
        ),
        (
            by_tags(&[("team", "a")], Some("app")),
            pairs(&[("app-db", "app-db")]),
        ),
        // No label can be that, and no filter can be made of it.
        (by_tags(&[("team", "a OR labels.team=b")], None), pairs(&[])),
    ] {
        assert_eq!(found(&manager, &query).await, Ok(expected), "{query:?}");
    }
    assert_eq!(scene.google.tokens(), 1);
}

#[tokio::test]
async fn a_search_asks_google_for_no_more_than_it_needs() {
    let scene = scene().await;
    let manager = scene.manager().await;
    scene.google.faults().forget();
    assert!(found(&manager, &by_tags(&[("team", "b")], None)).await.is_ok());
    let traffic = scene.google.faults().traffic();
    assert_eq!(
        traffic.of("GET /v1/projects/project-1/secrets/"),
        1,
        "{traffic:?}"
    );
}

#[tokio::test]
async fn a_search_stays_in_its_location() {
    let scene = scene().await;
    scene.google.put_in("europe-west1", "app-here", b"here");
    let regional = scene.connect(json!({"location": "europe-west1"})).await;
    let regional = regional.expect("a connection");
    let all = found(&regional, &by_name(".", None)).await;
    assert_eq!(all, Ok(pairs(&[("app-here", "here")])));
}

#[tokio::test]
async fn what_cannot_be_searched_for_is_told() {
    let scene = scene().await;
    scene.google.put("app-shut", b"v");
    scene.google.set_state("app-shut", 1, "DISABLED");
    let manager = scene.manager().await;
    for (query, why) in [
        (Find::default(), "find.name: unexpected find operator"),
        (by_name("(", None), "find.name.regexp: "),
        (by_name("^app", None), "app-shut: version latest is disabled"),
    ] {
        let refused = found(&manager, &query).await.expect_err(why);
        assert!(refused.starts_with(why), "{refused}");
    }
    for (body, why) in [
        ("{\"secrets\":\"canary\"}", "it holds no list"),
        ("{\"secrets\":[\"canary\"]}", "an entry of the list is no object"),
        (
            "{\"secrets\":[{\"name\":\"../canary?\"}]}",
            "an entry has no name",
        ),
        ("[]", "it is no object"),
    ] {
        scene.google.faults().are(move |asked| match asked.path.as_str() {
            "/v1/projects/project-1/secrets" => Fate::status(200, body),
            _ => Fate::Pass,
        });
        let refused = found(&manager, &by_name(".", None)).await;
        let why = format!("the list of secrets: the answer cannot be used: {why}");
        assert_eq!(refused, Err(why));
    }
    // A project that is not there is no reason to delete anything.
    let gone = json!({"error": {"code": 404, "status": "NOT_FOUND", "message": CANARY}}).to_string();
    scene.google.faults().are(move |asked| match asked.path.as_str() {
        "/v1/projects/project-1/secrets" => Fate::status(404, gone.as_str()),
        _ => Fate::Pass,
    });
    let gone = manager.find(&by_name(".", None)).await;
    assert!(matches!(gone, Err(Problem::BadAnswer { .. })), "{gone:?}");
}
