//! Every method of `auth`: what is sent to log in, and that a read follows. Wrong credentials, too.

use serde_json::{Value, json};

use super::*;
use crate::provider::vault::login::Environment;
use crate::provider::vault::{Call, Session};

pub(super) async fn open(
    server: &Server,
    auth: &Value,
    environment: Environment,
) -> Result<Session, Problem> {
    open_from(cluster(), server, auth, environment).await
}

pub(super) async fn open_from(
    cluster: Arc<TestCluster>,
    server: &Server,
    auth: &Value,
    environment: Environment,
) -> Result<Session, Problem> {
    let surroundings = surroundings(cluster, in_namespace("own"));
    let spec = spec(server, json!({"auth": auth}));
    Session::open_in(&spec, &surroundings, environment, FIELD).await
}

/// Logs in at a path with a body, and reads.
async fn lets_in(auth: Value, path: &str, body: Value) {
    let server = Server::start().await;
    server.state().logins.insert(path.to_owned(), body);
    let session = open(&server, &auth, Environment::default()).await;
    let session = session.unwrap_or_else(|problem| panic!("{auth}: {problem}; {:?}", server.requests()));
    server.put("kv/data/app", 200, json!({"data": {}}));
    let read = session.call(&Call::read("kv/data/app")).await.expect("let in");
    assert!(read.is_some(), "{auth}");
}

pub(super) fn selector(key: &str) -> Value {
    json!({"name": "creds", "key": key})
}

#[tokio::test]
async fn each_method_sends_what_vault_asks_for() {
    let secret = format!("{CANARY}-secret");
    let approle = json!({"role_id": "role-id", "secret_id": secret});
    let account = json!({"name": "reader"});
    for (auth, path, body) in [
        (
            json!({"appRole": {"path": "team/approle", "roleRef": selector("id"), "secretRef": selector("secret")}}),
            "auth/team/approle/login",
            approle,
        ),
        (
            json!({"kubernetes": {"mountPath": "kubernetes", "role": "r", "serviceAccountRef": account}}),
            "auth/kubernetes/login",
            json!({"role": "r", "jwt": "token-0"}),
        ),
        (
            json!({"kubernetes": {"mountPath": "k", "role": "r", "secretRef": {"name": "creds"}}}),
            "auth/k/login",
            json!({"role": "r", "jwt": "given"}),
        ),
        (
            json!({"ldap": {"username": " ann ", "secretRef": selector("secret")}}),
            "auth/ldap/login/ann",
            json!({"password": secret}),
        ),
        (
            json!({"userPass": {"path": "up", "username": "ann", "secretRef": selector("secret")}}),
            "auth/up/login/ann",
            json!({"password": secret}),
        ),
        (
            json!({"jwt": {"role": " r ", "secretRef": selector("jwt")}}),
            "auth/jwt/login",
            json!({"role": "r", "jwt": "jwt"}),
        ),
        (
            json!({"jwt": {"kubernetesServiceAccountToken": {"serviceAccountRef": account}}}),
            "auth/jwt/login",
            json!({"jwt": "token-0"}),
        ),
    ] {
        lets_in(auth, path, body).await;
    }
}

#[tokio::test]
async fn tokens_are_made_for_the_audiences_that_eso_asks_for() {
    for (token, expected) in [
        (
            json!({"serviceAccountRef": {"name": "reader", "audiences": ["mine"]}}),
            vec!["mine", "vault"],
        ),
        (
            json!({"serviceAccountRef": {"name": "reader"}, "audiences": ["old"]}),
            vec!["old"],
        ),
    ] {
        let (server, cluster) = (Server::start().await, cluster());
        let auth = json!({"jwt": {"kubernetesServiceAccountToken": token}});
        let surroundings = surroundings(cluster.clone(), in_namespace("own"));
        // That nobody is let in is another matter.
        let refused = Session::open(&spec(&server, json!({"auth": auth})), &surroundings, FIELD).await;
        assert!(refused.is_err());
        assert_eq!(*cluster.audiences.lock().expect("unpoisoned"), expected);
    }
}

#[tokio::test]
async fn without_auth_nobody_is_named() {
    let server = Server::start().await;
    server.state().open = true;
    let session = session(&spec(&server, json!({}))).await.expect("open");
    session.check().await.expect("let in");
    assert!(!server.requests()[0].headers.contains_key("x-vault-token"));
}

#[tokio::test]
async fn what_is_wrong_with_credentials_is_told_by_field_and_never_quoted() {
    let server = Server::start().await;
    let in_auth = |what: &str| format!("{FIELD}.auth{what}");
    let wrong =
        "login: writing auth/approle/login: the backend refuses (HTTP 403: invalid role or secret ID)";
    app_role(&server);
    for (auth, why) in [
        (json!({}), in_auth(": names no method to log in with")),
        (
            json!({"appRole": {"secretRef": selector("secret")}}),
            in_auth(".appRole: needs `roleId` or `roleRef`"),
        ),
        (
            json!({"jwt": {}}),
            in_auth(".jwt: needs `secretRef` or `kubernetesServiceAccountToken`"),
        ),
        (
            json!({"appRole": {"roleId": "other", "secretRef": selector("secret")}}),
            wrong.to_owned(),
        ),
        (
            json!({"appRole": {"roleId": "role-id", "secretRef": selector("no")}}),
            "cannot find key \"no\" in Secret own/creds".to_owned(),
        ),
        (
            json!({"tokenSecretRef": {"name": "gone", "key": "token"}}),
            "cannot get Secret own/gone: it does not exist".to_owned(),
        ),
        (
            json!({"kubernetes": {"mountPath": "k", "role": "r", "serviceAccountRef": {"name": "nobody"}}}),
            "cannot get ServiceAccount own/nobody: it does not exist".to_owned(),
        ),
        (
            json!({"iam": {"vaultRole": "r"}}),
            in_auth(".iam: needs `jwt` or `secretRef`, for lockstep has no AWS identity of its own here"),
        ),
    ] {
        let problem = open(&server, &auth, Environment::default())
            .await
            .expect_err("not let in");
        assert_eq!(problem.to_string(), why, "{auth}");
        assert!(!format!("{problem:?}").contains(CANARY), "{problem:?}");
    }
}

#[tokio::test]
async fn a_login_without_a_token_in_its_answer_is_none() {
    let server = Server::start().await;
    let auth = app_role(&server);
    for body in ["{}", r#"{"auth": null}"#, r#"{"auth": {"client_token": ""}}"#] {
        server.script(200, &[], body);
        let problem = open(&server, &auth, Environment::default())
            .await
            .expect_err("no token");
        assert_eq!(
            problem.to_string(),
            "login: writing auth/approle/login: the answer cannot be used: what was asked for is not in it"
        );
    }
}
