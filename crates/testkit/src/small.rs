//! What fakes of backends have in common: a small server in the test's own process, behind a door where requests fail.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::Request;
use axum::response::Response;
use http::{HeaderMap, Method, StatusCode, header};
use reqwest::Url;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::{Error, Faults};

const BODY_LIMIT: usize = 1 << 20;

/// A running fake; ended when dropped.
#[derive(Debug)]
pub(crate) struct Fake<W> {
    pub(crate) faults: Faults,
    world: Arc<Mutex<W>>,
    serving: JoinHandle<()>,
}

impl<W: Default + Send + 'static> Fake<W> {
    /// Starts one. `name` is for messages.
    pub(crate) async fn start(name: &str, answer: fn(&mut W, &Asked) -> Response) -> Result<Self, Error> {
        let opening = || Error::io(format!("open a port for {name}"));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(opening())?;
        let address = listener.local_addr().map_err(opening())?;
        let world = Arc::<Mutex<W>>::default();
        let theirs = world.clone();
        let router = Router::new().fallback(async move |request: Request| {
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

    pub(crate) fn open(&self) -> MutexGuard<'_, W> {
        open(&self.world)
    }
}

impl<W> Drop for Fake<W> {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

fn open<W>(world: &Mutex<W>) -> MutexGuard<'_, W> {
    world.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A request, taken apart.
pub(crate) struct Asked {
    pub(crate) method: Method,
    /// Without escapes.
    pub(crate) path: Vec<String>,
    pub(crate) query: BTreeMap<String, String>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Asked {
    pub(crate) async fn read(request: Request) -> Self {
        let (parts, body) = request.into_parts();
        let uri = format!("http://x{}", parts.uri);
        let url = Url::parse(&uri).ok();
        let (path, query) = url.map_or_else(Default::default, |url| {
            let path = url.path_segments().into_iter().flatten();
            let query = url.query_pairs().into_owned().collect();
            (
                path.filter(|part| !part.is_empty()).map(unescaped).collect(),
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

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    pub(crate) fn bearer(&self) -> Option<&str> {
        let value = self.header(header::AUTHORIZATION.as_str())?;
        value.strip_prefix("Bearer ")
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
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

pub(crate) fn reply(status: u16, body: &Value) -> Response {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let json = header::HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

impl fmt::Debug for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", self.method, self.path)
    }
}
