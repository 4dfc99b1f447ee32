//! Tokens that are given, and those that a ServiceAccount is given for its own.

use std::sync::atomic::Ordering;

use super::*;

const IDENTITY: &str = "11111111-2222-3333-4444-555555555555";

fn oidc(account: &Value) -> Value {
    let auth = json!({"oidcConfig": {"identity": IDENTITY, "serviceAccountRef": account}});
    json!({"auth": auth, "project": "app", "config": "prd"})
}

async fn trusting(tokens: &[&str]) -> Scene {
    let scene = Scene::new().await;
    for token in tokens {
        scene.doppler.trust(IDENTITY, token, &scene.doppler.url());
    }
    scene
}

#[tokio::test]
async fn a_service_account_logs_in_once_for_everybody() {
    let scene = trusting(&["token-0"]).await;
    let backend = scene.backend(oidc(&json!({"name": "app"}))).await;
    assert_eq!(backend.token_age(), None);
    assert_eq!(backend.check().await, Ok(Health::Ready));
    assert_eq!(value(&backend, "API_KEY").await, Ok(CANARY.to_owned()));
    assert_eq!(find_all(&backend).await, 7);
    assert_eq!(scene.doppler.log_ins(), 1);
    assert!(backend.token_age().is_some());
    let audiences = scene.cluster.audiences.lock().expect("unpoisoned").clone();
    assert_eq!(
        audiences,
        [scene.doppler.url(), "secretStore:own:store".to_owned()]
    );
}

async fn find_all(backend: &Arc<dyn Backend>) -> usize {
    backend.find(&Find::default()).await.expect("all").len()
}

#[tokio::test]
async fn audiences_of_one_s_own_stand_in_for_doppler_s_address() {
    let scene = trusting(&["token-0"]).await;
    let account = json!({"name": "app", "audiences": ["mine"]});
    let backend = scene.backend(oidc(&account)).await;
    assert_eq!(backend.check().await, Ok(Health::Ready));
    let audiences = scene.cluster.audiences.lock().expect("unpoisoned").clone();
    assert_eq!(audiences, ["mine", "secretStore:own:store"]);
}

#[tokio::test]
async fn a_store_for_all_namespaces_is_told_apart_from_one_of_its_name() {
    let mut scene = trusting(&["token-0"]).await;
    scene.scope = StoreScope::Cluster { consumer: None };
    let account = json!({"name": "app", "namespace": "own"});
    let backend = scene.backend(oidc(&account)).await;
    assert_eq!(backend.check().await, Ok(Health::Ready));
    let audiences = scene.cluster.audiences.lock().expect("unpoisoned").clone();
    assert_eq!(audiences[1], "clusterSecretStore:store");
}

#[tokio::test(start_paused = true)]
async fn a_token_that_was_ended_is_replaced_and_no_more_often_than_makes_sense() {
    let scene = trusting(&["token-1"]).await;
    scene.cluster.tokens.store(1, Ordering::SeqCst);
    let backend = scene.backend(oidc(&json!({"name": "app"}))).await;
    assert_eq!(backend.check().await, Ok(Health::Ready));
    scene.doppler.end_tokens();
    tokio::time::advance(Duration::from_secs(1)).await;
    let refused = told(&backend.check().await.expect_err("too new to be replaced"));
    assert!(refused.contains("HTTP 401"), "{refused}");
    tokio::time::advance(Duration::from_mins(2)).await;
    scene.doppler.trust(IDENTITY, "token-2", "");
    assert_eq!(backend.check().await, Ok(Health::Ready));
    assert_eq!(scene.doppler.log_ins(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_token_is_renewed_ahead_of_its_end() {
    let scene = trusting(&["token-0"]).await;
    scene.doppler.tokens_live(600);
    let backend = scene.backend(oidc(&json!({"name": "app"}))).await;
    assert_eq!(backend.check().await, Ok(Health::Ready));
    scene.doppler.trust(IDENTITY, "token-1", "");
    tokio::time::advance(Duration::from_secs(470)).await;
    assert_eq!(backend.check().await, Ok(Health::Ready));
    assert_eq!(scene.doppler.log_ins(), 1);
    tokio::time::advance(Duration::from_secs(20)).await;
    assert_eq!(backend.check().await, Ok(Health::Ready));
    assert_eq!(scene.doppler.log_ins(), 2);
}

#[tokio::test]
async fn a_service_account_that_is_not_trusted_is_refused() {
    let scene = trusting(&["somebody else"]).await;
    let backend = scene.backend(oidc(&json!({"name": "app"}))).await;
    let problem = backend.check().await.expect_err("refused");
    assert_eq!(
        told(&problem),
        "login at Doppler: the backend refuses (HTTP 401; check auth.oidcConfig.identity, and whom it trusts)"
    );
    let backend = scene.backend(oidc(&json!({"name": "nobody"}))).await;
    let problem = backend.check().await.expect_err("no account");
    assert_eq!(problem.reason(), "ReferenceMissing");
}

#[tokio::test]
async fn a_store_says_all_that_it_takes() {
    let mut scene = Scene::new().await;
    let secret = |selector: Value| json!({"auth": {"secretRef": {"dopplerToken": selector}}});
    for (extra, expected) in [
        (
            secret(json!({})),
            "spec.provider.doppler.auth.secretRef.dopplerToken.name: cannot be empty",
        ),
        (
            secret(json!({"name": "none"})),
            "cannot get Secret own/none: it does not exist",
        ),
        (
            secret(json!({"name": "creds", "key": "none"})),
            "cannot find key \"none\" in Secret own/creds",
        ),
        (
            secret(json!({"name": "creds", "namespace": "other"})),
            "spec.provider.doppler.auth.secretRef.dopplerToken.namespace: must be empty or the namespace of the \
             SecretStore",
        ),
        (
            json!({"auth": {"oidcConfig": {"identity": "", "serviceAccountRef": {"name": "a"}}}}),
            "spec.provider.doppler.auth.oidcConfig.identity: cannot be empty",
        ),
    ] {
        assert_eq!(scene.refusal(extra).await, expected);
    }
    scene.scope = StoreScope::Cluster { consumer: None };
    for (extra, field) in [
        (secret(json!({"name": "creds"})), "secretRef.dopplerToken"),
        (oidc(&json!({"name": "app"})), "oidcConfig.serviceAccountRef"),
    ] {
        let expected =
            format!("spec.provider.doppler.auth.{field}.namespace: cluster scope requires namespace");
        assert_eq!(scene.refusal(extra).await, expected);
    }
    let backend = scene
        .backend(secret(json!({"name": "creds", "namespace": "own"})))
        .await;
    assert_eq!(backend.check().await, Ok(Health::Ready));
}
