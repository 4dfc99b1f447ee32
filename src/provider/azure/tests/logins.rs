//! Every way to log in, and what becomes of tokens.

use lockstep_testkit::RsaIdentity;

use super::*;
use crate::engine::object::ObjectKey;

/// Reads a secret, so that somebody has to log in.
async fn read(backend: &Arc<dyn Backend>) -> Result<String, String> {
    value(backend, at("app"), "").await
}

async fn logs_in(scene: &Scene, extra: Value) {
    let backend = scene.connect(extra.clone()).await;
    let backend = backend.unwrap_or_else(|problem| panic!("{extra}: {problem}"));
    assert_eq!(scene.azure.tokens(), 0, "{extra}: a token before it is needed");
    assert_eq!(read(&backend).await, Ok("v".to_owned()), "{extra}");
    assert_eq!(backend.check().await, Ok(Health::Ready), "{extra}");
    assert_eq!(scene.azure.tokens(), 1, "{extra}");
}

async fn scene() -> Scene {
    let scene = Scene::new().await;
    scene.azure.put_secret("app", "v", &[]);
    scene
}

fn annotate(scene: &Scene, name: &str, annotations: &[(&str, &str)]) {
    let annotations = annotations.iter();
    let annotations =
        annotations.map(|(key, value)| (format!("azure.workload.identity/{key}"), (*value).to_owned()));
    let mut accounts = scene.cluster.accounts.lock().expect("no test panics here");
    accounts.insert(ObjectKey::new("own", name), annotations.collect());
}

#[tokio::test]
async fn a_service_principal_has_a_secret_or_a_certificate() {
    logs_in(&scene().await, json!({})).await;
    let scene = scene().await;
    let identity = RsaIdentity::new("principal").expect("made");
    scene.azure.register_certificate("certified", &identity);
    let pem = format!("{}{}", identity.key, identity.certificate);
    let certified = [("id", "certified"), ("pem", pem.as_str())];
    scene
        .cluster
        .put(DocumentKind::Secret, "own", "certified", &certified);
    let with = json!({
        "clientId": {"name": "certified", "key": "id"}, "clientCertificate": {"name": "certified", "key": "pem"},
    });
    logs_in(&scene, json!({"authSecretRef": with})).await;
}

#[tokio::test]
async fn a_workload_identity_is_an_account_or_our_own() {
    let from_account = scene().await;
    annotate(
        &from_account,
        "app",
        &[("client-id", "federated"), ("tenant-id", Azure::TENANT)],
    );
    from_account.azure.register_subject("federated", "token-0");
    let account = json!({"name": "app", "audiences": ["more"]});
    let spec = json!({
        "authType": "WorkloadIdentity", "authSecretRef": null, "tenantId": null, "serviceAccountRef": account,
    });
    logs_in(&from_account, spec).await;
    let audiences = from_account
        .cluster
        .audiences
        .lock()
        .expect("no test panics here")
        .clone();
    assert_eq!(audiences, ["more", "api://AzureADTokenExchange"]);

    let mut own = scene().await;
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), "subject\n").expect("written");
    own.azure.register_subject("mine", "subject");
    own.environment.client_id = Some("mine".to_owned());
    own.environment.tenant_id = Some(Azure::TENANT.to_owned());
    own.environment.token_file = Some(file.path().display().to_string());
    own.scope = StoreScope::Cluster { consumer: None };
    logs_in(
        &own,
        json!({"authType": "WorkloadIdentity", "authSecretRef": null}),
    )
    .await;
}

#[tokio::test]
async fn a_managed_identity_is_the_machines_own_or_one_of_them() {
    let mut scene = scene().await;
    scene.scope = StoreScope::Cluster { consumer: None };
    logs_in(
        &scene,
        json!({"authType": "ManagedIdentity", "identityId": CLIENT}),
    )
    .await;
    let unknown = json!({"authType": "ManagedIdentity", "identityId": "stranger"});
    let unknown = scene.connect(unknown).await.expect("a connection");
    let refused = read(&unknown).await.expect_err("no such identity");
    assert_eq!(
        refused,
        "spec.provider.azurekv: login with the machine's managed identity: the backend refuses (HTTP 400)"
    );
}

#[tokio::test]
async fn in_a_cloud_of_ones_own_the_vault_says_whom_a_token_is_for() {
    let scene = scene().await;
    let cloud = json!({"activeDirectoryEndpoint": format!("{}/", scene.azure.url()), "keyVaultEndpoint": "https://unused"});
    let spec = json!({
        "environmentType": "AzureStackCloud", "useAzureSDK": true, "customCloudConfig": cloud,
    });
    logs_in(&scene, spec).await;
    // One to learn it, one read, and one to see whether the vault is there.
    assert_eq!(scene.azure.faults().traffic().of("/secrets"), 3);
}

#[tokio::test]
async fn credentials_that_are_wrong_are_told() {
    let scene = scene().await;
    let wrong = scene
        .connect(json!({"authSecretRef": with_secret("wrong")}))
        .await
        .expect("a connection");
    let expected = "spec.provider.azurekv: login at localhost: the backend refuses (the client secret is wrong; it has \
                    to be the secret's value, not its id (AADSTS7000215, HTTP 401))";
    assert_eq!(read(&wrong).await, Err(expected.to_owned()));
    assert!(matches!(wrong.check().await, Err(Problem::Refused { .. })));
    let tenant = scene
        .connect(json!({"tenantId": "other"}))
        .await
        .expect("a connection");
    assert!(
        read(&tenant)
            .await
            .is_err_and(|why| why.contains("there is no such tenant"))
    );
}

