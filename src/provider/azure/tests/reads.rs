//! Secrets, certificates and keys: each kind of read.

use futures::future::join_all;
use lockstep_testkit::RsaIdentity;

use super::*;

#[tokio::test]
async fn a_secret_is_read_whole_or_in_part_in_any_version() {
    let scene = Scene::new().await;
    let old = scene.azure.put_secret("app", "old", &[]);
    scene
        .azure
        .put_secret("app", r#"{"user":"u","deep":{"n":1.0},"a.b":"dots"}"#, &[]);
    let vault = scene.vault().await;
    for key in ["app", "secret/app", "secret/app/whatever"] {
        assert_eq!(value(&vault, at(key), "user").await, Ok("u".to_owned()), "{key}");
    }
    assert_eq!(value(&vault, at("app"), "deep.n").await, Ok("1".to_owned()));
    assert_eq!(value(&vault, at("app"), "a.b").await, Ok("dots".to_owned()));
    assert_eq!(
        value(&vault, version("app", Some(&old)), "").await,
        Ok("old".to_owned())
    );
    let all = [("a.b", "dots"), ("deep", r#"{"n":1.0}"#), ("user", "u")];
    let all = all.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(values(&vault, at("app"), "").await, Ok(all.to_vec()));
    let deep = vec![("n".to_owned(), "1.0".to_owned())];
    assert_eq!(values(&vault, at("app"), "deep").await, Ok(deep));
}

#[tokio::test]
async fn a_certificate_is_its_der_and_a_key_its_public_part() {
    let scene = Scene::new().await;
    let identity = RsaIdentity::new("web").expect("made");
    scene
        .azure
        .put_certificate("web", identity.certificate_der(), &[("team", "a")]);
    let id = scene.azure.put_key(
        "sign",
        &json!({"kty": "RSA", "e": "AQAB", "n": "n", "key_ops": ["sign"]}),
    );
    let vault = scene.vault().await;
    let Ok(payload) = one(&vault, at("cert/web")).await else {
        panic!("no certificate")
    };
    let der = vault.select(&payload, Some("ignored"));
    assert_eq!(der, Ok(Some(identity.certificate_der().into())));
    assert_eq!(
        value(&vault, metadata("cert/web"), "team").await,
        Ok("a".to_owned())
    );
    let kid = format!("{}/keys/sign/{id}", scene.azure.url());
    let key = format!(r#"{{"kid":"{kid}","kty":"RSA","key_ops":["sign"],"n":"n","e":"AQAB"}}"#);
    assert_eq!(value(&vault, at("key/sign"), "").await, Ok(key));
    assert_eq!(
        value(&vault, at("key/sign"), "key_ops.0").await,
        Ok("sign".to_owned())
    );
    for key in ["cert/web", "key/sign"] {
        assert!(values(&vault, at(key), "").await.is_err());
        assert!(values(&vault, metadata(key), "").await.is_err());
    }
    let newer = scene
        .connect(json!({"useAzureSDK": true}))
        .await
        .expect("a connection");
    let key = format!(r#"{{"e":"AQAB","key_ops":["sign"],"kid":"{kid}","kty":"RSA","n":"n"}}"#);
    assert_eq!(value(&newer, at("key/sign"), "").await, Ok(key));
}

#[tokio::test]
async fn what_is_said_of_a_secret_is_read_with_its_tags() {
    let scene = Scene::new().await;
    let tags = [("team", "a"), ("json", r#"{"x":"1"}"#)];
    let created = scene.azure.put_secret("app", CANARY, &tags);
    scene.azure.set_attributes(
        "app",
        &json!({"exp": 1_767_323_045, "created": 0, "updated": null}),
    );
    let vault = scene.vault().await;
    let whole = r#"{"attribute.created":"1970-01-01T00:00:00Z","attribute.expires":"2026-01-02T03:04:05Z","json":"{\"x\":\"1\"}","team":"a"}"#;
    assert_eq!(value(&vault, metadata("app"), "").await, Ok(whole.to_owned()));
    assert_eq!(value(&vault, metadata("app"), "json.x").await, Ok("1".to_owned()));
    let of_version = Location {
        version: Some(created),
        ..metadata("app")
    };
    assert_eq!(value(&vault, of_version, "team").await, Ok("a".to_owned()));
    let all = [
        ("app_attribute.created", "1970-01-01T00:00:00Z"),
        ("app_attribute.expires", "2026-01-02T03:04:05Z"),
        ("app_json_x", "1"),
        ("app_team", "a"),
    ];
    let all = all.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(values(&vault, metadata("app"), "").await, Ok(all.to_vec()));
    assert!(value(&vault, metadata("app"), "none").await.is_err());
}

#[tokio::test]
async fn what_is_not_there_is_told_apart_from_what_cannot_be_had() {
    let scene = Scene::new().await;
    scene.azure.put_secret("disabled", CANARY, &[]);
    scene.azure.set_attributes("disabled", &json!({"enabled": false}));
    scene.azure.put_secret("deleted", CANARY, &[]);
    scene.azure.delete_secret("deleted");
    scene.azure.put_secret("app", CANARY, &[]);
    let vault = scene.vault().await;
    let no_version = version("app", Some("00000000000000000000000000000bad"));
    for location in [
        at("never"),
        at("cert/never"),
        at("key/never"),
        at("deleted"),
        no_version,
        metadata("never"),
    ] {
        let key = location.key.clone();
        let missing = vault.read(&[location]).await.remove(0);
        assert_eq!(missing, Err(Problem::Absent { key }));
    }
    let disabled = vault
        .read(&[at("disabled")])
        .await
        .remove(0)
        .expect_err("disabled");
    assert!(matches!(disabled, Problem::Refused { .. }), "{disabled:?}");
    assert_eq!(
        told(&disabled),
        "disabled: the backend refuses (it is disabled, HTTP 403)"
    );
    assert_eq!(
        value(&vault, at("app"), "user").await,
        Err("property user does not exist in the secret".to_owned())
    );
}

#[tokio::test]
async fn no_name_leads_to_another_place() {
    let scene = Scene::new().await;
    scene.azure.put_key("k", &json!({"kty": "RSA"}));
    let vault = scene.vault().await;
    for location in [
        at("../keys/k"),
        at("secret/..%2fkeys%2fk"),
        at("secret/a?api-version=1"),
        at("storage/account"),
        version("k", Some("../../keys/k")),
    ] {
        let refused = vault.read(&[location]).await.remove(0).expect_err("refused");
        assert!(matches!(refused, Problem::InvalidSpec { .. }), "{refused:?}");
    }
    assert_eq!(scene.azure.faults().traffic().total(), 0, "the vault was asked");
}

#[tokio::test]
async fn a_hundred_reads_take_one_token_and_go_side_by_side() {
    let scene = Scene::new().await;
    for nth in 0..100 {
        scene
            .azure
            .put_secret(&format!("app-{nth}"), &nth.to_string(), &[]);
    }
    scene
        .azure
        .faults()
        .always(lockstep_testkit::Fate::Late(Duration::from_millis(20)));
    let vault = scene.vault().await;
    let reads = (0..100).map(async |nth| value(&vault, at(&format!("app-{nth}")), "").await);
    for (nth, read) in join_all(reads).await.into_iter().enumerate() {
        assert_eq!(read, Ok(nth.to_string()));
    }
    let traffic = scene.azure.faults().traffic();
    assert_eq!((traffic.of("/token"), traffic.of("/secrets/")), (1, 100));
    assert!(traffic.peak > 10, "{} at a time", traffic.peak);
}
