//! Every way to log in: what is shown, that a read follows, and what is refused before anybody is asked.

use std::time::Duration;

use lockstep_testkit::Fate;

use super::*;
use crate::engine::object::ObjectKey;
use crate::provider::amazon;

const POOL: &str = "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q";
const TARGET: &str = "target@p.iam.gserviceaccount.com";
const GKE: &str = "identitynamespace:project-1.svc.id.goog:https://container.googleapis.com/v1/projects/project-1/\
                   locations/europe-west1/clusters/cluster-1";
const AUTH: &str = "spec.provider.gcpsm.auth";

async fn scene() -> Scene {
    let scene = Scene::new().await;
    scene.google.put("app", b"v");
    annotate(&scene, "app", None);
    scene
}

fn annotate(scene: &Scene, name: &str, account: Option<&str>) {
    let annotations =
        account.map(|account| ("iam.gke.io/gcp-service-account".to_owned(), account.to_owned()));
    let mut accounts = scene.cluster.accounts.lock().expect("no test panics here");
    accounts.insert(ObjectKey::new("own", name), annotations.into_iter().collect());
}

fn configure(scene: &Scene, config: &Value) {
    let config = config.to_string();
    let values = [("config", config.as_str())];
    scene
        .cluster
        .put(DocumentKind::ConfigMap, "own", "federation", &values);
}

async fn read(manager: &Arc<dyn Backend>) -> Result<String, String> {
    value(manager, at("app"), "").await
}

/// Logs in, reads, and is ready.
async fn logs_in(scene: &Scene, auth: Value) {
    let manager = scene.connect(json!({ "auth": auth })).await;
    let manager = manager.unwrap_or_else(|problem| panic!("{auth}: {problem}"));
    assert_eq!(read(&manager).await, Ok("v".to_owned()), "{auth}");
    assert_eq!(manager.check().await, Ok(Health::Ready));
    assert!(manager.token_age().is_some());
}

fn federation(members: &Value) -> Value {
    let mut spec = json!({"audience": POOL});
    let members = members.as_object().cloned().unwrap_or_default();
    spec.as_object_mut().expect("an object").extend(members);
    json!({ "workloadIdentityFederation": spec })
}

fn cred_config() -> Value {
    federation(&json!({"audience": null, "credConfig": {"name": "federation", "key": "config"}}))
}

fn config(source: &Value) -> Value {
    json!({
        "type": "external_account", "audience": POOL, "token_url": "https://sts.googleapis.com/v1/token",
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt", "credential_source": source,
    })
}

#[tokio::test]
async fn an_account_logs_in_by_its_key_which_names_the_project_too() {
    let scene = scene().await;
    logs_in(&scene, by_key("key")).await;
    let unnamed = scene
        .connect(json!({"projectID": null}))
        .await
        .expect("a connection");
    assert_eq!(read(&unnamed).await, Ok("v".to_owned()));
}

#[tokio::test]
async fn what_a_key_is_exchanged_for_is_never_sent_in_the_clear() {
    let scene = Scene::new().await;
    let key = scene.google.add_account(EMAIL).expect("an account");
    for url in ["http://oauth2.googleapis.com/token", "file:///token", "token"] {
        let mut key = key.clone();
        key["token_uri"] = url.into();
        let key = [("key", &*key.to_string())];
        scene.cluster.put(DocumentKind::Secret, "own", "creds", &key);
        let refused = scene.refusal(json!({})).await;
        assert!(
            refused.ends_with("has a `token_uri` that is no https URL"),
            "{refused}"
        );
    }
}

