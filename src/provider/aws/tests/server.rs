//! A small AWS on loopback: what it answers is said by each test, what it was asked is kept.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

/// What was asked: the operation, its parameters, and by which access key.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Asked {
    pub(super) operation: String,
    pub(super) parameters: Value,
    pub(super) key: String,
}

pub(super) type Answer = (u16, String);

pub(super) struct Server {
    pub(super) url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Server {
    pub(super) async fn start(answer: impl Fn(&Asked) -> Answer + Clone + Send + Sync + 'static) -> Self {
        let asked = Arc::<Mutex<Vec<Asked>>>::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let log = asked.clone();
        let app = Router::new().fallback(async move |request: Request| {
            let question = read(request).await;
            log.lock().expect("unpoisoned").push(question.clone());
            respond(answer(&question))
        });
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { url, asked }
    }

    /// What was asked since the last time.
    pub(super) fn asked(&self) -> Vec<Asked> {
        std::mem::take(&mut *self.asked.lock().expect("unpoisoned"))
    }

    /// The same, by the operations alone.
    pub(super) fn operations(&self) -> Vec<String> {
        self.asked().into_iter().map(|asked| asked.operation).collect()
    }
}

async fn read(request: Request) -> Asked {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.expect("a body");
    let header = |name: &str| {
        let value = parts.headers.get(name);
        let text = value.map(|value| value.to_str().expect("text"));
        text.unwrap_or_default().to_owned()
    };
    let (target, authorization) = (header("x-amz-target"), header("authorization"));
    let key = authorization
        .split_once("Credential=")
        .and_then(|(_, rest)| rest.split_once('/'))
        .map(|(key, _)| key.to_owned());
    let (operation, parameters) = match target.rsplit_once('.') {
        Some((_, operation)) => (operation.to_owned(), serde_json::from_slice(&body).expect("JSON")),
        None => form(&body),
    };
    Asked {
        operation,
        parameters,
        key: key.unwrap_or_default(),
    }
}

/// STS is asked with a form.
fn form(body: &[u8]) -> (String, Value) {
    let mut parameters = serde_json::Map::new();
    for (name, value) in url::form_urlencoded::parse(body) {
        parameters.insert(name.into_owned(), value.into_owned().into());
    }
    parameters.remove("Version");
    let operation = parameters.remove("Action");
    let operation = operation.and_then(|operation| operation.as_str().map(str::to_owned));
    (operation.unwrap_or_default(), parameters.into())
}

fn respond((status, body): Answer) -> Response {
    Response::builder()
        .status(StatusCode::from_u16(status).expect("a status"))
        .header("x-amzn-requestid", "canary-request-id")
        .header("retry-after", "7")
        .body(Body::from(body))
        .expect("a response")
}

pub(super) fn ok(body: &Value) -> Answer {
    (200, body.to_string())
}

pub(super) fn fault(status: u16, code: &str) -> Answer {
    let body = json!({"__type": format!("com.amazonaws#{code}"), "message": "a canary sang"});
    (status, body.to_string())
}

/// What STS answers, with credentials of this key.
pub(super) fn session(operation: &str, key: &str, ends: &str) -> Answer {
    let body = format!(
        "<{operation}Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><{operation}Result><Credentials>\
         <AccessKeyId>{key}</AccessKeyId><SecretAccessKey>canary</SecretAccessKey>\
         <SessionToken>canary</SessionToken><Expiration>{ends}</Expiration>\
         </Credentials></{operation}Result></{operation}Response>"
    );
    (200, body)
}
