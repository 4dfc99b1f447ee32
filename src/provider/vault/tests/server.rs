//! A small Vault on loopback: logins, tokens with a life, and fixed answers. What it hands out carries the canary.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::{Value, json};

pub(crate) const CANARY: &str = "canary-9f3e";

pub(crate) struct State {
    /// What a login has to send to which path.
    pub(crate) logins: BTreeMap<String, Value>,
    /// How long tokens live, in seconds, when they are made and when they are renewed.
    pub(crate) ttl: u64,
    pub(crate) renewed_ttl: u64,
    pub(crate) renewable: bool,
    pub(crate) token_type: &'static str,
    /// Tokens that are let in.
    pub(crate) tokens: BTreeSet<String>,
    /// Anybody is let in.
    pub(crate) open: bool,
    /// By path and query. What is not here is missing.
    pub(crate) answers: BTreeMap<String, (u16, Value)>,
    /// Paths that no token may use.
    pub(crate) denied: BTreeSet<String>,
    /// Answered before anything else, one a request.
    pub(crate) scripted: VecDeque<Scripted>,
    requests: Vec<Asked>,
    made: usize,
}

pub(crate) struct Scripted {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Body,
}

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// Method, path and query.
    pub(crate) line: String,
    pub(crate) headers: HeaderMap,
    /// Text where it is no JSON.
    pub(crate) body: Value,
}

pub(crate) struct Server {
    pub(crate) url: String,
    state: Arc<Mutex<State>>,
}

impl Server {
    pub(crate) async fn start() -> Self {
        let state = Arc::new(Mutex::new(State {
            logins: BTreeMap::new(),
            ttl: 900,
            renewed_ttl: 900,
            renewable: true,
            token_type: "service",
            tokens: BTreeSet::new(),
            open: false,
            answers: BTreeMap::new(),
            denied: BTreeSet::new(),
            scripted: VecDeque::new(),
            requests: Vec::new(),
            made: 0,
        }));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let shared = state.clone();
        let app = Router::new().fallback(async move |request: Request| answer(&shared, request).await);
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { url, state }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("unpoisoned")
    }

    /// A secret at a path, or any other answer.
    pub(crate) fn put(&self, path: &str, status: u16, body: Value) {
        self.state().answers.insert(path.to_owned(), (status, body));
    }

    /// The next answer, whatever is asked.
    pub(crate) fn script(&self, status: u16, headers: &[(&'static str, &str)], body: impl Into<Body>) {
        let headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned()));
        self.state().scripted.push_back(Scripted {
            status,
            headers: headers.collect(),
            body: body.into(),
        });
    }

    /// What was asked since the last time.
    pub(crate) fn requests(&self) -> Vec<Asked> {
        std::mem::take(&mut self.state().requests)
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.requests().into_iter().map(|asked| asked.line).collect()
    }
}

impl State {
    fn handle(&mut self, method: &str, path: &str, token: &str, body: &Value) -> (u16, Value) {
        let refused = |why: &str| (403, json!({"errors": [format!("* {why} {CANARY}")]}));
        if let Some(wanted) = self.logins.get(path) {
            if wanted != body {
                return (
                    400,
                    json!({"errors": [format!("invalid role or secret ID {CANARY}")]}),
                );
            }
            self.made += 1;
            let token = format!("{CANARY}-token-{}", self.made);
            self.tokens.insert(token.clone());
            return (200, self.grant(&token, self.ttl));
        }
        if !self.open && !self.tokens.contains(token) {
            return refused("permission denied; invalid token");
        }
        let data =
            json!({"accessor": format!("accessor-of-{token}"), "ttl": self.ttl, "type": self.token_type});
        match (method, path) {
            ("GET", "auth/token/lookup-self") => (200, json!({"data": data})),
            ("PUT", "auth/token/renew-self") => (200, self.grant(token, self.renewed_ttl)),
            ("PUT", "auth/token/revoke-self") => {
                self.tokens.remove(token);
                (204, Value::Null)
            }
            _ if self.denied.contains(path) => refused("permission denied"),
            _ => {
                let missing = (404, json!({"errors": []}));
                self.answers.get(path).cloned().unwrap_or(missing)
            }
        }
    }

    fn grant(&self, token: &str, ttl: u64) -> Value {
        json!({"lease_id": "", "data": null, "auth": {
            "client_token": token, "accessor": format!("accessor-of-{token}"), "lease_duration": ttl,
            "renewable": self.renewable, "token_type": self.token_type,
        }})
    }
}

async fn answer(state: &Mutex<State>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.expect("a body");
    let body = serde_json::from_slice(&body).unwrap_or_else(|_| String::from_utf8_lossy(&body).into());
    let target = parts.uri.path_and_query().expect("a path").to_string();
    let mut state = state.lock().expect("unpoisoned");
    state.requests.push(Asked {
        line: format!("{} {target}", parts.method),
        headers: parts.headers.clone(),
        body,
    });
    if let Some(scripted) = state.scripted.pop_front() {
        let mut response = Response::builder().status(scripted.status);
        for (name, value) in scripted.headers {
            response = response.header(name, value);
        }
        return response.body(scripted.body).expect("a response");
    }
    let token = parts.headers.get("x-vault-token");
    let token = token
        .and_then(|token| token.to_str().ok())
        .unwrap_or_default()
        .to_owned();
    let body = state.requests.last().expect("just pushed").body.clone();
    let path = target.strip_prefix("/v1/").unwrap_or(&target);
    let (status, answer) = state.handle(parts.method.as_str(), path, &token, &body);
    let answer = if answer.is_null() {
        Body::empty()
    } else {
        Body::from(answer.to_string())
    };
    let mut response = Response::new(answer);
    *response.status_mut() = StatusCode::from_u16(status).expect("a status");
    response
}
