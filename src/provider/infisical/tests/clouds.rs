//! Logging in as whoever we are to a cloud.

use lockstep_testkit::{Azure, Fate, Google, RsaIdentity};

use super::*;

const ELSEWHERE: &str = "a ClusterSecretStore may name others";

fn azure(resource: Option<&str>) -> Value {
    let mut auth = json!({"identityId": key("id")});
    if let Some(resource) = resource {
        auth["resource"] = key(resource);
    }
    json!({"auth": {"azureAuthCredentials": auth}})
}

fn google_machine() -> Value {
    json!({"auth": {"gcpIdTokenAuthCredentials": {"identityId": key("id")}}})
}

fn google_key(path: &str) -> Value {
    json!({"auth": {"gcpIamAuthCredentials": {"identityId": key("id"), "serviceAccountKeyFilePath": key(path)}}})
}

/// A store for the whole cluster, with these in its Secret besides the identity's id.
async fn scene(values: &[(&str, &str)]) -> Scene {
    let mut scene = Scene::new().await;
    scene.scope = StoreScope::Cluster {
        consumer: Some("own".to_owned()),
    };
    let values: Vec<_> = [("id", "id\n")].iter().chain(values).copied().collect();
    scene.cluster.put(DocumentKind::Secret, "own", "creds", &values);
    scene
}

#[tokio::test]
async fn azure_s_machine_shows_a_token_for_the_resource() {
    let cloud = Azure::start().await.expect("Azure");
    let mut scene = scene(&[("resource", "api://infisical\n")]).await;
    scene.environment.entra.metadata = Some(cloud.metadata_url());
    for (token, resource, audience) in [
        ("token-1", None, "https://management.azure.com"),
        ("token-2", Some("resource"), "api://infisical"),
    ] {
        let shown = [("identityId", "id"), ("jwt", token)];
        scene.infisical.admit("azure-auth", &shown);
        let backend = scene.backend(azure(resource)).await;
        assert_eq!(cloud.faults().traffic().total(), usize::from(resource.is_some()));
        assert_eq!(backend.check().await, Ok(Health::Ready));
        assert!(cloud.is_for(token, audience), "{token}");
    }
    cloud.faults().always(Fate::status(400, CANARY));
    let refused = scene
        .backend(azure(None))
        .await
        .check()
        .await
        .expect_err("no identity");
    assert!(
        told(&refused).starts_with(
            "spec.provider.infisical.auth.azureAuthCredentials: login with the machine's managed identity: "
        ),
        "{refused}"
    );
}

#[tokio::test]
async fn google_s_machine_says_to_the_identity_who_it_is() {
    let cloud = Google::start().await.expect("Google");
    let mut scene = scene(&[]).await;
    scene.environment.google.metadata_host = Some(cloud.metadata_host());
    scene
        .infisical
        .admit_bearer("gcp-auth", "id", &[("aud", "id")], None);
    let backend = scene.backend(google_machine()).await;
    assert_eq!(backend.check().await, Ok(Health::Ready));
    cloud.faults().always(Fate::status(503, CANARY));
    assert_eq!(
        backend.check().await,
        Ok(Health::Ready),
        "the token of Infisical is good still"
    );
    let backend = scene.backend(google_machine()).await;
    let away = backend.check().await.expect_err("nobody says who we are");
    assert_eq!(away.reason(), "Unreachable");
    assert!(told(&away).contains("gcpIdTokenAuthCredentials: "), "{away}");
}

#[tokio::test]
async fn the_key_of_an_account_signs_and_nothing_else_of_its_file_is_shown() {
    let folder = tempfile::tempdir().expect("a folder");
    let identity = RsaIdentity::new("app").expect("made");
    let key = json!({
        "type": "service_account", "client_email": "app@p.iam", "private_key": identity.key, "private_key_id": "k1",
    });
    let large = "canary".repeat(20_000);
    let paths: Vec<_> = [
        ("good", key.to_string()),
        ("bad", CANARY.to_owned()),
        ("large", large),
    ]
    .into_iter()
    .map(|(name, content)| {
        let path = folder.path().join(name);
        std::fs::write(&path, content).expect("written");
        (name, path.display().to_string())
    })
    .chain([("none", folder.path().join("none").display().to_string())])
    .collect();
    let values: Vec<_> = paths.iter().map(|(name, path)| (*name, path.as_str())).collect();
    let scene = scene(&values).await;
    let claims = [("aud", "id"), ("sub", "app@p.iam")];
    scene
        .infisical
        .admit_bearer("gcp-auth", "id", &claims, Some(&identity));
    let backend = scene.backend(google_key("good")).await;
    assert_eq!(backend.check().await, Ok(Health::Ready));
    for (name, why) in [
        ("bad", "is no JSON key of a service account"),
        ("large", "there is no file with a key"),
        ("none", "there is no file with a key"),
    ] {
        let backend = scene.backend(google_key(name)).await;
        let problem = backend.check().await.expect_err("no key");
        assert_eq!(problem.reason(), "ReferenceInvalid");
        assert!(told(&problem).contains(why), "{name}: {problem}");
    }
}

#[tokio::test]
async fn a_namespace_has_none_of_them_shown_to_a_host_of_its_own_nor_in_its_own_way() {
    let mut scene = scene(&[("resource", "https://vault.azure.net"), ("path", "/etc/key.json")]).await;
    scene.scope = in_namespace("own");
    let at_infisical = |mut extra: Value| {
        extra["hostAPI"] = json!("https://app.infisical.com");
        extra
    };
    for extra in [
        azure(None),
        azure(Some("resource")),
        google_machine(),
        google_key("path"),
        at_infisical(azure(Some("resource"))),
        at_infisical(google_key("path")),
    ] {
        let refused = scene.refusal(extra).await;
        assert!(refused.contains(ELSEWHERE), "{refused}");
    }
    for extra in [at_infisical(azure(None)), at_infisical(google_machine())] {
        assert!(scene.connect(extra).await.is_ok());
    }
}