#[tokio::test]
async fn a_service_account_of_gke_is_itself_or_acts_as_another() {
    let named = json!({
        "serviceAccountRef": {"name": "app", "audiences": ["more"]}, "clusterProjectID": "project-1",
        "clusterLocation": "europe-west1", "clusterName": "cluster-1",
    });
    for identity in [named, json!({"serviceAccountRef": {"name": "app"}})] {
        let scene = scene().await;
        scene.google.trust(GKE, "token-0");
        logs_in(&scene, json!({ "workloadIdentity": identity })).await;
    }
    let scene = scene().await;
    annotate(&scene, "app", Some(TARGET));
    scene.google.trust(GKE, "token-0");
    scene.google.let_act_as("token-0", TARGET);
    let spec = json!({"workloadIdentity": {"serviceAccountRef": {"name": "app", "audiences": ["more"]}}});
    logs_in(&scene, spec.clone()).await;
    let audiences = scene
        .cluster
        .audiences
        .lock()
        .expect("no test panics here")
        .clone();
    assert_eq!(audiences, ["more", "project-1.svc.id.goog"]);
    // Where nobody names the project, it is the machine's.
    assert!(
        scene
            .connect(json!({"auth": spec, "projectID": null}))
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn a_federated_service_account_is_itself_or_acts_as_another() {
    for (annotated, email, expected) in [
        (None, None, 1),
        (Some(TARGET), None, 2),
        (Some("other@p.iam.gserviceaccount.com"), Some(TARGET), 2),
    ] {
        let scene = scene().await;
        annotate(&scene, "app", annotated);
        scene.google.trust(POOL, "token-0");
        scene.google.let_act_as("token-0", TARGET);
        let spec = federation(&json!({
            "serviceAccountRef": {"name": "app", "audiences": [POOL]}, "gcpServiceAccountEmail": email,
        }));
        logs_in(&scene, spec).await;
        assert_eq!(scene.google.tokens(), expected);
        let audiences = scene
            .cluster
            .audiences
            .lock()
            .expect("no test panics here")
            .clone();
        assert_eq!(audiences, [POOL]);
    }
}

#[tokio::test]
async fn an_identity_of_aws_is_shown_from_a_secret_the_environment_or_the_machine() {
    let by_secret = scene().await;
    let keys = [
        ("aws_access_key_id", "AKIASECRET"),
        ("aws_secret_access_key", CANARY),
        ("aws_session_token", CANARY),
    ];
    by_secret.cluster.put(DocumentKind::Secret, "own", "aws", &keys);
    by_secret.google.trust(POOL, "AKIASECRET");
    let reference = json!({"region": "eu-west-1", "awsCredentialsSecretRef": {"name": "aws"}});
    logs_in(
        &by_secret,
        federation(&json!({ "awsSecurityCredentials": reference })),
    )
    .await;

    let source = json!({
        "environment_id": "aws1", "url": "http://169.254.169.254/latest/meta-data/iam/security-credentials",
        "region_url": "http://169.254.169.254/latest/meta-data/placement/availability-zone",
        "imdsv2_session_token_url": "http://169.254.169.254/latest/api/token",
        "regional_cred_verification_url":
            "https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15",
    });
    let mut config = config(&source);
    config["subject_token_type"] = "urn:ietf:params:aws:token-type:aws4_request".into();
    let mut by_machine = scene().await;
    configure(&by_machine, &config);
    by_machine.environment.aws.metadata = Some(format!("http://{}", by_machine.google.metadata_host()));
    by_machine.google.trust(POOL, "AKIAMACHINE");
    logs_in(&by_machine, cred_config()).await;

    let mut by_environment = scene().await;
    configure(&by_environment, &config);
    by_environment.environment.aws = amazon::Environment {
        region: Some("eu-west-1".to_owned()),
        access_key_id: Some("AKIAOWN".to_owned()),
        secret_access_key: Some(CANARY.into()),
        ..amazon::Environment::default()
    };
    by_environment.google.trust(POOL, "AKIAOWN");
    logs_in(&by_environment, cred_config()).await;
}

#[tokio::test]
async fn a_configuration_names_a_file_or_an_address_that_holds_a_token() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), format!("{{\"t\": \"{CANARY}\"}}")).expect("written");
    let format = json!({"type": "json", "subject_token_field_name": "t"});
    let by_file = scene().await;
    configure(&by_file, &config(&json!({"file": file.path(), "format": format})));
    by_file.google.trust(POOL, CANARY);
    logs_in(&by_file, cred_config()).await;

    let by_address = scene().await;
    let url = format!(
        "http://{}/computeMetadata/v1/project/project-id",
        by_address.google.metadata_host()
    );
    let mut document = config(&json!({"url": url, "headers": {"Metadata-Flavor": "Google"}}));
    let target = format!(
        "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/{TARGET}:generateAccessToken"
    );
    document["service_account_impersonation_url"] = target.into();
    document["service_account_impersonation"] = json!({"token_lifetime_seconds": 1200});
    configure(&by_address, &document);
    by_address.google.trust(POOL, "project-1");
    by_address.google.let_act_as("project-1", TARGET);
    let mut spec = cred_config();
    spec["workloadIdentityFederation"]["externalTokenEndpoint"] = url.into();
    logs_in(&by_address, spec).await;
    assert_eq!(by_address.google.tokens(), 2);
}

