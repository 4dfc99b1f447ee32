//! What is written, what is left alone, and what is deleted.

use lockstep_testkit::{Fate, RsaIdentity};

use super::*;

fn remote(key: &str, spec: &Value) -> Remote {
    let metadata = json!({
        "apiVersion": "kubernetes.external-secrets.io/v1alpha1", "kind": "PushSecretMetadata", "spec": spec,
    });
    Remote {
        key: key.to_owned(),
        property: None,
        metadata: Some(metadata),
    }
}

async fn push_with(vault: &Arc<dyn Backend>, key: &str, value: &[u8], spec: Value) -> Result<(), String> {
    let push = Push {
        remote: remote(key, &spec),
        secret_key: Some("value".to_owned()),
        values: Values::from([("value".to_owned(), value.into())]),
        source: crate::provider::PushSource::default(),
    };
    vault.write(&push).await.map_err(|problem| told(&problem))
}

async fn push(vault: &Arc<dyn Backend>, key: &str, value: &str) -> Result<(), String> {
    push_with(vault, key, value.as_bytes(), json!({})).await
}

async fn delete(vault: &Arc<dyn Backend>, key: &str) -> Result<(), String> {
    let deleted = vault.delete(&remote(key, &json!({}))).await;
    deleted.map_err(|problem| told(&problem))
}

const NOT_OURS: &str = "secret not managed by external-secrets";

#[tokio::test]
async fn a_secret_is_written_once_with_what_is_said_of_it() {
    let scene = Scene::new().await;
    let vault = scene.vault().await;
    let said =
        json!({"expirationDate": "2026-01-02T03:04:05Z", "contentType": "text/plain", "tags": {"team": "a"}});
    for _ in 0..3 {
        assert_eq!(
            push_with(&vault, "app", CANARY.as_bytes(), said.clone()).await,
            Ok(())
        );
    }
    assert_eq!(scene.azure.versions("secrets", "app"), 1);
    let there = scene.azure.get("secrets", "app").expect("it is there");
    assert_eq!(there["value"], CANARY);
    assert_eq!(there["contentType"], "text/plain");
    assert_eq!(
        there["tags"],
        json!({"team": "a", "managed-by": "external-secrets"})
    );
    assert_eq!(there["attributes"]["exp"], 1_767_323_045);
    // Another value, another end: each is a version; a content type that nobody names is kept.
    assert_eq!(push(&vault, "secret/app", "other").await, Ok(()));
    let there = scene.azure.get("secrets", "app").expect("it is there");
    assert_eq!(
        (&there["value"], &there["contentType"]),
        (&json!("other"), &json!("text/plain"))
    );
    assert_eq!(scene.azure.versions("secrets", "app"), 2);
}

