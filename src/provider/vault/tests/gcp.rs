//! Logging in as a Google Cloud identity: what Google and Vault are sent.

use super::auth::{open, open_from};
use super::*;
use crate::provider::google;
use crate::provider::vault::login::Environment;

fn environment(services: Option<&Server>, metadata: &Server) -> Environment {
    Environment {
        google: google::Environment {
            everything_at: services.map(|services| services.url.clone()),
            metadata_host: Some(metadata.url.trim_start_matches("http://").to_owned()),
            ..google::Environment::default()
        }
        .into(),
        ..Environment::default()
    }
}

#[tokio::test]
async fn gcp_asks_the_metadata_server_who_we_are() {
    let (server, metadata) = (Server::start().await, Server::start().await);
    metadata.script(200, &[], "the-jwt\n");
    server.state().logins.insert(
        "auth/gcp/login".to_owned(),
        json!({"role": "r", "jwt": "the-jwt"}),
    );
    let environment = environment(None, &metadata);
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

const EMAIL: &str = "sa@p.iam.gserviceaccount.com";

/// Logs in by the identity of the ServiceAccount `reader`, bound to this account of Google Cloud.
async fn as_reader(google: &Server, metadata: &Server, email: &str, identity: Value) -> Result<(), String> {
    let (server, cluster) = (Server::start().await, cluster());
    let login = json!({"role": "r", "jwt": "the-jwt"});
    server.state().logins.insert("auth/gcp/login".to_owned(), login);
    annotate(&cluster, &[("iam.gke.io/gcp-service-account", email)]);
    let mut auth = json!({"gcp": {"role": "r", "workloadIdentity": identity}});
    auth["gcp"]["workloadIdentity"]["serviceAccountRef"] = json!({"name": "reader"});
    let environment = environment(Some(google), metadata);
    let session = open_from(cluster.clone(), &server, &auth, environment).await;
    session.map_err(|problem| {
        assert!(!format!("{problem:?}").contains(CANARY), "{problem:?}");
        problem.to_string()
    })?;
    assert_eq!(*cluster.audiences.lock().expect("unpoisoned"), ["p.svc.id.goog"]);
    Ok(())
}

#[tokio::test]
async fn a_service_account_of_gke_has_google_sign_for_it() {
    for (identity, told) in [
        (
            json!({"clusterProjectID": "p", "clusterLocation": "l", "clusterName": "c"}),
            vec![],
        ),
        (
            json!({"clusterName": "c"}),
            vec![
                ("project/project-id", "p"),
                ("instance/attributes/cluster-location", "l"),
            ],
        ),
        (
            json!({"clusterProjectID": "p", "clusterLocation": "l"}),
            vec![("instance/attributes/cluster-name", "c\n")],
        ),
    ] {
        let (google, metadata) = (Server::start().await, Server::start().await);
        for (_, answer) in &told {
            metadata.script(200, &[], *answer);
        }
        google.script(
            200,
            &[],
            json!({"access_token": CANARY, "expires_in": 3600}).to_string(),
        );
        google.script(
            200,
            &[],
            json!({"keyId": "k", "signedJwt": "the-jwt"}).to_string(),
        );
        assert_eq!(as_reader(&google, &metadata, EMAIL, identity).await, Ok(()));
        let asked: Vec<_> = told
            .iter()
            .map(|(path, _)| format!("GET /computeMetadata/v1/{path}"))
            .collect();
        assert_eq!(metadata.lines(), asked);
        let [exchange, sign] = &google.requests()[..] else {
            panic!("two requests")
        };
        assert_eq!(exchange.line, "POST /v1/identitybindingtoken");
        assert_eq!(exchange.headers["content-type"], "application/json");
        let provider = "https://container.googleapis.com/v1/projects/p/locations/l/clusters/c";
        assert_eq!(
            exchange.body,
            json!({
                "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
                "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
                "requested_token_type": "urn:ietf:params:oauth:token-type:access_token",
                "subject_token": "token-0",
                "audience": format!("identitynamespace:p.svc.id.goog:{provider}"),
                "scope": "https://www.googleapis.com/auth/cloud-platform",
            })
        );
        assert_eq!(
            sign.line,
            format!("POST /v1/projects/-/serviceAccounts/{EMAIL}:signJwt")
        );
        assert_eq!(sign.headers["authorization"], format!("Bearer {CANARY}"));
        let payload: Value =
            serde_json::from_str(sign.body["payload"].as_str().expect("text")).expect("JSON");
        assert_eq!(
            (&payload["sub"], &payload["aud"]),
            (&json!(EMAIL), &json!("vault/r"))
        );
        let life = payload["exp"].as_i64().expect("a time") - jiff::Timestamp::now().as_second();
        assert!((540..=600).contains(&life), "{life}");
    }
}

#[tokio::test]
async fn what_google_refuses_is_told_by_field_and_never_quoted() {
    let field = format!("{FIELD}.auth.gcp.workloadIdentity");
    let token = json!({"access_token": "t"}).to_string();
    let no_token = json!({"error": CANARY}).to_string();
    for (email, answers, why) in [
        (
            " ",
            vec![],
            ".serviceAccountRef: service account reader names no account of Google Cloud: annotate it with \
             iam.gke.io/gcp-service-account",
        ),
        (
            EMAIL,
            vec![(403, CANARY)],
            ": exchanging the token of the ServiceAccount: the backend refuses (HTTP 403)",
        ),
        (
            EMAIL,
            vec![(200, no_token.as_str())],
            ": exchanging the token of the ServiceAccount: the answer cannot be used: it holds no token",
        ),
        (
            EMAIL,
            vec![(200, &token), (403, CANARY)],
            ": signing as sa@p.iam.gserviceaccount.com: the backend refuses (HTTP 403)",
        ),
        (
            EMAIL,
            vec![(200, r#"{"access_token": "canary-9f3e\n"}"#)],
            ": signing as sa@p.iam.gserviceaccount.com: the answer cannot be used: Google did not hand out a token",
        ),
    ] {
        let (google, metadata) = (Server::start().await, Server::start().await);
        for (status, body) in answers {
            google.script(status, &[], body.to_owned());
        }
        let identity = json!({"clusterProjectID": "p", "clusterLocation": "l", "clusterName": "c"});
        let refused = as_reader(&google, &metadata, email, identity).await;
        assert_eq!(refused, Err(format!("{field}{why}")));
    }
}

#[tokio::test]
async fn an_annotation_does_not_lead_anywhere_else() {
    let (google, metadata) = (Server::start().await, Server::start().await);
    let identity = json!({"clusterProjectID": "p", "clusterLocation": "l", "clusterName": "c"});
    let refused = as_reader(&google, &metadata, "../../v2?x=@", identity).await;
    assert_eq!(
        refused,
        Err(format!(
            "{FIELD}.auth.gcp.workloadIdentity.serviceAccountRef: what is annotated on service account reader as \
             iam.gke.io/gcp-service-account is no account of Google Cloud"
        ))
    );
    assert!(google.lines().is_empty(), "nobody was asked");
}
