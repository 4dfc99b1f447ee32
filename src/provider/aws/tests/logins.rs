//! Who we are: static keys, service accounts, roles, and for how long.

use std::sync::atomic::Ordering::SeqCst;

use super::server::{fault, ok, session};
use super::*;
use crate::engine::object::ObjectKey;

const ROLE: &str = "arn:aws:iam::1:role/reader";

/// STS gives each role a key that is called after it; everything else is read.
fn aws(asked: &Asked) -> Answer {
    let role = asked.parameters["RoleArn"].as_str().unwrap_or_default();
    let key = role.rsplit('/').next().unwrap_or_default();
    match asked.operation.as_str() {
        "AssumeRole" | "AssumeRoleWithWebIdentity" if key == "refused" => (
            403,
            "<ErrorResponse><Error><Code>AccessDenied</Code><Message>a canary sang</Message></Error>\
             <RequestId>canary</RequestId></ErrorResponse>"
                .to_owned(),
        ),
        operation @ ("AssumeRole" | "AssumeRoleWithWebIdentity") => {
            let ends = if key == "short" {
                "2020-01-01T00:00:00Z"
            } else {
                FAR
            };
            session(operation, key, ends)
        }
        "GetSecretValue" => ok(&json!({"SecretString": "v"})),
        _ => fault(400, "UnknownOperationException"),
    }
}

async fn of_account(scene: &Scene, annotations: &[(&str, &str)]) -> Result<Arc<dyn Backend>, Problem> {
    let annotations = annotations
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    let account = ObjectKey::new("own", "reader");
    let accounts = scene.cluster.accounts.lock();
    accounts
        .expect("unpoisoned")
        .insert(account, annotations.collect());
    let auth = json!({"jwt": {"serviceAccountRef": {"name": "reader", "audiences": ["more"]}}});
    scene.connect("SecretsManager", json!({"auth": auth})).await
}

#[tokio::test]
async fn a_service_account_has_the_role_that_is_annotated_on_it() {
    let scene = Scene::new(aws).await;
    let backend = of_account(&scene, &[("eks.amazonaws.com/role-arn", ROLE)]).await;
    let backend = backend.expect("a connection");
    assert_eq!(scene.server.operations(), [""; 0], "nobody was asked yet");
    assert_eq!(backend.token_age(), None);
    assert_eq!(backend.check().await, Ok(crate::provider::Health::Ready));
    assert!(backend.token_age().is_some(), "there is a session");
    for _ in 0..3 {
        assert_eq!(read(&backend, &[at("a")]).await, [Ok("v".to_owned())]);
    }
    let asked = scene.server.asked();
    let web_identity = json!({
        "RoleArn": ROLE, "RoleSessionName": "external-secrets-provider-aws", "WebIdentityToken": "token-0",
    });
    assert_eq!(asked[0].operation, "AssumeRoleWithWebIdentity");
    assert_eq!(asked[0].parameters, web_identity);
    assert_eq!(asked[0].key, "", "the token is all there is");
    let keys: Vec<_> = asked[1..].iter().map(|asked| asked.key.as_str()).collect();
    assert_eq!(keys, ["reader"; 3], "one login for all of them");
    let audiences = scene.cluster.audiences.lock().expect("unpoisoned").clone();
    assert_eq!(audiences, ["more", "sts.amazonaws.com"]);
}

#[tokio::test]
async fn an_account_may_have_an_audience_of_its_own() {
    let scene = Scene::new(aws).await;
    let annotations = [
        ("eks.amazonaws.com/role-arn", ROLE),
        ("eks.amazonaws.com/audience", "mine"),
    ];
    let backend = of_account(&scene, &annotations).await.expect("a connection");
    assert_eq!(read(&backend, &[at("a")]).await, [Ok("v".to_owned())]);
    let audiences = scene.cluster.audiences.lock().expect("unpoisoned").clone();
    assert_eq!(audiences, ["more", "mine"]);
}

