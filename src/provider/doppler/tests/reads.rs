//! What entries and extracts get.

use lockstep_testkit::Fate;

use super::*;

#[tokio::test]
async fn a_name_leads_to_its_value_whatever_else_is_asked_of_it() {
    let scene = Scene::new().await;
    let backend = scene.store().await;
    assert_eq!(value(&backend, "API_KEY").await, Ok(CANARY.to_owned()));
    assert_eq!(value(&backend, "LINES").await, Ok("1\n2".to_owned()));
    assert_eq!(value(&backend, "DOPPLER_CONFIG").await, Ok("prd".to_owned()));
    let location = Location {
        version: Some("7".to_owned()),
        aspect: Aspect::Metadata,
        ..at("API_KEY")
    };
    let payload = backend.read(&[location]).await.remove(0);
    assert_eq!(payload, Ok(Payload::Bytes(CANARY.into())));
}

#[tokio::test]
async fn names_are_those_at_doppler_whatever_finding_makes_of_them() {
    let scene = Scene::new().await;
    let backend = scene
        .backend(json!({"nameTransformer": "camel", "format": "env"}))
        .await;
    assert_eq!(value(&backend, "API_KEY").await, Ok(CANARY.to_owned()));
    let missing = value(&backend, "apiKey").await;
    assert_eq!(missing, Err("apiKey: secret does not exist".to_owned()));
}

#[tokio::test]
async fn an_extract_is_of_the_json_behind_a_name() {
    let scene = Scene::new().await;
    let backend = scene.store().await;
    let pairs = [("a", "x"), ("n", "1.0"), ("o", r#"{"b":  2}"#), ("z", "")];
    let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(values(&backend, "JSON").await, Ok(pairs.to_vec()));
    let refused = values(&backend, "API_KEY").await.expect_err("no JSON");
    assert!(refused.starts_with("unable to unmarshal secret: "), "{refused}");
}

#[tokio::test]
async fn what_is_not_there_is_absent_and_what_is_refused_is_not() {
    let scene = Scene::new().await;
    let backend = scene.store().await;
    let answers = backend.read(&[at("NO"), at("API_KEY")]).await;
    let absent = Problem::Absent { key: "NO".to_owned() };
    assert_eq!(answers, [Err(absent), Ok(Payload::Bytes(CANARY.into()))]);
    assert_eq!(scene.doppler.downloads().asked(), 1, "one call for all");

    for (extra, expected) in [
        (
            json!({"auth": with_token("wrong")}),
            "Doppler's config: the backend refuses (HTTP 401; the token is wrong, or was revoked)",
        ),
        (
            json!({"auth": with_token("everywhere")}),
            "Doppler's config: the answer cannot be used: HTTP 400; a token that is not of one config needs both project \
             and config",
        ),
        (
            json!({"auth": with_token("everywhere"), "project": "app", "config": "no"}),
            "Doppler's config app/no: the answer cannot be used: HTTP 404; check project and config, and what the token \
             has access to",
        ),
        (
            json!({"project": "other", "config": "prd"}),
            "Doppler's config other/prd: the backend refuses (HTTP 403; the token may not do this)",
        ),
    ] {
        let backend = scene.backend(extra).await;
        assert_eq!(value(&backend, "API_KEY").await, Err(expected.to_owned()));
        assert_eq!(told(&backend.check().await.expect_err("refused")), expected);
    }
}

#[tokio::test]
async fn a_name_without_a_value_is_there_and_empty() {
    let scene = Scene::new().await;
    let body = r#"{"EMPTY": null, "OTHER": "x"}"#;
    scene.doppler.faults().always(Fate::status(200, body));
    let backend = scene.store().await;
    assert_eq!(value(&backend, "EMPTY").await, Ok(String::new()));
}

#[tokio::test]
async fn a_config_can_be_named() {
    let scene = Scene::new().await;
    scene.doppler.put(("app", "dev"), "API_KEY", "of dev");
    for (key, config, expected) in [
        ("everywhere", "dev", "of dev"),
        ("everywhere", "prd", CANARY),
        ("dopplerToken", "prd", CANARY),
    ] {
        let extra = json!({"auth": with_token(key), "project": "app", "config": config});
        let backend = scene.backend(extra).await;
        assert_eq!(backend.check().await, Ok(Health::Ready));
        assert_eq!(value(&backend, "API_KEY").await, Ok(expected.to_owned()));
    }
}
