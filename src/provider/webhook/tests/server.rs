//! A service in this process that answers as it was told, well or badly.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use futures::stream;
use http::StatusCode;
use http_body_util::BodyExt as _;
use tokio::net::TcpListener;

#[derive(Clone, Debug)]
pub(super) enum Reply {
    Body(&'static str),
    Status(u16),
    /// To another place, or to one on this very server.
    Redirect(u16, String),
    Stall,
    /// Half of an answer.
    Cut,
    Megabytes(usize),
    RetryAfter(&'static str),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) line: String,
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: String,
}

#[derive(Debug, Default)]
struct Shared {
    replies: BTreeMap<String, Reply>,
    seen: Vec<Seen>,
}

/// Ends with its runtime.
#[derive(Clone, Debug)]
pub(super) struct Server {
    pub(super) url: String,
    shared: Arc<Mutex<Shared>>,
}

impl Server {
    pub(super) async fn start() -> Self {
        let shared = Arc::<Mutex<Shared>>::default();
        let app = Router::new().fallback(answer).with_state(shared.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { url, shared }
    }

    /// The reply to a path with its query; without one it is 404.
    pub(super) fn on(&self, path: &str, reply: Reply) {
        self.shared().replies.insert(path.to_owned(), reply);
    }

    /// What was asked since this was asked last.
    pub(super) fn seen(&self) -> Vec<Seen> {
        std::mem::take(&mut self.shared().seen)
    }

    pub(super) fn lines(&self) -> Vec<String> {
        self.seen().into_iter().map(|seen| seen.line).collect()
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().expect("no test panics here")
    }
}

async fn answer(State(shared): State<Arc<Mutex<Shared>>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let path = parts
        .uri
        .path_and_query()
        .map_or("", |path| path.as_str())
        .to_owned();
    let body = body.collect().await.expect("a body").to_bytes();
    let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers = parts.headers.iter();
    let seen = Seen {
        line: format!("{} {path}", parts.method),
        headers: headers
            .map(|(name, value)| (name.to_string(), text(value)))
            .collect(),
        body: String::from_utf8_lossy(&body).into_owned(),
    };
    let reply = {
        let mut shared = shared.lock().expect("no test panics here");
        shared.seen.push(seen);
        shared.replies.get(&path).cloned()
    };
    match reply {
        None => status(404, Body::from("canary-body")),
        Some(Reply::Body(body)) => status(200, Body::from(body)),
        Some(Reply::Status(code)) => status(code, Body::from("canary-body")),
        Some(Reply::Redirect(code, to)) => with(status(code, Body::empty()), "location", &to),
        Some(Reply::Stall) => std::future::pending().await,
        Some(Reply::Cut) => with(status(200, broken()), "content-length", "1000"),
        Some(Reply::Megabytes(count)) => status(200, endless(count)),
        Some(Reply::RetryAfter(pause)) => with(status(429, Body::empty()), "retry-after", pause),
    }
}

fn status(code: u16, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(code).expect("a status");
    response
}

fn with(mut response: Response, name: &'static str, value: &str) -> Response {
    response
        .headers_mut()
        .insert(name, value.parse().expect("a value"));
    response
}

fn broken() -> Body {
    let chunks: [Result<&'static str, std::io::Error>; 2] = [
        Ok("{\"data\": \"canary"),
        Err(std::io::ErrorKind::ConnectionReset.into()),
    ];
    Body::from_stream(stream::iter(chunks))
}

fn endless(megabytes: usize) -> Body {
    let chunks = (0..megabytes).map(|_| Ok::<_, std::io::Error>("x".repeat(1 << 20)));
    Body::from_stream(stream::iter(chunks))
}

/// Far less than the default, so that no test waits for it.
pub(super) const SHORT: Duration = Duration::from_millis(300);