#[tokio::test]
async fn what_a_configuration_must_not_say_is_refused() {
    let scene = scene().await;
    let (file, url) = (json!({"file": "/tmp/t"}), "https://issuer.example/token");
    let aws = |member: &str, value: &str| {
        let mut source = json!({
            "environment_id": "aws1", "url": "http://169.254.169.254/latest/meta-data/iam/security-credentials",
            "region_url": "http://169.254.169.254/latest/meta-data/placement/availability-zone",
        });
        source[member] = value.into();
        (json!({ "credential_source": source }), "")
    };
    let with = |more: Value| {
        let mut config = config(&file);
        let more = more.as_object().cloned().unwrap_or_default();
        config.as_object_mut().expect("an object").extend(more);
        config
    };
    let impersonating = |url: &str| (json!({ "service_account_impersonation_url": url }), "");
    let exchanged = |url: &str| (json!({ "token_url": url }), "");
    for ((more, endpoint), why) in [
        (
            (json!({"type": "service_account"}), ""),
            "`type` must be external_account",
        ),
        ((json!({"audience": ""}), ""), "audience is empty"),
        (
            (json!({"credential_source": null}), ""),
            "credential_source is missing",
        ),
        (
            (json!({"credential_source": {}}), ""),
            "one of credential_source.file",
        ),
        (
            (
                json!({"credential_source": {"executable": {"command": "/bin/sh"}}}),
                "",
            ),
            "executable.command is not allowed",
        ),
        (
            (json!({"credential_source": {"certificate": {}}}), ""),
            "certificate is not supported",
        ),
        (
            (json!({"credential_source": {"url": url}}), ""),
            "does not match the store's externalTokenEndpoint",
        ),
        (
            (json!({}), url),
            "does not match the store's externalTokenEndpoint",
        ),
        (
            (
                json!({"credential_source": {"url": "file:///etc/passwd"}}),
                "file:///etc/passwd",
            ),
            "must be an http or https URL",
        ),
        (
            (json!({"universe_domain": "evil.example"}), ""),
            "universe_domain must be googleapis.com",
        ),
        (
            (json!({"universe_domain": "a@b/c"}), ""),
            "universe_domain is no domain",
        ),
        (
            exchanged("http://sts.googleapis.com/v1/token"),
            "token_url must be",
        ),
        (
            exchanged("https://sts.googleapis.com.evil.example/v1/token"),
            "token_url must be",
        ),
        (
            exchanged("https://sts.googleapis.com@evil.example/v1/token"),
            "token_url must be",
        ),
        (
            exchanged("https://evilsts.googleapis.com/v1/token"),
            "token_url must be",
        ),
        (
            exchanged("https://sts.googleapis.com/v1/introspect"),
            "token_url must be",
        ),
        (
            exchanged("https://storage.googleapis.com/v1/token"),
            "token_url must be",
        ),
        (
            exchanged("https://me@sts.googleapis.com/v1/token"),
            "token_url must be",
        ),
        (
            exchanged("https://sts.googleapis.com:8443/v1/token"),
            "token_url must be",
        ),
        (
            exchanged("https://sts.googleapis.com/v1/token?to=evil"),
            "token_url must be",
        ),
        (
            impersonating(
                "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/a@b/../c:generateAccessToken",
            ),
            "service_account_impersonation_url must be",
        ),
        (
            impersonating("https://evil.example/v1/projects/-/serviceAccounts/a@b:generateAccessToken"),
            "service_account_impersonation_url must be",
        ),
        (
            impersonating("https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/a@b:signJwt"),
            "service_account_impersonation_url must be",
        ),
        (aws("environment_id", "azure1"), "environment_id must be aws1"),
        (
            aws(
                "url",
                "http://evil.example/latest/meta-data/iam/security-credentials",
            ),
            "credential_source.url must be http://169.254.169.254",
        ),
        (
            aws("region_url", "http://169.254.169.254/latest/user-data"),
            "credential_source.region_url must be",
        ),
        (
            aws("imdsv2_session_token_url", "http://evil.example"),
            "imdsv2_session_token_url must be",
        ),
        (
            aws("regional_cred_verification_url", "https://evil.example"),
            "regional_cred_verification_url must be that of AWS",
        ),
    ] {
        configure(&scene, &with(more.clone()));
        let mut spec = cred_config();
        spec["workloadIdentityFederation"]["externalTokenEndpoint"] = endpoint.into();
        let refused = scene.refusal(json!({ "auth": spec })).await;
        let place = format!("{AUTH}.workloadIdentityFederation.credConfig: ");
        assert!(
            refused.starts_with(&place) && refused.contains(why),
            "{more}: {refused}"
        );
    }
    assert_eq!(scene.google.faults().traffic().total(), 0);
}

