//! What fakes of clouds have in common: requests taken apart, and answers in JSON.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::Request;
use axum::response::Response;
use http::{HeaderMap, Method, StatusCode, header};
use reqwest::Url;
use serde_json::Value;

use crate::{VENV_DIR, workspace_root};

const BODY_LIMIT: usize = 1 << 20;

/// A request, taken apart.
pub(crate) struct Asked {
    pub(crate) method: Method,
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

    pub(crate) fn form(&self) -> BTreeMap<String, String> {
        let text = String::from_utf8_lossy(&self.body);
        let url = Url::parse(&format!("http://x/?{text}")).ok();
        url.map(|url| url.query_pairs().into_owned().collect())
            .unwrap_or_default()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    pub(crate) fn bearer(&self) -> Option<&str> {
        let value = self.headers.get(header::AUTHORIZATION)?.to_str().ok()?;
        value.strip_prefix("Bearer ")
    }
}

pub(crate) fn reply(status: u16, body: &Value) -> Response {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let json = header::HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

/// A Python that has these modules of a cloud's own clients, as `cargo xtask testbed` installed them.
pub(crate) fn python_with(modules: &str) -> Option<PathBuf> {
    let venv = workspace_root().join(VENV_DIR);
    let has_them = |folder: std::io::Result<std::fs::DirEntry>| {
        folder.is_ok_and(|folder| folder.path().join("site-packages").join(modules).is_dir())
    };
    let is_installed = std::fs::read_dir(venv.join("lib")).ok()?.any(has_them);
    is_installed.then(|| venv.join("bin/python"))
}

impl fmt::Debug for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", self.method, self.path)
    }
}
