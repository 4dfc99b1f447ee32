//! What every fake of a backend has: a world, a port where it answers, and faults before it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::Request;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use k8s_openapi::jiff::{SignedDuration, Timestamp};
use reqwest::Url;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::{Error, Faults};

const BODY_LIMIT: usize = 1 << 20;

/// A fake that runs; ended when dropped.
#[derive(Debug)]
pub(crate) struct Fake<W> {
    pub(crate) faults: Faults,
    world: Arc<Mutex<W>>,
    serving: JoinHandle<()>,
}

/// A request, taken apart.
pub(crate) struct Asked {
    pub(crate) method: Method,
    pub(crate) path: Vec<String>,
    pub(crate) query: BTreeMap<String, String>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl<W: Default + Send + 'static> Fake<W> {
    /// Starts one. `name` is for messages.
    pub(crate) async fn start(name: &str, answer: fn(&mut W, &Asked) -> Response) -> Result<Self, Error> {
        let opening = || Error::io(format!("open a port for {name}"));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(opening())?;
        let address = listener.local_addr().map_err(opening())?;
        let world = Arc::<Mutex<W>>::default();
        let theirs = world.clone();
        let router = Router::new().fallback(move |request: Request| async move {
            let asked = Asked::read(request).await;
            answer(&mut open(&theirs), &asked)
        });
        let serving = tokio::spawn(async move {
            // Ends only with the task.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self {
            faults: Faults::before(&format!("http://{address}")).await?,
            world,
            serving,
        })
    }
}

impl<W> Fake<W> {
    pub(crate) fn open(&self) -> MutexGuard<'_, W> {
        open(&self.world)
    }
}

impl Asked {
    async fn read(request: Request) -> Self {
        let (parts, body) = request.into_parts();
        let uri = format!("http://x{}", parts.uri);
        let url = Url::parse(&uri).ok();
        let (path, query) = url.map_or_else(Default::default, |url| {
            let path = url.path_segments().into_iter().flatten();
            let query = url.query_pairs().into_owned().collect();
            (
                path.filter(|part| !part.is_empty()).map(str::to_owned).collect(),
                query,
            )
        });
        Self {
            method: parts.method,
            path,
            query,
            headers: parts.headers,
            body: to_bytes(body, BODY_LIMIT).await.unwrap_or_default(),
        }
    }

    /// The path, with what escapes in it stand for.
    pub(crate) fn unescaped(&self) -> Vec<String> {
        self.path.iter().map(|part| unescaped(part)).collect()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    pub(crate) fn form(&self) -> BTreeMap<String, String> {
        let text = String::from_utf8_lossy(&self.body);
        let url = Url::parse(&format!("http://x/?{text}")).ok();
        url.map(|url| url.query_pairs().into_owned().collect())
            .unwrap_or_default()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// A parameter of the query, or nothing.
    pub(crate) fn parameter(&self, name: &str) -> &str {
        self.query.get(name).map(String::as_str).unwrap_or_default()
    }

    pub(crate) fn bearer(&self) -> Option<&str> {
        self.authorization()?.strip_prefix("Bearer ")
    }

    /// Who asks with a name, and no password.
    pub(crate) fn user(&self) -> Option<String> {
        let encoded = self.authorization()?.strip_prefix("Basic ")?;
        let user = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
        user.strip_suffix(':').map(str::to_owned)
    }

    fn authorization(&self) -> Option<&str> {
        self.header(header::AUTHORIZATION.as_str())
    }
}

/// What escapes stand for; where they are none, they stay.
fn unescaped(segment: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = segment;
    while let Some((before, after)) = rest.split_once('%') {
        bytes.extend_from_slice(before.as_bytes());
        let byte = after.get(..2).and_then(|code| u8::from_str_radix(code, 16).ok());
        bytes.push(byte.unwrap_or(b'%'));
        rest = if byte.is_some() { &after[2..] } else { after };
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A part of a JWT: 0 is its header, 1 its claims.
pub(crate) fn part(token: &str, nth: usize) -> Option<Value> {
    let json = URL_SAFE_NO_PAD.decode(token.split('.').nth(nth)?).ok()?;
    serde_json::from_slice(&json).ok()
}

pub(crate) fn reply(status: u16, body: &Value) -> Response {
    text(status, "application/json", body.to_string())
}

pub(crate) fn text(status: u16, kind: &'static str, body: String) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let kind = HeaderValue::from_static(kind);
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

fn open<W>(world: &Mutex<W>) -> MutexGuard<'_, W> {
    world.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", self.method, self.path)
    }
}

impl<W> Drop for Fake<W> {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// The time so many seconds from now, as servers write it.
pub(crate) fn ends_in(seconds: i64) -> String {
    let now = Timestamp::now();
    let then = now.checked_add(SignedDuration::from_secs(seconds));
    then.unwrap_or(now).to_string()
}
