//! What entries and extracts get.

use lockstep_testkit::Fate;

use super::*;

#[tokio::test]
async fn a_key_is_a_name_or_a_path_below_the_store_s_folder() {
    let scene = Scene::new().await;
    let root = scene.store().await;
    let sub = scene.backend(scope(&json!({"secretsPath": "/sub"}))).await;
    for (backend, key, expected) in [
        (&root, "API_KEY", CANARY),
        (&root, "sub/API_KEY", "of sub"),
        (&root, "/sub/deep/DEEP", "d"),
        (&root, "SHARED", "s"),
        (&sub, "API_KEY", "of sub"),
        (&sub, "deep/DEEP", "d"),
        (&sub, "/API_KEY", CANARY),
    ] {
        assert_eq!(value(backend, key, "").await, Ok(expected.to_owned()), "{key}");
    }
    let refused = value(&root, "sub/..", "").await.expect_err("no name");
    assert_eq!(
        refused,
        "remoteRef.key sub/..: must end with the name of a secret"
    );
}

#[tokio::test]
async fn properties_are_paths_into_json_whatever_they_lead_to() {
    let scene = Scene::new().await;
    let backend = scene.store().await;
    for (property, expected) in [("a", "x"), ("n", "1"), ("o.b", "2"), ("z", "")] {
        assert_eq!(
            value(&backend, "JSON", property).await,
            Ok(expected.to_owned()),
            "{property}"
        );
    }
    let missing = value(&backend, "JSON", "no").await;
    assert_eq!(
        missing,
        Err("property no does not exist in the secret".to_owned())
    );

    let payload = backend.read(&[at("JSON")]).await.remove(0).expect("there");
    let values = backend.explode(&payload, None).expect("JSON").expect("there");
    assert_eq!(lines(&values), ["a=x", "n=1.0", r#"o={"b":  2}"#, "z="]);
    let payload = backend.read(&[at("API_KEY")]).await.remove(0).expect("there");
    let refused = told(&backend.explode(&payload, None).expect_err("no JSON"));
    assert!(refused.starts_with("unable to unmarshal secret: "), "{refused}");
}

#[tokio::test]
async fn what_is_not_there_is_absent_and_a_project_that_has_gone_is_not() {
    let scene = Scene::new().await;
    let backend = scene.store().await;
    let answers = backend.read(&[at("NO"), at("no/NO"), at("API_KEY")]).await;
    assert!(answers[0].as_ref().is_err_and(Problem::is_absent));
    assert!(answers[1].as_ref().is_err_and(Problem::is_absent));
    assert_eq!(answers[2], Ok(Payload::Bytes(CANARY.into())));
    for extra in [json!({"projectSlug": "no"}), json!({"environmentSlug": "no"})] {
        let backend = scene.backend(scope(&extra)).await;
        let problem = backend.read(&[at("API_KEY")]).await.remove(0).expect_err("gone");
        assert_eq!(
            told(&problem),
            "API_KEY: the answer cannot be used: HTTP 404; check secretsScope and hostAPI"
        );
        assert_eq!(backend.check().await.expect_err("gone").reason(), "BadAnswer");
        let found = backend.find(&Find::default()).await;
        assert_eq!(found.expect_err("gone").reason(), "BadAnswer");
    }
}

#[tokio::test]
async fn an_environment_that_has_gone_takes_no_secret_of_a_folder_with_it() {
    let scene = Scene::new().await;
    let in_folder = json!({"secretsPath": "/sub", "environmentSlug": "no"});
    let gone = scene.backend(scope(&in_folder)).await;
    let problem = gone.read(&[at("API_KEY")]).await.remove(0).expect_err("gone");
    assert_eq!(problem.reason(), "BadAnswer", "{problem:?}");

    // Whether it is there shows in its first folder only; where that is closed to us, nobody can tell.
    let store = scene.store().await;
    scene.infisical.faults().are(|asked| {
        if asked.query.contains("secretPath=%2F&") {
            Fate::status(403, "{}")
        } else {
            Fate::Pass
        }
    });
    let problem = store.read(&[at("no/NO")]).await.remove(0).expect_err("not there");
    assert_eq!(problem.reason(), "BadAnswer", "{problem:?}");
}

#[tokio::test]
async fn a_key_is_a_name_however_odd() {
    let scene = Scene::new().await;
    let backend = scene.store().await;
    for odd in ["a b", "a?b", "a%2fb", "..%2f", ".\t.", "a\nb", "\u{e4}"] {
        scene.infisical.put(["app", "prd", "/", odd], odd);
        assert_eq!(value(&backend, odd, "").await, Ok(odd.to_owned()), "{odd:?}");
    }
}

#[tokio::test]
async fn a_value_that_is_hidden_is_refused_and_not_what_stands_in_its_place() {
    let scene = Scene::new().await;
    scene.infisical.put_hidden(["app", "prd", "/", "HIDDEN"]);
    let backend = scene.store().await;
    let refused = value(&backend, "HIDDEN", "").await;
    let expected =
        "HIDDEN: the backend refuses (the identity may see that there is HIDDEN, but not its value)"
            .to_owned();
    assert_eq!(refused, Err(expected));
    let query = Find {
        name: Some("API".to_owned()),
        ..Find::default()
    };
    assert!(backend.find(&query).await.is_ok(), "it is not asked for");
    assert!(backend.find(&Find::default()).await.is_err());
}
