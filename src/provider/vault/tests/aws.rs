//! Logging in as an AWS identity: what AWS and Vault are sent.

use aws_lc_rs::{digest, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::auth::{open, open_from, selector};
use super::*;
use crate::provider::amazon;
use crate::provider::vault::login::Environment;

fn at_aws(amazon: amazon::Environment) -> Environment {
    Environment {
        amazon: amazon.into(),
        ..Environment::default()
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
    let environment = at_aws(amazon::Environment {
        sts: Some(format!("{}/", sts.url)),
        ..amazon::Environment::default()
    });
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
    let environment = at_aws(amazon::Environment {
        sts: Some(format!("{}/", sts.url)),
        web_identity_token_file: file.clone(),
        role_arn: Some("arn:aws:iam::1:role/pod".to_owned()),
        ..amazon::Environment::default()
    });
    iam(json!({}), environment).await;
    sts.script(
        200,
        &[],
        r#"{"AccessKeyId":"A","SecretAccessKey":"made","Token":"t"}"#,
    );
    let environment = at_aws(amazon::Environment {
        container_credentials: Some(format!("{}/v1/credentials", sts.url)),
        container_token_file: file,
        ..amazon::Environment::default()
    });
    let login = iam(json!({}), environment).await;
    let headers: Value = serde_json::from_str(&text(&login["iam_request_headers"])).expect("JSON");
    assert_eq!(headers["x-amz-security-token"][0], "t");
    let asked = sts.requests();
    assert_eq!(asked[1].line, "GET /v1/credentials");
    assert_eq!(asked[1].headers["authorization"], "pod-token");
}

#[tokio::test]
async fn a_service_account_has_the_role_that_is_annotated_on_it() {
    let role = ("eks.amazonaws.com/role-arn", "arn:aws:iam::1:role/x");
    for (annotations, audience) in [
        (vec![role], "sts.amazonaws.com"),
        (vec![role, ("eks.amazonaws.com/audience", "mine")], "mine"),
    ] {
        let (server, sts, cluster) = (Server::start().await, Server::start().await, cluster());
        annotate(&cluster, &annotations);
        let made = "<AccessKeyId>A</AccessKeyId><SecretAccessKey>made</SecretAccessKey>";
        sts.script(200, &[], made);
        let environment = at_aws(amazon::Environment {
            sts: Some(format!("{}/", sts.url)),
            ..amazon::Environment::default()
        });
        let jwt = json!({"serviceAccountRef": {"name": "reader", "audiences": ["more"]}});
        let auth = json!({"iam": {"vaultRole": "r", "jwt": jwt, "secretRef": keys()}});
        let refused = open_from(cluster.clone(), &server, &auth, environment).await;
        assert!(refused.is_err(), "a login that nobody expects");
        assert_eq!(*cluster.audiences.lock().expect("unpoisoned"), ["more", audience]);
        let [asked] = &sts.requests()[..] else {
            panic!("one request")
        };
        let sent = asked.body.as_str().expect("a form");
        let sent: Vec<_> = url::form_urlencoded::parse(sent.as_bytes()).collect();
        let sent: Vec<_> = sent.iter().map(|(name, value)| (&**name, &**value)).collect();
        assert_eq!(
            sent,
            [
                ("Version", "2011-06-15"),
                ("Action", "AssumeRoleWithWebIdentity"),
                ("RoleArn", role.1),
                ("RoleSessionName", "external-secrets-provider-vault"),
                ("WebIdentityToken", "token-0"),
            ]
        );
        assert_eq!(server.lines(), ["PUT /v1/auth/aws/login"]);
    }
}

#[tokio::test]
async fn a_service_account_without_a_role_is_named() {
    let reference = format!("{FIELD}.auth.iam.jwt.serviceAccountRef");
    for (jwt, why) in [
        (json!({}), format!("{reference}: must be set")),
        (
            json!({"serviceAccountRef": {"name": "nobody"}}),
            "cannot get ServiceAccount own/nobody: it does not exist".to_owned(),
        ),
        (
            json!({"serviceAccountRef": {"name": "reader"}}),
            format!(
                "{reference}: an IAM role must be associated with service account reader: annotate it with \
                 eks.amazonaws.com/role-arn"
            ),
        ),
    ] {
        let (server, cluster) = (Server::start().await, cluster());
        annotate(&cluster, &[]);
        let auth = json!({"iam": {"vaultRole": "r", "jwt": jwt}});
        let problem = open_from(cluster, &server, &auth, Environment::default()).await;
        assert_eq!(problem.expect_err("no role").to_string(), why);
    }
}
