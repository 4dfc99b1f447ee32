//! The webhook as the API server meets it: over TLS, in its wire format.

use lockstep_testkit::{Authority, Purpose};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::*;
use crate::certificates::{Pair, Shown};
use crate::server::{start_tls, tls};

struct Bed {
    url: String,
    client: reqwest::Client,
    metrics: Arc<Metrics>,
    stop: CancellationToken,
}

impl Drop for Bed {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn bed() -> Bed {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let authority = Authority::new("webhook").expect("an authority");
    let issued = authority
        .issue("webhook", Purpose::Server)
        .expect("a certificate");
    let shown = Shown::default();
    let pair = Pair {
        chain: issued.certificate.into_bytes(),
        key: issued.key.into_bytes().into(),
    };
    shown.show(&pair).expect("shown");
    let metrics = Metrics::new().expect("metrics");
    let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
    let port = lockstep_testkit::free_port().expect("a port");
    let (settings, address) = (tls::Settings::default(), ([127, 0, 0, 1], port).into());
    start_tls(
        "the webhook",
        address,
        router(&metrics),
        (&settings, shown),
        &tasks,
        &stop,
    )
    .await
    .expect("serving");
    let root = reqwest::Certificate::from_pem(authority.pem().as_bytes()).expect("a certificate");
    let client = reqwest::Client::builder()
        .tls_certs_only([root])
        .no_proxy()
        .build()
        .expect("a client");
    Bed {
        url: format!("https://localhost:{port}/validate-external-secrets-io-v1-"),
        client,
        metrics,
        stop,
    }
}

impl Bed {
    async fn post(&self, path: &str, body: String) -> (u16, String) {
        let request = self.client.post(format!("{}{path}", self.url)).body(body);
        let response = request.send().await.expect("an answer");
        (response.status().as_u16(), response.text().await.expect("a body"))
    }

    async fn ask(&self, path: &str, operation: &str, object: &Value) -> Value {
        let question = json!({
            "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
            "request": {"uid": "u-1", "operation": operation, "name": "app", "object": object},
        });
        let (code, text) = self.post(path, question.to_string()).await;
        assert_eq!(code, 200, "{text}");
        serde_json::from_str(&text).expect("JSON")
    }
}

#[tokio::test]
async fn an_object_is_let_pass_or_refused_with_a_status() {
    let bed = bed().await;
    let good = json!({"metadata": {"name": "app"}, "spec": {"data": [{"secretKey": "x", "remoteRef": {"key": "a"}}]}});
    let answer = bed.ask("externalsecret", "CREATE", &good).await;
    let expected = json!({
        "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": {"uid": "u-1", "allowed": true},
    });
    assert_eq!(answer, expected);
    let empty = json!({"metadata": {"name": "app"}, "spec": {}});
    let refused = bed.ask("externalsecret", "UPDATE", &empty).await;
    assert_eq!(refused["response"]["allowed"], false);
    assert_eq!(refused["response"]["status"]["code"], 403);
    let broken = json!({"metadata": {"name": "app"}, "spec": {"refreshInterval": "1d"}});
    let broken = bed.ask("externalsecret", "CREATE", &broken).await;
    assert_eq!(broken["response"]["status"]["code"], 400);
    let gone = bed.ask("externalsecret", "DELETE", &Value::Null).await;
    assert_eq!(gone["response"]["allowed"], true);
    let store = json!({"metadata": {"name": "s"}, "spec": {"provider": {"fake": {"data": []}}}});
    for path in ["secretstore", "clustersecretstore"] {
        let warned = bed.ask(path, "CREATE", &store).await;
        assert_eq!(
            warned["response"]["warnings"].as_array().map(Vec::len),
            Some(1),
            "{warned}"
        );
    }
}

#[tokio::test]
async fn what_is_no_question_is_refused_without_being_quoted() {
    let bed = bed().await;
    let deep = "[".repeat(100_000);
    for (body, code) in [
        ("canary".to_owned(), 400),
        (
            r#"{"apiVersion":"admission.k8s.io/v1","canary":1}"#.to_owned(),
            400,
        ),
        (r#"{"request":{"uid":"canary"}}"#.to_owned(), 400),
        (deep, 400),
        (format!("\"canary{}\"", "x".repeat(LARGEST)), 413),
    ] {
        let (status, text) = bed.post("externalsecret", body).await;
        assert_eq!(status, code, "{text}");
        assert!(!text.contains("canary"), "{text}");
    }
    assert_eq!(bed.post("pushsecret", String::new()).await.0, 404);
    let told = bed.metrics.render();
    let line = "controller_runtime_webhook_requests_total{code=\"400\",webhook=\"/validate-external-secrets-io-v1-externalsecret\"} 4";
    assert!(told.contains(line), "{told}");
}

#[tokio::test]
async fn who_connects_and_says_nothing_holds_up_nobody() {
    let bed = bed().await;
    let port: u16 = bed
        .url
        .split([':', '/'])
        .find_map(|part| part.parse().ok())
        .expect("a port");
    let mut silent = Vec::new();
    for _ in 0..32 {
        silent.push(
            tokio::net::TcpStream::connect(("127.0.0.1", port))
                .await
                .expect("a connection"),
        );
    }
    let object = json!({"metadata": {"name": "s"}, "spec": {"provider": {"fake": {"data": []}}}});
    let answer = bed.ask("secretstore", "CREATE", &object).await;
    assert_eq!(answer["response"]["allowed"], true);
}