#[tokio::test]
async fn an_account_without_a_role_or_that_is_missing_is_found_out_before_anybody_is_asked() {
    let scene = Scene::new(aws).await;
    let refused = of_account(&scene, &[]).await.expect_err("no role");
    assert_eq!(
        refused.to_string(),
        "spec.provider.aws.auth.jwt.serviceAccountRef: an IAM role must be associated with service account reader: \
         annotate it with eks.amazonaws.com/role-arn"
    );
    let auth = json!({"jwt": {"serviceAccountRef": {"name": "nobody"}}});
    let refused = scene.connect("SecretsManager", json!({"auth": auth})).await;
    let message = refused.expect_err("nobody").to_string();
    assert_eq!(message, "cannot get ServiceAccount own/nobody: it does not exist");
    assert_eq!(scene.server.operations(), [""; 0]);
}

#[tokio::test]
async fn roles_are_assumed_one_after_the_other_and_the_last_one_shows_what_is_said_of_it() {
    let scene = Scene::new(aws).await;
    let spec = json!({
        "additionalRoles": ["arn:aws:iam::1:role/first", "arn:aws:iam::2:role/second"],
        "role": "arn:aws:iam::3:role/last",
        "externalID": "x",
        "sessionTags": [{"key": "team", "value": "a"}],
        "transitiveTagKeys": ["team"],
    });
    let backend = scene.connect("SecretsManager", spec).await.expect("a connection");
    for _ in 0..2 {
        assert_eq!(read(&backend, &[at("a")]).await, [Ok("v".to_owned())]);
    }
    let asked = scene.server.asked();
    let steps: Vec<_> = asked
        .iter()
        .map(|asked| (asked.operation.as_str(), asked.key.as_str()))
        .collect();
    assert_eq!(
        steps,
        [
            ("AssumeRole", "STATIC"),
            ("AssumeRole", "first"),
            ("AssumeRole", "second"),
            ("GetSecretValue", "last"),
            ("GetSecretValue", "last"),
        ]
    );
    let name = "external-secrets-provider-aws";
    let first = json!({"RoleArn": "arn:aws:iam::1:role/first", "RoleSessionName": name});
    assert_eq!(asked[0].parameters, first);
    let last = json!({
        "RoleArn": "arn:aws:iam::3:role/last", "RoleSessionName": name, "ExternalId": "x",
        "Tags.member.1.Key": "team", "Tags.member.1.Value": "a", "TransitiveTagKeys.member.1": "team",
    });
    assert_eq!(asked[2].parameters, last);
}

#[tokio::test]
async fn a_session_that_has_ended_is_opened_anew() {
    let scene = Scene::new(aws).await;
    let role = json!({"role": "arn:aws:iam::1:role/short"});
    let backend = scene.connect("SecretsManager", role).await.expect("a connection");
    for _ in 0..2 {
        assert_eq!(read(&backend, &[at("a")]).await, [Ok("v".to_owned())]);
        assert_eq!(scene.server.operations(), ["AssumeRole", "GetSecretValue"]);
    }
}

#[tokio::test]
async fn a_role_that_is_refused_is_named_whatever_is_read() {
    let scene = Scene::new(aws).await;
    let role = json!({"role": "arn:aws:iam::1:role/refused"});
    let backend = scene.connect("SecretsManager", role).await.expect("a connection");
    let why = "assuming role arn:aws:iam::1:role/refused: the backend refuses (AccessDenied, HTTP 403)";
    assert_eq!(read(&backend, &[at("a")]).await, [Err(why.to_owned())]);
    assert_eq!(
        read(&backend, &["a", "b"].map(at)).await,
        [Err(why.to_owned()), Err(why.to_owned())]
    );
    let checked = backend.check().await.expect_err("refused");
    assert_eq!(checked.to_string(), why);
    assert!(matches!(checked, Problem::Refused { .. }));
}

