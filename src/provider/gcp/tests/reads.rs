//! Each kind of read.

use futures::future::join_all;
use lockstep_testkit::Fate;

use super::*;

#[tokio::test]
async fn a_secret_is_read_whole_or_in_part_in_any_version() {
    let scene = Scene::new().await;
    scene.google.put("app", b"old");
    let json = r#"{"user":"u","deep":{"n":1.0},"a.b":"dots"}"#;
    scene.google.put("app", json.as_bytes());
    let manager = scene.manager().await;
    for (location, property, expected) in [
        (at("app"), "", json),
        (version("app", Some("latest")), "user", "u"),
        (version("app", Some("1")), "", "old"),
        (version("app", Some("2")), "a.b", "dots"),
        (at("app"), "deep.n", "1"),
    ] {
        assert_eq!(value(&manager, location, property).await, Ok(expected.to_owned()));
    }
    assert_eq!(
        values(&manager, at("app"), "").await,
        Ok(pairs(&[("a.b", "dots"), ("deep", r#"{"n":1.0}"#), ("user", "u")]))
    );
    assert_eq!(
        values(&manager, at("app"), "deep").await,
        Ok(pairs(&[("n", "1.0")]))
    );
    assert_eq!(
        value(&manager, at("app"), "x").await,
        Err("key x does not exist in the secret".to_owned())
    );
    assert_eq!(scene.google.tokens(), 1);
}

#[tokio::test]
async fn bytes_are_read_as_they_are() {
    let scene = Scene::new().await;
    scene.google.put("binary", &[0, 255, 10, 0]);
    let manager = scene.manager().await;
    let read = one(&manager, at("binary")).await;
    assert_eq!(read, Ok(Payload::Bytes([0, 255, 10, 0].as_slice().into())));
}

#[tokio::test]
async fn what_is_not_there_is_absent_and_what_is_forbidden_is_refused() {
    let scene = Scene::new().await;
    scene.google.describe("bare", &json!({}));
    scene.google.put("app", b"v");
    scene.google.put("hidden", b"v");
    scene.google.forbid("hidden");
    let manager = scene.manager().await;
    for location in [
        at("never"),
        at("bare"),
        version("app", Some("9")),
        metadata("never"),
    ] {
        let absent = manager.read(std::slice::from_ref(&location)).await.remove(0);
        assert!(matches!(absent, Err(Problem::Absent { .. })), "{location:?}");
    }
    let refused = manager.read(&[at("hidden")]).await.remove(0).expect_err("hidden");
    assert_eq!(
        told(&refused),
        "hidden: the backend refuses (the identity lacks a role, such as roles/secretmanager.secretAccessor, HTTP 403)"
    );
    let elsewhere = scene
        .connect(json!({"projectID": "other"}))
        .await
        .expect("a connection");
    let refused = elsewhere.read(&[at("app")]).await.remove(0);
    assert!(matches!(refused, Err(Problem::Refused { .. })));
}

#[tokio::test]
async fn a_latest_version_that_is_shut_is_told_or_passed_over() {
    let scene = Scene::new().await;
    for (id, state) in [("disabled", "DISABLED"), ("destroyed", "DESTROYED")] {
        for value in ["one", "two", "three"] {
            scene.google.put(id, value.as_bytes());
        }
        scene.google.set_state(id, 3, state);
    }
    scene.google.put("none", b"v");
    scene.google.set_state("none", 1, "DISABLED");
    let strict = scene.manager().await;
    let lenient = json!({"secretVersionSelectionPolicy": "LatestOrFetch"});
    let lenient = scene.connect(lenient).await.expect("a connection");
    let hint =
        "with secretVersionSelectionPolicy LatestOrFetch the store would take the newest that can be read";
    for (id, what) in [
        ("disabled", "disabled: enable it, or add another"),
        ("destroyed", "destroyed: add another"),
    ] {
        let why = format!("{id}: version latest is {what}; {hint}");
        assert_eq!(value(&strict, at(id), "").await, Err(why));
        assert_eq!(value(&lenient, at(id), "").await, Ok("two".to_owned()));
        // Whoever names a version means it.
        let named = value(&lenient, version(id, Some("latest")), "").await;
        assert_eq!(named, Err(format!("{id}: version latest is {what}")));
    }
    let why =
        "none: version latest is disabled: enable it, or add another; there is no other that can be read";
    assert_eq!(value(&lenient, at("none"), "").await, Err(why.to_owned()));
    // Nor is a filter believed.
    let version = |number: u8, state: &str| {
        let created = format!("2026-01-0{number}T00:00:00Z");
        json!({"name": format!("p/versions/{number}"), "state": state, "createTime": created})
    };
    let listed = json!({"versions": [version(1, "ENABLED"), version(2, "ENABLED"), version(3, "DISABLED")]});
    scene.google.faults().are(move |asked| {
        if asked.path.ends_with("/versions") {
            Fate::status(200, listed.to_string())
        } else {
            Fate::Pass
        }
    });
    assert_eq!(value(&lenient, at("disabled"), "").await, Ok("two".to_owned()));
    scene.google.faults().always(Fate::Pass);
    // What is newest does not depend on the order of a page.
    scene.google.set_page(1);
    assert_eq!(value(&lenient, at("disabled"), "").await, Ok("two".to_owned()));
}

#[tokio::test]
async fn labels_and_annotations_are_read_as_eso_writes_them() {
    let scene = Scene::new().await;
    let said = json!({"labels": {"team": "a", "env": "dev"}, "annotations": {"note.x": "<N>"}});
    scene.google.describe("app", &said);
    scene.google.describe("bare", &json!({}));
    let manager = scene.manager().await;
    let (labels, annotations) = (r#"{"env":"dev","team":"a"}"#, r#"{"note.x":"\u003cN\u003e"}"#);
    let both = format!(r#"{{"annotations":{annotations},"labels":{labels}}}"#);
    for (property, expected) in [
        ("", Ok(both.as_str())),
        ("labels", Ok(labels)),
        ("annotations", Ok(annotations)),
        ("labels.team", Ok("a")),
        ("annotations.note.x", Ok("<N>")),
        ("labels.x", Err("label with key x does not exist in the secret")),
        (
            "annotations.x",
            Err("annotation with key x does not exist in the secret"),
        ),
        (
            "other",
            Err("invalid property other: metadata property should start with either annotations or labels"),
        ),
    ] {
        let found = value(&manager, metadata("app"), property).await;
        assert_eq!(found.as_deref().map_err(String::as_str), expected, "{property}");
    }
    assert_eq!(
        values(&manager, metadata("app"), "labels").await,
        Ok(pairs(&[("env", "dev"), ("team", "a")]))
    );
    let nothing = r#"{"annotations":null,"labels":null}"#.to_owned();
    assert_eq!(value(&manager, metadata("bare"), "").await, Ok(nothing));
}

#[tokio::test]
async fn a_location_has_secrets_of_its_own() {
    let scene = Scene::new().await;
    scene.google.put("app", b"global");
    scene.google.put_in("europe-west1", "app", b"regional");
    let regional = scene.connect(json!({"location": "europe-west1"})).await;
    let (global, regional) = (scene.manager().await, regional.expect("a connection"));
    assert_eq!(value(&global, at("app"), "").await, Ok("global".to_owned()));
    assert_eq!(value(&regional, at("app"), "").await, Ok("regional".to_owned()));
    for location in ["evil.example/", "EUROPE", "a.b"] {
        let refused = scene.refusal(json!({"location": location})).await;
        assert!(
            refused.starts_with("spec.provider.gcpsm.location: must be a location"),
            "{refused}"
        );
    }
}

#[tokio::test]
async fn secret_manager_may_have_an_address_of_its_own() {
    let (mut scene, private) = (Scene::new().await, Scene::new().await);
    private.google.put("app", b"v");
    scene.environment.secret_manager = Some(format!("{}/", private.google.url()));
    let both = format!("{}{}", scene.google.authority(), private.google.authority());
    scene.environment.trusted = Some(certificates::parse(both.as_bytes()).expect("certificates"));
    let manager = scene.manager().await;
    // Nobody there has handed out that token.
    let refused = value(&manager, at("app"), "").await.expect_err("refused");
    assert!(refused.contains("HTTP 401"), "{refused}");
    assert_eq!(scene.google.tokens(), 1);
    assert_eq!(private.google.faults().traffic().of("/secrets/app"), 1);
}

#[tokio::test]
async fn a_value_that_was_damaged_on_its_way_is_not_used() {
    let scene = Scene::new().await;
    scene.google.put("app", b"v");
    let manager = scene.manager().await;
    let body = |data: &str, sum: &str| {
        json!({"name": "n", "payload": {"data": data, "dataCrc32c": sum}}).to_string()
    };
    for (body, why) in [
        (
            body("Y2FuYXJ5", "1"),
            "its checksum is that of another value: it was damaged on its way",
        ),
        (body("canary?", "1"), "its value is no base64"),
        (body("", "0"), "it holds no value"),
        (json!({"payload": CANARY}).to_string(), "it holds no value"),
    ] {
        scene.google.faults().are(move |asked| {
            if asked.path.ends_with(":access") {
                Fate::status(200, body.as_str())
            } else {
                Fate::Pass
            }
        });
        assert_eq!(
            value(&manager, at("app"), "").await,
            Err(format!("app: the answer cannot be used: {why}"))
        );
    }
}

#[tokio::test]
async fn many_reads_cost_one_token_and_go_side_by_side() {
    let scene = Scene::new().await;
    for nth in 0..100 {
        scene
            .google
            .put(&format!("key-{nth}"), format!("v{nth}").as_bytes());
    }
    let manager = scene.manager().await;
    scene
        .google
        .faults()
        .always(Fate::Late(std::time::Duration::from_millis(20)));
    let locations: Vec<_> = (0..100).map(|nth| at(&format!("key-{nth}"))).collect();
    let reads = locations.chunks(10).map(|chunk| manager.read(chunk));
    let answers: Vec<_> = join_all(reads).await.concat();
    for (nth, answer) in answers.into_iter().enumerate() {
        assert_eq!(answer, Ok(Payload::Bytes(format!("v{nth}").into())));
    }
    let traffic = scene.google.faults().traffic();
    assert_eq!(scene.google.tokens(), 1);
    assert_eq!(traffic.of("GET /v1/projects/project-1/secrets/key-"), 100);
    assert!(traffic.peak > 5, "{} at a time", traffic.peak);
}
