//! A small API server: Secrets of one namespace, with resource versions, on loopback.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{Method, StatusCode};
use axum::response::Response;
use serde_json::{Value, json};

#[derive(Default)]
pub(super) struct State {
    pub(super) secrets: BTreeMap<String, Value>,
    /// Method, path and query of every request.
    pub(super) requests: Vec<String>,
    /// Answered before anything else, one a request.
    pub(super) scripted: VecDeque<(u16, String)>,
    /// The authorization that is let in; any when there is none.
    pub(super) admitted: Option<String>,
    /// What reviews answer.
    pub(super) rules: Vec<Value>,
    pub(super) allowed: bool,
    versions: u64,
}

pub(super) struct Server {
    pub(super) url: String,
    state: Arc<Mutex<State>>,
}

impl Server {
    pub(super) async fn start() -> Self {
        let state = Arc::<Mutex<State>>::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let shared = state.clone();
        let app = Router::new().fallback(async move |request: Request| answer(&shared, request).await);
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { url, state }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("unpoisoned")
    }

    pub(super) fn put(&self, name: &str, secret: Value) {
        self.state().store(name, secret);
    }

    /// What was asked since the last time.
    pub(super) fn requests(&self) -> Vec<String> {
        std::mem::take(&mut self.state().requests)
    }
}

impl State {
    fn store(&mut self, name: &str, mut secret: Value) -> Value {
        self.versions += 1;
        secret["metadata"]["name"] = name.into();
        secret["metadata"]["uid"] = format!("uid-of-{name}").into();
        secret["metadata"]["resourceVersion"] = self.versions.to_string().into();
        self.secrets.insert(name.to_owned(), secret.clone());
        secret
    }

    fn handle(&mut self, method: &Method, path: &str, query: &str, body: &Value) -> (u16, Value) {
        match path {
            "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews" => {
                let rules = json!({"resourceRules": self.rules, "nonResourceRules": [], "incomplete": false});
                (201, json!({"spec": {}, "status": rules}))
            }
            "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews" => {
                (201, json!({"spec": {}, "status": {"allowed": self.allowed}}))
            }
            "/api/v1/namespaces/remote/secrets" if method == Method::POST => {
                let name = body["metadata"]["name"].as_str().expect("a name").to_owned();
                if self.secrets.contains_key(&name) {
                    return status(409, "AlreadyExists", &name);
                }
                (201, self.store(&name, body.clone()))
            }
            "/api/v1/namespaces/remote/secrets" => (200, self.list(query)),
            path => match path.strip_prefix("/api/v1/namespaces/remote/secrets/") {
                Some(name) => self.one(method, name, body),
                None => status(404, "NotFound", "no-secret"),
            },
        }
    }

    fn one(&mut self, method: &Method, name: &str, body: &Value) -> (u16, Value) {
        let Some(existing) = self.secrets.get(name).cloned() else {
            return status(404, "NotFound", name);
        };
        let version = &existing["metadata"]["resourceVersion"];
        match *method {
            Method::GET => (200, existing),
            Method::PUT if body["metadata"]["resourceVersion"] == *version => {
                (200, self.store(name, body.clone()))
            }
            Method::DELETE if body["preconditions"]["resourceVersion"] == *version => {
                self.secrets.remove(name);
                (200, json!({"kind": "Status", "status": "Success"}))
            }
            _ => status(409, "Conflict", name),
        }
    }

    /// Pages by position; labels are not looked at.
    fn list(&self, query: &str) -> Value {
        let parameter = |name: &str| {
            query
                .split('&')
                .filter_map(|part| part.split_once('='))
                .find(|(key, _)| *key == name)
                .map(|(_, value)| value)
        };
        let limit: usize = parameter("limit")
            .and_then(|limit| limit.parse().ok())
            .expect("a limit");
        let start: usize = parameter("continue").map_or(0, |start| start.parse().expect("a number"));
        let items: Vec<_> = self.secrets.values().skip(start).take(limit).collect();
        let next = start + items.len();
        let next = if next < self.secrets.len() {
            next.to_string()
        } else {
            String::new()
        };
        json!({"items": items, "metadata": {"continue": next, "resourceVersion": "1"}})
    }
}

async fn answer(state: &Mutex<State>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.expect("a body");
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let mut state = state.lock().expect("unpoisoned");
    let target = parts
        .uri
        .path_and_query()
        .map(ToString::to_string)
        .unwrap_or_default();
    state.requests.push(format!("{} {target}", parts.method));
    if let Some((code, text)) = state.scripted.pop_front() {
        return respond(code, text);
    }
    let authorization = parts
        .headers
        .get("authorization")
        .and_then(|value| value.to_str().ok());
    if state
        .admitted
        .as_deref()
        .is_some_and(|admitted| authorization != Some(admitted))
    {
        let (code, body) = status(401, "Unauthorized", "");
        return respond(code, body.to_string());
    }
    let query = parts.uri.query().unwrap_or_default();
    let (code, answer) = state.handle(&parts.method, parts.uri.path(), query, &body);
    respond(code, answer.to_string())
}

fn status(code: u16, reason: &str, name: &str) -> (u16, Value) {
    let kind = if name == "no-secret" { "pods" } else { "secrets" };
    let message = format!("canary: {name}");
    (
        code,
        json!({"kind": "Status", "reason": reason, "message": message, "details": {"name": name, "kind": kind}}),
    )
}

fn respond(code: u16, body: String) -> Response {
    let status = StatusCode::from_u16(code).expect("a status");
    Response::builder()
        .status(status)
        .header("retry-after", "7")
        .body(Body::from(body))
        .expect("a response")
}