#[tokio::test]
async fn all_of_a_secret_is_pushed_as_json() {
    let scene = Scene::new().await;
    let vault = scene.vault().await;
    let whole = Push {
        remote: remote("app", &json!({})),
        secret_key: None,
        values: Values::from([("b".to_owned(), "<2>".into()), ("a".to_owned(), "1".into())]),
        source: crate::provider::PushSource::default(),
    };
    assert_eq!(vault.write(&whole).await, Ok(()));
    let there = scene.azure.get("secrets", "app").expect("it is there");
    assert_eq!(there["value"], r#"{"a":"1","b":"<2>"}"#);
}

#[tokio::test]
async fn what_is_not_ours_is_neither_overwritten_nor_deleted() {
    let scene = Scene::new().await;
    let identity = RsaIdentity::new("web").expect("made");
    scene
        .azure
        .put_secret("theirs", "v", &[("managed-by", "somebody")]);
    scene
        .azure
        .put_certificate("theirs", identity.certificate_der(), &[]);
    scene.azure.put_key("theirs", &json!({"kty": "RSA"}));
    let (older, newer) = (
        scene.vault().await,
        scene.connect(json!({"useAzureSDK": true})).await,
    );
    let newer = newer.expect("a connection");
    for (key, value) in [
        ("theirs", "v"),
        ("cert/theirs", identity.certificate.as_str()),
        ("key/theirs", identity.key.as_str()),
    ] {
        assert_eq!(push(&older, key, value).await, Err(NOT_OURS.to_owned()), "{key}");
        assert_eq!(delete(&older, key).await, Err(NOT_OURS.to_owned()), "{key}");
        assert_eq!(delete(&newer, key).await, Ok(()), "{key}");
        assert_eq!(older.exists(&remote(key, &json!({}))).await, Ok(true));
    }
    for folder in ["secrets", "certificates", "keys"] {
        assert_eq!(scene.azure.versions(folder, "theirs"), 1);
    }
}

#[tokio::test]
async fn certificates_and_keys_are_imported_once() {
    let scene = Scene::new().await;
    let vault = scene.vault().await;
    let (one, other) = (
        RsaIdentity::new("one").expect("made"),
        RsaIdentity::new("other").expect("made"),
    );
    for _ in 0..2 {
        assert_eq!(
            push(&vault, "cert/web", &format!("{}{}", one.key, one.certificate)).await,
            Ok(())
        );
        assert_eq!(push(&vault, "key/sign", &one.key).await, Ok(()));
    }
    assert_eq!(
        push_with(&vault, "cert/der", other.certificate_der(), json!({})).await,
        Ok(())
    );
    assert_eq!(
        (
            scene.azure.versions("certificates", "web"),
            scene.azure.versions("keys", "sign")
        ),
        (1, 1)
    );
    for (key, identity) in [("cert/web", &one), ("cert/der", &other)] {
        let Ok(payload) = one_of(&vault, key).await else {
            panic!("no certificate")
        };
        assert_eq!(
            vault.select(&payload, None),
            Ok(Some(identity.certificate_der().into()))
        );
    }
    let there = scene.azure.get("keys", "sign").expect("it is there");
    assert_eq!(there["key"]["kty"], "RSA");
    assert_eq!(there["tags"], json!({"managed-by": "external-secrets"}));
    assert_eq!(push(&vault, "key/sign", &other.key).await, Ok(()));
    assert_eq!(scene.azure.versions("keys", "sign"), 2);
}

async fn one_of(vault: &Arc<dyn Backend>, key: &str) -> Result<Payload, String> {
    one(vault, at(key)).await
}

#[tokio::test]
async fn what_is_deleted_is_recovered_if_it_was_ours() {
    let scene = Scene::new().await;
    let vault = scene.vault().await;
    assert_eq!(push(&vault, "app", "old").await, Ok(()));
    assert_eq!(delete(&vault, "app").await, Ok(()));
    assert_eq!(delete(&vault, "app").await, Ok(()), "there is nothing to do");
    assert_eq!(vault.exists(&remote("app", &json!({}))).await, Ok(false));
    assert_eq!(push(&vault, "app", "new").await, Ok(()));
    let there = scene.azure.get("secrets", "app").expect("it is there");
    assert_eq!(there["value"], "new");
    scene.azure.put_secret("theirs", "v", &[]);
    scene.azure.delete_secret("theirs");
    assert_eq!(push(&vault, "theirs", "new").await, Err(NOT_OURS.to_owned()));
    assert_eq!(scene.azure.get("secrets", "theirs"), None);
}

#[tokio::test]
async fn what_cannot_be_pushed_is_told_without_being_quoted() {
    let scene = Scene::new().await;
    let vault = scene.vault().await;
    for (key, value, spec, says) in [
        ("a_b", CANARY, json!({}), "must name a secret as Azure does"),
        (
            "cert/app",
            CANARY,
            json!({}),
            "value from secret is not a valid certificate",
        ),
        (
            "key/app",
            "-----BEGIN canary",
            json!({}),
            "could not load private key",
        ),
        (
            "app",
            "v",
            json!({"expirationDate": "soon"}),
            "error parsing expiration date in metadata",
        ),
        (
            "app",
            "v",
            json!({"tags": {"managed-by": "me"}}),
            "Cannot specify a 'managed-by' tag",
        ),
        ("app", "v", json!({"bogus": 1}), "unknown field"),
    ] {
        let refused = push_with(&vault, key, value.as_bytes(), spec)
            .await
            .expect_err(key);
        assert!(refused.contains(says), "{key}: {refused}");
    }
    let refused = push_with(&vault, "app", b"\xff\xfe", json!({}))
        .await
        .expect_err("no text");
    assert!(refused.contains("is no text"), "{refused}");
    assert_eq!(scene.azure.faults().traffic().total(), 0, "nobody was asked");
}

#[tokio::test]
async fn a_write_that_fails_is_told_and_the_next_one_succeeds() {
    let scene = Scene::new().await;
    let vault = scene.vault().await;
    for (nth, fate) in [
        Fate::status(503, CANARY),
        Fate::status(403, CANARY),
        Fate::status(409, CANARY),
        Fate::throttled(Some("7"), CANARY),
        Fate::Cut { carried_out: false },
        Fate::Cut { carried_out: true },
    ]
    .into_iter()
    .enumerate()
    {
        let key = format!("app-{nth}");
        let shown = format!("{fate:?}");
        scene.azure.faults().are(move |asked| {
            if asked.method == Method::PUT {
                fate.clone()
            } else {
                Fate::Pass
            }
        });
        assert!(push(&vault, &key, CANARY).await.is_err(), "{shown}");
        scene.azure.faults().always(Fate::Pass);
        assert_eq!(push(&vault, &key, CANARY).await, Ok(()), "after {shown}");
        assert_eq!(scene.azure.versions("secrets", &key), 1, "after {shown}");
    }
}