#[tokio::test]
async fn what_a_spec_lacks_is_told_before_anybody_is_asked() {
    let scene = scene().await;
    let only = |key: &str| json!({ key: {"name": "creds", "key": "id"} });
    let both = json!({
        "clientId": {"name": "creds", "key": "id"}, "clientSecret": {"name": "creds", "key": "secret"},
        "clientCertificate": {"name": "creds", "key": "secret"},
    });
    annotate(&scene, "bare", &[]);
    annotate(&scene, "half", &[("client-id", "c")]);
    annotate(&scene, "other", &[("client-id", "c"), ("tenant-id", "another")]);
    let workload = |account: &str, more: Value| {
        let mut spec = json!({"authType": "WorkloadIdentity", "authSecretRef": null, "serviceAccountRef": {"name": account}});
        spec.as_object_mut()
            .expect("an object")
            .extend(more.as_object().cloned().unwrap_or_default());
        spec
    };
    for (spec, says) in [
        (
            json!({"tenantId": null}),
            "tenantId: missing tenantID in store config",
        ),
        (
            json!({"authSecretRef": null}),
            "authSecretRef: missing secretRef in provider config",
        ),
        (
            json!({"authSecretRef": only("clientId")}),
            "authSecretRef: needs clientId",
        ),
        (
            json!({"authSecretRef": only("clientSecret")}),
            "authSecretRef: needs clientId",
        ),
        (
            json!({"authSecretRef": both}),
            "both clientSecret and clientCredentials set",
        ),
        (
            json!({"tenantId": "../x"}),
            "tenantId: must be the id or a domain of a tenant",
        ),
        (
            json!({"vaultUrl": "http://a.vault.azure.net"}),
            "vaultUrl: must be an https URL",
        ),
        (
            json!({"vaultUrl": "https://u:p@a.vault.azure.net"}),
            "vaultUrl: must be an https URL",
        ),
        (json!({"vaultUrl": "canary"}), "vaultUrl: must be an https URL"),
        (
            json!({"environmentType": "AzureStackCloud"}),
            "CustomCloudConfig is required",
        ),
        (
            json!({"customCloudConfig": {"activeDirectoryEndpoint": "https://a"}}),
            "requires UseAzureSDK",
        ),
        (
            json!({"useAzureSDK": true, "customCloudConfig": {"activeDirectoryEndpoint": ""}}),
            "activeDirectoryEndpoint is required",
        ),
        (
            json!({"useAzureSDK": true, "customCloudConfig": {"activeDirectoryEndpoint": "http://a"}}),
            "activeDirectoryEndpoint: must be an https URL",
        ),
        (workload("nobody", json!({})), "own/nobody"),
        (
            workload("bare", json!({})),
            "annotate service account bare with azure.workload.identity/client-id",
        ),
        (
            workload("half", json!({"tenantId": null})),
            "annotate service account half with azure.workload.identity/tenant-id",
        ),
        (
            workload("other", json!({})),
            "is another tenant than the annotation",
        ),
        (
            workload("other", json!({"authSecretRef": only("clientId")})),
            "is another client id than the annotation",
        ),
        (
            json!({"authType": "WorkloadIdentity", "vaultUrl": "https://a.vault.azure.net"}),
            "missing environment variables",
        ),
    ] {
        let shown = spec.to_string();
        let refused = scene.refusal(spec).await;
        assert!(refused.contains(says), "{shown}: {refused}");
    }
    assert_eq!(scene.azure.faults().traffic().total(), 0);
}

#[tokio::test]
async fn our_own_identity_goes_where_a_namespace_says_only_if_that_is_azure() {
    let scene = scene().await;
    for auth in ["ManagedIdentity", "WorkloadIdentity"] {
        let refused = scene.refusal(json!({"authType": auth})).await;
        assert!(
            refused.contains("vaultUrl: must be one of Azure's own vaults"),
            "{refused}"
        );
        let own = json!({
            "authType": auth, "useAzureSDK": true, "vaultUrl": "https://a.vault.azure.net",
            "customCloudConfig": {"activeDirectoryEndpoint": "https://evil.example"},
        });
        let refused = scene.refusal(own).await;
        assert!(
            refused.contains("customCloudConfig: needs a ClusterSecretStore"),
            "{refused}"
        );
    }
    let azures = json!({"authType": "ManagedIdentity", "vaultUrl": "https://a.vault.azure.net"});
    assert!(scene.connect(azures).await.is_ok());
    assert_eq!(scene.azure.faults().traffic().total(), 0);
}

/// Lets time pass while nothing is under way: a clock that stood still would run off whenever a socket is waited for.
async fn pass(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}

#[tokio::test]
async fn a_token_that_has_ended_is_made_anew_once_and_a_new_one_is_believed() {
    let scene = scene().await;
    let vault = scene.vault().await;
    assert_eq!(read(&vault).await, Ok("v".to_owned()));
    scene.azure.end_tokens();
    let refused = read(&vault).await.expect_err("refused");
    assert_eq!(refused, "app: the backend refuses (HTTP 401)", "it was just made");
    assert_eq!(scene.azure.tokens(), 1);
    pass(Duration::from_mins(2)).await;
    assert_eq!(
        tokio::join!(read(&vault), read(&vault)),
        (Ok("v".to_owned()), Ok("v".to_owned()))
    );
    assert_eq!(scene.azure.tokens(), 2);
    // Ahead of its end it is renewed.
    pass(Duration::from_mins(50)).await;
    assert_eq!(read(&vault).await, Ok("v".to_owned()));
    assert_eq!(scene.azure.tokens(), 3);
    assert!(vault.token_age().is_some_and(|age| age < Duration::from_mins(1)));
}
