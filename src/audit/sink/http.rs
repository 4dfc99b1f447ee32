//! Lines that are posted to a server, as newline-delimited JSON. A server that answers late may get lines twice; `run`
//! and `number` tell.

use std::path::{Path, PathBuf};
use std::time::Duration;

use ::http::StatusCode;
use ::http::header::CONTENT_TYPE;
use anyhow::{Context as _, Result, anyhow};
use reqwest::redirect::Policy;
use url::Url;

use super::Failure;
use crate::engine::secret_bytes::SecretBytes;
use crate::provider::certificates;
use crate::provider::http::{Http, Options};

const DEADLINE: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub(in crate::audit) struct Post {
    http: Http,
    url: Url,
    token: Option<PathBuf>,
}

impl Post {
    pub(super) fn new(url: Url, token: Option<PathBuf>, authorities: Option<&Path>) -> Result<Self> {
        let authorities = authorities.map(|path| {
            let read = std::fs::read(path);
            let pem =
                read.with_context(|| format!("--audit-log-ca-file {} cannot be read", path.display()))?;
            certificates::parse(&pem).map_err(|why| anyhow!("--audit-log-ca-file {}: {why}", path.display()))
        });
        let options = Options {
            authorities: authorities.transpose()?,
            identity: None,
            // The token is for this server alone.
            redirects: Policy::none(),
            deadline: DEADLINE,
        };
        let http = Http::new(options, "--audit-log-ca-file")?;
        Ok(Self { http, url, token })
    }

    pub(super) async fn send(&self, lines: String) -> Result<(), Failure> {
        let what = "the audit's server";
        let request = self.http.client().post(self.url.clone());
        let mut request = request.header(CONTENT_TYPE, "application/x-ndjson").body(lines);
        if let Some(token) = self.read_token().await? {
            let token = String::from_utf8_lossy(token.expose()).trim().to_owned();
            request = request.bearer_auth(token);
        }
        let answer = self.http.send(request, what).await;
        let answer = answer.map_err(|problem| Failure::Later(problem.to_string()))?;
        let why = format!("{what}: HTTP {}", answer.status.as_u16());
        match answer.status {
            status if status.is_success() => Ok(()),
            StatusCode::BAD_REQUEST
            | StatusCode::PAYLOAD_TOO_LARGE
            | StatusCode::UNSUPPORTED_MEDIA_TYPE
            | StatusCode::UNPROCESSABLE_ENTITY => Err(Failure::Never(why)),
            _ => Err(Failure::Later(why)),
        }
    }

    /// Afresh each time: tokens in files are replaced before they end.
    async fn read_token(&self) -> Result<Option<SecretBytes>, Failure> {
        let Some(path) = &self.token else {
            return Ok(None);
        };
        match tokio::fs::read(path).await {
            Ok(token) => Ok(Some(token.into())),
            Err(error) => Err(Failure::Later(format!(
                "--audit-log-token-file {} cannot be read: {error}",
                path.display()
            ))),
        }
    }
}
