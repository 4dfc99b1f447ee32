//! Stands before the API server, and lets requests fail as a test wants them to.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use axum::body::{Body, Bytes};
use axum::response::Response;
use futures::StreamExt as _;
use http::Method;
use kube::Client;
use serde_json::json;
use tokio::sync::watch;

use crate::door::Door;
use crate::{Asked, ControlPlane, Error, Fate, User};

/// A proxy that speaks plain HTTP and asks the API server as [`User::Operator`]; ended when dropped.
#[derive(Debug)]
pub struct Proxy {
    kubeconfig: PathBuf,
    cut: watch::Sender<()>,
    door: Door,
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
        Self::status(code, status_object(code, reason).to_string())
    }

    /// A watch that begins, and is told at once that its history is gone.
    pub fn expired_watch() -> Self {
        let event = json!({"type": "ERROR", "object": status_object(410, "Expired")});
        Self::status(200, format!("{event}\n"))
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
        let client = plane.client_of(User::Operator).await?;
        let (cut, _) = watch::channel(());
        let cutting = cut.clone();
        let door = Door::open(Box::new(move |request| {
            Box::pin(forward(client.clone(), cutting.subscribe(), request))
        }))
        .await?;
        door.judge(judge);
        let kubeconfig = plane
            .folder()
            .join(format!("proxy-{}.kubeconfig", door.address().port()));
        let text = kubeconfig_text(&format!("http://{}", door.address()));
        std::fs::write(&kubeconfig, text).map_err(Error::io(format!("write {}", kubeconfig.display())))?;
        Ok(Self {
            kubeconfig,
            cut,
            door,
        })
    }

    /// For whoever is to ask through the proxy. It needs no credentials.
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.door.address()
    }

    /// Ends every answer that is under way, watches above all.
    pub fn cut_streams(&self) {
        self.cut.send_replace(());
    }
}

async fn forward(
    client: Client,
    mut cut: watch::Receiver<()>,
    request: http::Request<Bytes>,
) -> Result<Response, String> {
    let request = request.map(kube::client::Body::from);
    let response = client.send(request).await.map_err(|error| error.to_string())?;
    Ok(response.map(|body| {
        let until_cut = async move { drop(cut.changed().await) };
        Body::from_stream(Body::new(body).into_data_stream().take_until(Box::pin(until_cut)))
    }))
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
            operation: None,
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