#[tokio::test]
async fn another_universe_is_for_those_who_write_for_the_cluster() {
    let mut scene = scene().await;
    let mut document = config(&json!({"file": "/tmp/t"}));
    document["universe_domain"] = "apis.example".into();
    document["token_url"] = "https://sts.apis.example/v1/token".into();
    configure(&scene, &document);
    scene.scope = StoreScope::Cluster {
        consumer: Some("own".to_owned()),
    };
    assert!(scene.connect(json!({ "auth": cred_config() })).await.is_ok());
}

#[tokio::test]
async fn our_own_identity_is_a_file_a_person_or_the_machine() {
    logs_in(&scene().await, json!({})).await;
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let write =
        |name: &str, document: &Value| std::fs::write(path(name), document.to_string()).expect("written");

    let mut by_key = scene().await;
    let key = by_key
        .google
        .add_account("own@p.iam.gserviceaccount.com")
        .expect("made");
    write("key", &key);
    by_key.environment.credentials_file = Some(path("key"));
    logs_in(&by_key, json!({})).await;

    let mut by_person = scene().await;
    by_person.google.add_person("refresh");
    let person = json!({"type": "authorized_user", "client_id": "id", "client_secret": CANARY, "refresh_token": "refresh"});
    write("person", &person);
    by_person.environment.gcloud_file = Some(path("person"));
    logs_in(&by_person, json!({})).await;

    let mut impersonating = scene().await;
    impersonating.google.add_person("refresh");
    impersonating.google.let_act_as("person", TARGET);
    let url = format!(
        "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/{TARGET}:generateAccessToken"
    );
    let document = json!({
        "type": "impersonated_service_account", "service_account_impersonation_url": url, "source_credentials": person,
    });
    write("impersonating", &document);
    impersonating.environment.gcloud_file = Some(path("impersonating"));
    logs_in(&impersonating, json!({})).await;

    let mut external = scene().await;
    std::fs::write(path("token"), "subject").expect("written");
    write("external", &config(&json!({"file": path("token")})));
    external.google.trust(POOL, "subject");
    external.environment.credentials_file = Some(path("external"));
    logs_in(&external, json!({})).await;

    let mut broken = scene().await;
    write("broken", &json!({"type": CANARY}));
    for (file, why) in [
        ("none", "names a file that cannot be read"),
        ("broken", "holds no credentials"),
    ] {
        broken.environment.credentials_file = Some(path(file));
        let refused = broken.refusal(json!({"auth": {}})).await;
        assert!(refused.contains(why), "{refused}");
    }
}

