//! Tokens of container registries.

use lockstep_api::generator::ACRAccessTokenSpec;

use super::*;
use crate::provider::References;
use crate::provider::testing::text;

async fn token(scene: &Scene, spec: Value) -> Result<String, String> {
    let spec: ACRAccessTokenSpec = serde_json::from_value(spec).expect("sound");
    let scope = StoreScope::Generator {
        namespace: "own".to_owned(),
        is_cluster_wide: false,
    };
    let references = References::new(scene.cluster.clone(), scope);
    let token = registry::token(&spec, &references, &scene.environment).await;
    token.map(|token| text(&token)).map_err(|problem| told(&problem))
}

fn spec(scene: &Scene, auth: &Value) -> Value {
    let registry = scene.azure.url();
    let registry = registry.strip_prefix("https://").expect("https");
    json!({"registry": registry, "auth": auth, "tenantId": Azure::TENANT})
}

#[tokio::test]
async fn a_token_is_exchanged_and_narrowed() {
    let scene = Scene::new().await;
    let principal = json!({"servicePrincipal": {"secretRef": with_secret("secret")}});
    let wide = spec(&scene, &principal);
    assert_eq!(token(&scene, wide.clone()).await, Ok("token-2".to_owned()));
    let mut narrow = wide;
    narrow["scope"] = "repository:app:pull".into();
    assert_eq!(token(&scene, narrow).await, Ok("token-5".to_owned()));
}

#[tokio::test]
async fn a_registry_that_says_no_is_told() {
    let scene = Scene::new().await;
    let principal = json!({"servicePrincipal": {"secretRef": with_secret("secret")}});
    for (fate, says) in [
        (
            lockstep_testkit::Fate::status(401, CANARY),
            "the backend refuses (HTTP 401)",
        ),
        (lockstep_testkit::Fate::status(200, "[]"), "it holds no token"),
    ] {
        scene.azure.faults().are(move |asked| match asked.path.as_str() {
            "/oauth2/exchange" => fate.clone(),
            _ => lockstep_testkit::Fate::Pass,
        });
        let refused = token(&scene, spec(&scene, &principal))
            .await
            .expect_err("refused");
        assert!(refused.contains(says), "{refused}");
    }
}

#[tokio::test]
async fn what_a_spec_lacks_is_told_and_our_own_identity_stays_with_azure() {
    let scene = Scene::new().await;
    let principal = json!({"servicePrincipal": {"secretRef": with_secret("secret")}});
    let with = |field: &str, value: &str| {
        let mut spec = spec(&scene, &principal);
        spec[field] = value.into();
        spec
    };
    for (spec, says) in [
        (spec(&scene, &json!({})), "spec.auth: names no identity"),
        (
            spec(&scene, &json!({"servicePrincipal": {"secretRef": {}}})),
            "needs clientId and clientSecret",
        ),
        (
            spec(&scene, &json!({"managedIdentity": {}})),
            "spec.registry: must be one of Azure's own",
        ),
        (
            spec(&scene, &json!({"workloadIdentity": {}})),
            "spec.registry: must be one of Azure's own",
        ),
        (
            with("registry", "a.azurecr.io/path"),
            "spec.registry: must be the host name",
        ),
        (
            with("registry", "user@evil.example"),
            "spec.registry: must be the host name",
        ),
        (with("environmentType", "AzureStackCloud"), "spec.environmentType"),
        (with("tenantId", ""), "spec.tenantId"),
    ] {
        let shown = spec.to_string();
        let refused = token(&scene, spec).await.expect_err(&shown);
        assert!(refused.contains(says), "{shown}: {refused}");
    }
    assert_eq!(scene.azure.faults().traffic().total(), 0);
}
