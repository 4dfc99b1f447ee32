//! Stands before the API server, and lets requests fail as a test wants them to.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use futures::{StreamExt as _, future, stream};
use http::{Method, StatusCode, header};
use kube::Client;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::{ControlPlane, Error, User};

/// More than any object has.
const BODY_LIMIT: usize = 8 << 20;

/// A proxy that speaks plain HTTP and asks the API server as [`User::Operator`]; ended when dropped.
#[derive(Debug)]
pub struct Proxy {
    kubeconfig: PathBuf,
    cut: watch::Sender<()>,
    serving: JoinHandle<()>,
}

/// A request, before anything becomes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// `GET`, `POST`, `PATCH`…
    pub method: Method,
    /// Such as `/api/v1/namespaces/x/secrets`.
    pub path: String,
    /// What follows the question mark.
    pub query: String,
}

/// What becomes of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// The API server answers it.
    Pass,
    /// It gets this answer, and the API server never sees it.
    Answer(StatusCode, String),
    /// The connection breaks, before or after the API server carried it out.
    Cut {
        /// Whether the API server sees it.
        carried_out: bool,
    },
    /// No answer ever comes.
    Hang {
        /// Whether the API server sees it.
        carried_out: bool,
    },
}

impl Asked {
    /// Whether it would change something.
    pub fn is_write(&self) -> bool {
        self.method != Method::GET
    }

    /// Whether it follows a kind, rather than being answered at once.
    pub fn is_watch(&self) -> bool {
        self.query
            .split('&')
            .any(|pair| matches!(pair, "watch=true" | "watch=1"))
    }

    /// Whether it is a watch that goes on from where another one ended.
    pub fn is_resumed_watch(&self) -> bool {
        let goes_on = |pair: &str| {
            pair.strip_prefix("resourceVersion=")
                .is_some_and(|at| !matches!(at, "" | "0"))
        };
        self.is_watch() && self.query.split('&').any(goes_on)
    }
}

impl Fate {
    /// The API server's refusal with this status code.
    pub fn refusal(code: u16, reason: &str) -> Self {
        let status = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self::Answer(status, status_object(code, reason).to_string())
    }

    /// A watch that begins, and is told at once that its history is gone.
    pub fn expired_watch() -> Self {
        let event = json!({"type": "ERROR", "object": status_object(410, "Expired")});
        Self::Answer(StatusCode::OK, format!("{event}\n"))
    }
}

fn status_object(code: u16, reason: &str) -> serde_json::Value {
    json!({"apiVersion": "v1", "kind": "Status", "status": "Failure", "code": code, "reason": reason,
           "message": "the test wants it so"})
}

impl Proxy {
    /// Starts one before this control plane. `judge` decides on each request.
    pub async fn start(
        plane: &ControlPlane,
        judge: impl Fn(&Asked) -> Fate + Send + Sync + 'static,
    ) -> Result<Self, Error> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await;
        let listener = listener.map_err(Error::io("open a port for the proxy"))?;
        let address = listener
            .local_addr()
            .map_err(Error::io("open a port for the proxy"))?;
        let kubeconfig = plane
            .folder()
            .join(format!("proxy-{}.kubeconfig", address.port()));
        let text = kubeconfig_text(&format!("http://{address}"));
        std::fs::write(&kubeconfig, text).map_err(Error::io(format!("write {}", kubeconfig.display())))?;
        let (cut, _) = watch::channel(());
        let door = Arc::new(Door {
            client: plane.client_of(User::Operator).await?,
            judge: Box::new(judge),
            cut: cut.clone(),
        });
        let router = Router::new().fallback(pass).with_state(door);
        let serving = tokio::spawn(async move {
            // Ends only with the task.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self {
            kubeconfig,
            cut,
            serving,
        })
    }

    /// For whoever is to ask through the proxy. It needs no credentials.
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// Ends every answer that is under way, watches above all.
    pub fn cut_streams(&self) {
        self.cut.send_replace(());
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

struct Door {
    client: Client,
    judge: Box<dyn Fn(&Asked) -> Fate + Send + Sync>,
    cut: watch::Sender<()>,
}

async fn pass(State(door): State<Arc<Door>>, request: Request) -> Response {
    let asked = Asked {
        method: request.method().clone(),
        path: request.uri().path().to_owned(),
        query: request.uri().query().unwrap_or_default().to_owned(),
    };
    let fate = (door.judge)(&asked);
    let is_carried_out = match &fate {
        Fate::Pass => return forward(&door, request).await,
        Fate::Answer(status, body) => return answer(*status, Body::from(body.clone())),
        Fate::Cut { carried_out } | Fate::Hang { carried_out } => *carried_out,
    };
    if is_carried_out {
        // Read to its end, so that the API server is done with it.
        let _ = to_bytes(forward(&door, request).await.into_body(), BODY_LIMIT).await;
    }
    match fate {
        Fate::Hang { .. } => future::pending().await,
        _ => cut_off(),
    }
}

async fn forward(door: &Door, request: Request) -> Response {
    let mut cut = door.cut.subscribe();
    match ask(door, request).await {
        Ok(response) => response.map(|body| {
            let until_cut = async move { drop(cut.changed().await) };
            Body::from_stream(Body::new(body).into_data_stream().take_until(Box::pin(until_cut)))
        }),
        // The API server is away: whoever asks it directly meets a broken connection too.
        Err(_) => cut_off(),
    }
}

async fn ask(door: &Door, request: Request) -> Result<http::Response<kube::client::Body>, String> {
    let (mut parts, body) = request.into_parts();
    parts.headers.remove(header::HOST);
    let body = to_bytes(body, BODY_LIMIT)
        .await
        .map_err(|error| error.to_string())?;
    let request = http::Request::from_parts(parts, kube::client::Body::from(body));
    let response = door
        .client
        .send(request)
        .await
        .map_err(|error| error.to_string())?;
    Ok(response)
}

/// An answer that breaks off before it has said anything.
fn cut_off() -> Response {
    let broken = stream::once(future::ready(Err::<Vec<u8>, _>(std::io::Error::other("cut off"))));
    answer(StatusCode::OK, Body::from_stream(broken))
}

fn answer(status: StatusCode, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let json = header::HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

fn kubeconfig_text(url: &str) -> String {
    json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "proxy",
        "contexts": [{"name": "proxy", "context": {"cluster": "proxy", "user": "nobody", "namespace": "default"}}],
        "clusters": [{"name": "proxy", "cluster": {"server": url}}],
        "users": [{"name": "nobody", "user": {}}],
    })
    .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_first_watch_is_told_from_one_that_goes_on() {
        let asked = |query: &str| Asked {
            method: Method::GET,
            path: "/api/v1/secrets".to_owned(),
            query: query.to_owned(),
        };
        let cases = [
            ("limit=500", false, false),
            ("watch=true&sendInitialEvents=true", true, false),
            ("watch=true&resourceVersion=0", true, false),
            ("watch=true&resourceVersion=17", true, true),
        ];
        for (query, is_watch, goes_on) in cases {
            let asked = asked(query);
            assert_eq!(
                (asked.is_watch(), asked.is_resumed_watch()),
                (is_watch, goes_on),
                "{query}"
            );
        }
    }
}