#[tokio::test]
async fn what_a_spec_lacks_is_told_before_google_is_asked() {
    let scene = scene().await;
    annotate(&scene, "odd", Some("../../x@y"));
    let bare = json!({"client_email": EMAIL, "private_key": "none"}).to_string();
    scene.cluster.put(
        DocumentKind::Secret,
        "own",
        "creds",
        &[("bare", &bare), ("text", CANARY)],
    );
    let half = [("aws_access_key_id", "id"), ("aws_secret_access_key", "")];
    scene.cluster.put(DocumentKind::Secret, "own", "aws", &half);
    let aws = json!({"region": "eu-west-1", "awsCredentialsSecretRef": {"name": "aws"}});
    let account = json!({"name": "app"});
    let exactly_one =
        "exactly one of credConfig, awsSecurityCredentials or serviceAccountRef must be provided";
    let audience = "audience must be provided, when serviceAccountRef or awsSecurityCredentials is provided";
    for (auth, why) in [
        (
            json!({"secretRef": {}}),
            "secretAccessKeySecretRef.key: must be set",
        ),
        (by_key("none"), "cannot find key \"none\""),
        (by_key("text"), "is no JSON key of a service account"),
        (by_key("bare"), "has no private key in PEM"),
        (
            json!({"workloadIdentity": {"serviceAccountRef": {"name": "nobody"}}}),
            "own/nobody",
        ),
        (
            json!({"workloadIdentity": {"serviceAccountRef": {"name": "odd"}}}),
            "is no account of Google Cloud",
        ),
        (federation(&json!({})), exactly_one),
        (
            federation(&json!({"serviceAccountRef": account, "awsSecurityCredentials": aws})),
            exactly_one,
        ),
        (
            federation(&json!({"serviceAccountRef": account, "audience": ""})),
            audience,
        ),
        (
            federation(&json!({"awsSecurityCredentials": aws})),
            "must not be empty",
        ),
        (cred_config(), "own/federation"),
    ] {
        let shown = auth.to_string();
        let refused = scene.refusal(json!({ "auth": auth })).await;
        assert!(refused.contains(why), "{shown}: {refused}");
    }
    let refused = scene.refusal(json!({"projectID": "a/b"})).await;
    assert_eq!(scene.google.faults().traffic().total(), 0, "{refused}");
}

#[tokio::test]
async fn credentials_that_are_wrong_are_told() {
    let scene = scene().await;
    scene.google.trust(GKE, "token-0");
    annotate(&scene, "app", Some(TARGET));
    let stranger = json!({
        "type": "service_account", "client_email": "stranger@p.iam", "token_uri": format!("{}/token", scene.google.url()),
        "private_key": lockstep_testkit::RsaIdentity::new("stranger").expect("made").key,
    });
    scene.cluster.put(
        DocumentKind::Secret,
        "own",
        "creds",
        &[("stranger", &stranger.to_string())],
    );
    let invalid = "the backend refuses (it takes what was shown for invalid or out of date; check the key or token, the \
                   account and the clock (invalid_grant, HTTP 400))";
    for (auth, why) in [
        (
            by_key("stranger"),
            format!(".secretRef.secretAccessKeySecretRef: login at localhost: {invalid}"),
        ),
        (
            federation(&json!({"serviceAccountRef": {"name": "app"}})),
            format!(".workloadIdentityFederation: exchanging a token: {invalid}"),
        ),
        (
            json!({"workloadIdentity": {"serviceAccountRef": {"name": "app"}}}),
            (
                ".workloadIdentity: exchanging the token of the ServiceAccount: the backend refuses (it does not \
                 understand what was shown; check the pool, the cluster and the account (INVALID_ARGUMENT, HTTP 400))"
            ).to_owned(),
        ),
    ] {
        let manager = scene
            .connect(json!({ "auth": auth }))
            .await
            .expect("a connection");
        assert_eq!(read(&manager).await, Err(format!("{AUTH}{why}")));
        assert!(matches!(manager.check().await, Err(Problem::Refused { .. })));
    }
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
    let manager = scene.manager().await;
    assert_eq!(read(&manager).await, Ok("v".to_owned()));
    scene.google.end_tokens();
    let refused = read(&manager).await.expect_err("refused");
    assert_eq!(
        refused, "app: the backend refuses (the token has ended, HTTP 401)",
        "it was just made"
    );
    assert_eq!(scene.google.tokens(), 1);
    pass(Duration::from_mins(2)).await;
    let both = tokio::join!(read(&manager), read(&manager));
    assert_eq!(both, (Ok("v".to_owned()), Ok("v".to_owned())));
    assert_eq!(scene.google.tokens(), 2);
    // Ahead of its end it is renewed.
    pass(Duration::from_mins(50)).await;
    assert_eq!(read(&manager).await, Ok("v".to_owned()));
    assert_eq!(scene.google.tokens(), 3);
    assert!(
        manager
            .token_age()
            .is_some_and(|age| age < Duration::from_mins(1))
    );
    // While it can be used it is, whatever becomes of its successor.
    pass(Duration::from_mins(50)).await;
    scene.google.faults().are(|asked| match asked.path.as_str() {
        "/token" => Fate::status(503, CANARY),
        _ => Fate::Pass,
    });
    assert_eq!(read(&manager).await, Ok("v".to_owned()));
}