#[tokio::test]
async fn tags_tell_who_uses_the_store_and_make_the_session_its_own() {
    let mut scene = Scene::new(aws).await;
    let spec = json!({
        "role": ROLE,
        "sessionTags": [{"key": "not", "value": "sent"}],
        "sessionTagsPolicy": "Custom",
        "customSessionTags": {"team": "a"},
    });
    scene.scope = StoreScope::Cluster { consumer: None };
    let auth = json!({"secretRef": {
        "accessKeyIDSecretRef": {"name": "creds", "key": "id", "namespace": "own"},
        "secretAccessKeySecretRef": {"name": "creds", "key": "secret", "namespace": "own"},
    }});
    let mut spec = spec;
    spec["auth"] = auth;
    let refused = scene.connect("SecretsManager", spec.clone()).await;
    let refused = refused.expect_err("nobody uses it yet").to_string();
    assert!(
        refused.starts_with("spec.provider.aws.sessionTagsPolicy.namespace: "),
        "{refused}"
    );
    let consumer = Some("team-a".to_owned());
    scene.scope = StoreScope::Cluster { consumer };
    let backend = scene.connect("SecretsManager", spec).await.expect("a connection");
    read(&backend, &[at("a")]).await;
    let parameters = scene.server.asked().remove(0).parameters;
    let tag = |nth: u8| {
        let part = |part: &str| {
            parameters[format!("Tags.member.{nth}.{part}")]
                .as_str()
                .unwrap_or("none")
        };
        format!("{}={}", part("Key"), part("Value"))
    };
    assert_eq!(
        [tag(1), tag(2), tag(3), tag(4), tag(5)],
        [
            "esoNamespace=team-a",
            "esoStoreName=store",
            "esoStoreKind=SecretStore",
            "team=a",
            "none=none"
        ]
    );
}

#[tokio::test]
async fn a_static_key_is_whole_or_refused() {
    let scene = Scene::new(aws).await;
    let bytes = [("id", "a\u{7f}b"), ("secret", "canary")];
    scene.cluster.put(DocumentKind::Secret, "own", "odd", &bytes);
    for (name, key, message) in [
        (
            "creds",
            "none",
            "spec.provider.aws.auth.secretRef.accessKeyIDSecretRef: the value is empty",
        ),
        (
            "odd",
            "id",
            "spec.provider.aws.auth.secretRef.accessKeyIDSecretRef: the value has characters that no credential of \
             AWS has",
        ),
        ("creds", "gone", "cannot find key \"gone\" in Secret own/creds"),
        ("gone", "id", "cannot get Secret own/gone: it does not exist"),
    ] {
        let mut auth = static_key();
        auth["secretRef"]["accessKeyIDSecretRef"] = json!({"name": name, "key": key});
        let refused = scene.connect("SecretsManager", json!({"auth": auth})).await;
        assert_eq!(refused.expect_err("refused").to_string(), message);
    }
    let auth = json!({"secretRef": {}});
    let refused = scene.connect("SecretsManager", json!({"auth": auth})).await;
    assert_eq!(
        refused.expect_err("refused").to_string(),
        "spec.provider.aws.auth.secretRef.accessKeyIDSecretRef: must be set"
    );
}

#[tokio::test]
async fn nothing_that_can_be_printed_holds_a_key() {
    let scene = Scene::new(aws).await;
    let role = json!({"role": ROLE});
    let backend = scene.connect("SecretsManager", role).await.expect("a connection");
    read(&backend, &[at("a")]).await;
    assert!(!format!("{backend:?}").contains("canary"));
    assert_eq!(scene.cluster.tokens.load(SeqCst), 0);
}

#[tokio::test]
async fn what_is_not_there_yet_says_so() {
    let scene = Scene::new(aws).await;
    let refused = scene.connect("CertificateManager", json!({})).await;
    assert!(matches!(refused, Err(Problem::NotSupported { .. })));
    let refused = scene
        .connect("SecretsManager", json!({"region": "evil.example/"}))
        .await;
    let refused = refused.expect_err("no region").to_string();
    assert!(refused.starts_with("spec.provider.aws.region: "), "{refused}");
}
