//! Every method of `auth`: what is sent to log in, and that a read follows. Wrong credentials, too.

use aws_lc_rs::{digest, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::*;
use crate::provider::vault::login::Environment;
use crate::provider::vault::{Call, Session};

async fn open(server: &Server, auth: &Value, environment: Environment) -> Result<Session, Problem> {
    let surroundings = surroundings(cluster(), in_namespace("own"));
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

fn selector(key: &str) -> Value {
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

fn text(value: &Value) -> String {
    let decoded = STANDARD.decode(value.as_str().expect("text")).expect("base64");
    String::from_utf8(decoded).expect("text")
}

fn hex(bytes: &[u8]) -> String {
    let digits: Vec<_> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    digits.concat()
}

/// The signature of a request by its own headers, worked out from AWS's description of it.
fn signature(headers: &Value, host: &str, body: &str, secret: &str) -> (String, String) {
    let header = |name: &str| headers[name][0].as_str().expect("a header").to_owned();
    let authorization = header("authorization");
    let part = |name: &str| {
        let (_, rest) = authorization.split_once(&format!("{name}=")).expect("a part");
        rest.split(',').next().expect("text").to_owned()
    };
    let (credential, names) = (part("Credential"), part("SignedHeaders"));
    let value = |name: &str| {
        if name == "host" {
            host.to_owned()
        } else {
            header(name)
        }
    };
    let canonical: Vec<_> = names
        .split(';')
        .map(|name| format!("{name}:{}\n", value(name)))
        .collect();
    let canonical = canonical.concat();
    let digest = |text: &str| hex(digest::digest(&digest::SHA256, text.as_bytes()).as_ref());
    let request = format!("POST\n/\n\n{canonical}\n{names}\n{}", digest(body));
    let (_, scope) = credential.split_once('/').expect("a scope");
    let text = format!(
        "AWS4-HMAC-SHA256\n{}\n{scope}\n{}",
        header("x-amz-date"),
        digest(&request)
    );
    let mac = |key: &[u8], text: &str| {
        let key = hmac::Key::new(hmac::HMAC_SHA256, key);
        hmac::sign(&key, text.as_bytes()).as_ref().to_vec()
    };
    let key = scope
        .split('/')
        .fold(format!("AWS4{secret}").into_bytes(), |key, part| mac(&key, part));
    (part("Signature"), hex(&mac(&key, &text)))
}

async fn iam(iam: Value, environment: Environment) -> Value {
    let server = Server::start().await;
    let mut auth = json!({"iam": iam});
    auth["iam"]["vaultRole"] = "r".into();
    let refused = open(&server, &auth, environment)
        .await
        .expect_err("a login that nobody expects");
    assert!(!format!("{refused} {refused:?}").contains(CANARY));
    let [login] = &server.requests()[..] else {
        panic!("one request, after {refused}")
    };
    assert_eq!(login.line, "PUT /v1/auth/aws/login");
    login.body.clone()
}

fn keys() -> Value {
    json!({"accessKeyIDSecretRef": selector("id"), "secretAccessKeySecretRef": selector("secret")})
}

#[tokio::test]
async fn iam_sends_a_question_to_aws_that_only_the_key_can_sign() {
    let mut with_session = keys();
    with_session["sessionTokenSecretRef"] = selector("token");
    for (secret_ref, region, host, session) in [
        (keys(), None, "sts.amazonaws.com", None),
        (
            with_session,
            Some("eu-west-1"),
            "sts.eu-west-1.amazonaws.com",
            Some("given"),
        ),
    ] {
        let auth = json!({"secretRef": secret_ref, "region": region, "vaultAwsIamServerID": "vault.example"});
        let login = iam(auth, Environment::default()).await;
        assert_eq!(
            (&login["role"], &login["iam_http_request_method"]),
            (&json!("r"), &json!("POST"))
        );
        assert_eq!(text(&login["iam_request_url"]), format!("https://{host}/"));
        let body = text(&login["iam_request_body"]);
        assert_eq!(body, "Action=GetCallerIdentity&Version=2011-06-15");
        let headers: Value = serde_json::from_str(&text(&login["iam_request_headers"])).expect("JSON");
        let (sent, expected) = signature(&headers, host, &body, &format!("{CANARY}-secret"));
        assert_eq!(sent, expected);
        let authorization = headers["authorization"][0].as_str().expect("text");
        assert!(
            authorization.contains("x-vault-aws-iam-server-id"),
            "{authorization}"
        );
        assert!(authorization.contains("Credential=role-id/"), "{authorization}");
        assert_eq!(headers["x-amz-security-token"][0].as_str(), session);
    }
}

#[tokio::test]
async fn a_role_is_assumed_before_the_question_is_signed() {
    let sts = Server::start().await;
    let made = "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIA1</AccessKeyId>\
        <SecretAccessKey>made</SecretAccessKey><SessionToken>session</SessionToken></Credentials></AssumeRoleResult>";
    sts.script(200, &[], made);
    let environment = Environment {
        sts: Some(format!("{}/", sts.url)),
        ..Environment::default()
    };
    let auth = json!({"secretRef": keys(), "role": "arn:aws:iam::1:role/x", "externalID": "e&x"});
    let login = iam(auth.clone(), environment.clone()).await;
    let [asked] = &sts.requests()[..] else {
        panic!("one request")
    };
    assert_eq!(asked.line, "POST /");
    let headers: Value = serde_json::from_str(&text(&login["iam_request_headers"])).expect("JSON");
    assert_eq!(headers["x-amz-security-token"][0], "session");
    let host = sts.url.trim_start_matches("http://");
    let (sent, expected) = signature(&headers, host, &text(&login["iam_request_body"]), "made");
    assert_eq!(sent, expected);

    sts.script(403, &[], format!("<Message>{CANARY}</Message>"));
    let server = Server::start().await;
    let auth = json!({"iam": {"vaultRole": "r", "secretRef": keys(), "role": "arn:aws:iam::1:role/x"}});
    let refused = open(&server, &auth, environment).await.expect_err("refused");
    assert_eq!(
        refused.to_string(),
        "assuming role arn:aws:iam::1:role/x: the backend refuses (HTTP 403)"
    );
}

#[tokio::test]
async fn the_pods_own_identities_are_used_where_nothing_else_is_said() {
    let (sts, folder) = (Server::start().await, tempfile::tempdir().expect("a folder"));
    let file = folder.path().join("token");
    std::fs::write(&file, "pod-token\n").expect("written");
    let file = Some(file.to_string_lossy().into_owned());
    sts.script(
        200,
        &[],
        "<AccessKeyId>A</AccessKeyId><SecretAccessKey>made</SecretAccessKey>",
    );
    let environment = Environment {
        sts: Some(format!("{}/", sts.url)),
        web_identity_token_file: file.clone(),
        role_arn: Some("arn:aws:iam::1:role/pod".to_owned()),
        ..Environment::default()
    };
    iam(json!({}), environment).await;
    sts.script(
        200,
        &[],
        r#"{"AccessKeyId":"A","SecretAccessKey":"made","Token":"t"}"#,
    );
    let environment = Environment {
        container_credentials: Some(format!("{}/v1/credentials", sts.url)),
        container_token_file: file,
        ..Environment::default()
    };
    let login = iam(json!({}), environment).await;
    let headers: Value = serde_json::from_str(&text(&login["iam_request_headers"])).expect("JSON");
    assert_eq!(headers["x-amz-security-token"][0], "t");
    let asked = sts.requests();
    assert_eq!(asked[1].line, "GET /v1/credentials");
    assert_eq!(asked[1].headers["authorization"], "pod-token");
}

#[tokio::test]
async fn gcp_asks_the_metadata_server_who_we_are() {
    let (server, metadata) = (Server::start().await, Server::start().await);
    metadata.script(200, &[], "the-jwt\n");
    server.state().logins.insert(
        "auth/gcp/login".to_owned(),
        json!({"role": "r", "jwt": "the-jwt"}),
    );
    let environment = Environment {
        metadata_host: Some(metadata.url.trim_start_matches("http://").to_owned()),
        ..Environment::default()
    };
    open(&server, &json!({"gcp": {"role": "r"}}), environment)
        .await
        .expect("let in");
    let asked = &metadata.requests()[0];
    assert_eq!(asked.headers["metadata-flavor"], "Google");
    let audience: String =
        url::form_urlencoded::byte_serialize(format!("{}/vault/r", server.url).as_bytes()).collect();
    assert!(
        asked
            .line
            .ends_with(&format!("/identity?audience={audience}&format=full")),
        "{}",
        asked.line
    );
}
