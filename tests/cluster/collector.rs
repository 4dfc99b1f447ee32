//! A collector of traces, which keeps what it is sent.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use axum::Router;
use axum::extract::State;
use axum::routing::post;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// Ends when it is dropped.
pub struct Collector {
    pub url: String,
    sent: Arc<Mutex<String>>,
    serving: JoinHandle<()>,
}

impl Collector {
    pub async fn start() -> Result<Self> {
        let sent = Arc::<Mutex<String>>::default();
        let take = async |State(sent): State<Arc<Mutex<String>>>, body: String| {
            let mut sent = sent.lock().unwrap_or_else(PoisonError::into_inner);
            sent.push_str(&body);
            sent.push('\n');
        };
        let router = Router::new()
            .route("/v1/traces", post(take))
            .with_state(sent.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let serving = tokio::spawn(async move { drop(axum::serve(listener, router).await) });
        Ok(Self { url, sent, serving })
    }

    /// All requests so far, one a line.
    pub fn sent(&self) -> String {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The spans in them.
    pub fn spans(&self) -> Result<Vec<Value>> {
        let mut spans = Vec::new();
        for request in self.sent().lines() {
            let request: Value = serde_json::from_str(request)?;
            let told = request["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array();
            spans.extend(told.into_iter().flatten().cloned());
        }
        Ok(spans)
    }
}

/// An attribute of a span, where it is text.
pub fn text<'s>(span: &'s Value, name: &str) -> Option<&'s str> {
    let attributes = span["attributes"].as_array()?;
    let found = attributes.iter().find(|attribute| attribute["key"] == name)?;
    found["value"]["stringValue"].as_str()
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.serving.abort();
    }
}
