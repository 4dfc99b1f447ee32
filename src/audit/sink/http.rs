//! Lines that are posted to a server, as newline-delimited JSON. A server that answers late may get lines twice; `run`
//! and `number` tell.

use std::path::{Path, PathBuf};
use std::time::Duration;

use ::http::StatusCode;
use ::http::header::CONTENT_TYPE;
use anyhow::Result;
use url::Url;

use crate::courier::{Address, Failure, Post};
use crate::engine::secret_bytes::SecretBytes;

const DEADLINE: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub(in crate::audit) struct Lines {
    post: Post,
    token: Option<PathBuf>,
}

impl Lines {
    pub(super) fn new(url: Url, token: Option<PathBuf>, authorities: Option<&Path>) -> Result<Self> {
        let address = Address {
            url,
            authorities: authorities.map(|path| (path, "--audit-log-ca-file")),
            deadline: DEADLINE,
        };
        let post = Post::new("the audit's server", address)?;
        Ok(Self { post, token })
    }

    pub(super) async fn send(&self, lines: String) -> Result<(), Failure> {
        let request = self.post.request();
        let mut request = request.header(CONTENT_TYPE, "application/x-ndjson").body(lines);
        if let Some(token) = self.read_token().await? {
            let token = String::from_utf8_lossy(token.expose()).trim().to_owned();
            request = request.bearer_auth(token);
        }
        let answer = self.post.send(request).await?;
        match answer.status {
            status if status.is_success() => Ok(()),
            StatusCode::BAD_REQUEST
            | StatusCode::PAYLOAD_TOO_LARGE
            | StatusCode::UNSUPPORTED_MEDIA_TYPE
            | StatusCode::UNPROCESSABLE_ENTITY => Err(Failure::Never(self.post.said(&answer))),
            _ => Err(Failure::Later(self.post.said(&answer))),
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
