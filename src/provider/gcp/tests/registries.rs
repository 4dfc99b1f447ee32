//! Tokens for registries.

use lockstep_api::generator::GCRAccessTokenSpec;

use super::*;
use crate::provider::References;
use crate::provider::testing::text;

async fn token_of(scene: &Scene, auth: Value) -> Result<(String, u64), String> {
    let spec: GCRAccessTokenSpec =
        serde_json::from_value(json!({"projectID": "unused", "auth": auth})).expect("sound");
    let scope = StoreScope::Generator {
        namespace: "own".to_owned(),
        is_cluster_wide: false,
    };
    let references = References::new(scene.cluster.clone(), scope);
    let granted = token(&spec.auth, &references, &scene.environment).await;
    granted
        .map(|granted| (text(&granted.token), granted.life.as_secs()))
        .map_err(|problem| told(&problem))
}

#[tokio::test]
async fn a_token_of_google_s_is_handed_on_with_what_is_left_of_its_life() {
    let scene = Scene::new().await;
    assert_eq!(
        token_of(&scene, by_key("key")).await,
        Ok(("token-1".to_owned(), 3599))
    );
    scene
        .cluster
        .accounts
        .lock()
        .expect("no test panics here")
        .insert(
            crate::engine::object::ObjectKey::new("own", "app"),
            std::collections::BTreeMap::default(),
        );
    let audience = "identitynamespace:p.svc.id.goog:https://container.googleapis.com/v1/projects/p/locations/l/clusters/c";
    scene.google.trust(audience, "token-0");
    let workload = json!({
        "serviceAccountRef": {"name": "app"}, "clusterProjectID": "p", "clusterLocation": "l", "clusterName": "c",
    });
    let made = token_of(&scene, json!({ "workloadIdentity": workload })).await;
    assert_eq!(made, Ok(("token-2".to_owned(), 3599)));
}

#[tokio::test]
async fn what_is_refused_is_told_by_field() {
    let scene = Scene::new().await;
    let refused = token_of(&scene, by_key("none")).await.expect_err("refused");
    assert!(refused.contains("cannot find key \"none\""), "{refused}");
    let auth = json!({"workloadIdentityFederation": {"audience": "a"}});
    let refused = token_of(&scene, auth).await.expect_err("refused");
    assert!(
        refused.starts_with("spec.auth.workloadIdentityFederation: exactly one of"),
        "{refused}"
    );
}
