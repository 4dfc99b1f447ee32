//! Calls to Doppler: with a token, and once more with another where the first has ended.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use http::{HeaderValue, Method, StatusCode};
use reqwest::RequestBuilder;
use url::Url;
use zeroize::Zeroizing;

use super::login::Login;
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::provider::Calls;
use crate::provider::http::{Answer, Http, below, explained, secret_header};

/// As our metrics name it; ESO counts no calls to Doppler.
pub(super) const PROVIDER: &str = "Doppler";

pub(super) struct Api {
    url: Url,
    http: Http,
    login: Login,
    calls: Calls,
}

/// What is to be downloaded.
pub(super) struct Download<'d> {
    pub(super) query: &'d [(&'static str, String)],
    /// It is no JSON.
    pub(super) is_text: bool,
    /// What is known already need not be told again.
    pub(super) known: Option<HeaderValue>,
    pub(super) what: &'d str,
}

pub(super) enum Answered {
    Unchanged,
    Changed {
        body: SecretBytes,
        tag: Option<HeaderValue>,
    },
}

impl Api {
    pub(super) fn new(url: Url, http: Http, login: Login, calls: Calls) -> Self {
        Self {
            url,
            http,
            login,
            calls,
        }
    }

    pub(super) async fn download(&self, download: &Download<'_>) -> Result<Answered, Problem> {
        let url = below(&self.url, &["v3", "configs", "config", "secrets", "download"]);
        let accept = if download.is_text {
            "*/*"
        } else {
            "application/json"
        };
        let make = || {
            let request = self.http.client().request(Method::GET, url.clone());
            let request = request.query(download.query).header(ACCEPT, accept);
            match &download.known {
                Some(tag) => request.header(IF_NONE_MATCH, tag),
                None => request,
            }
        };
        let mut answer = self.ask("DownloadSecrets", make, download.what).await?;
        match answer.status {
            StatusCode::NOT_MODIFIED if download.known.is_some() => Ok(Answered::Unchanged),
            StatusCode::OK => Ok(Answered::Changed {
                tag: answer.headers.remove(ETAG),
                body: answer.body,
            }),
            _ => Err(problem(&answer, download.what)),
        }
    }

    /// Changes secrets; `body` is JSON.
    pub(super) async fn update(&self, body: &SecretBytes, what: &str) -> Result<(), Problem> {
        let url = below(&self.url, &["v3", "configs", "config", "secrets"]);
        let make = || {
            let request = self.http.client().request(Method::POST, url.clone());
            let request = request.header(CONTENT_TYPE, "application/json");
            request.body(body.expose().to_vec())
        };
        let answer = self.ask("UpdateSecrets", make, what).await?;
        if answer.status.is_success() {
            return Ok(());
        }
        Err(problem(&answer, what))
    }

    pub(super) fn login_age(&self) -> Option<Duration> {
        self.login.age()
    }

    async fn ask(
        &self,
        name: &'static str,
        make: impl Fn() -> RequestBuilder,
        what: &str,
    ) -> Result<Answer, Problem> {
        let token = self.login.token().await?;
        let answer = self.send(name, make(), &token, what).await?;
        if answer.status != StatusCode::UNAUTHORIZED {
            return Ok(answer);
        }
        match self.login.other_than(&token).await? {
            Some(newer) => self.send(name, make(), &newer, what).await,
            None => Ok(answer),
        }
    }

    async fn send(
        &self,
        name: &'static str,
        request: RequestBuilder,
        token: &SecretBytes,
        what: &str,
    ) -> Result<Answer, Problem> {
        let request = request.header(AUTHORIZATION, basic(token));
        let answer = self.http.send(request, what).await;
        let is_good = answer
            .as_ref()
            .is_ok_and(|answer| answer.status.is_success() || answer.status == StatusCode::NOT_MODIFIED);
        self.calls.tell(PROVIDER, name, is_good);
        answer
    }
}

/// The token is the user; there is no password.
fn basic(token: &SecretBytes) -> HeaderValue {
    let user = Zeroizing::new([token.expose(), b":"].concat());
    let shown = secret_header("Basic ", STANDARD.encode(user.as_slice()).as_bytes());
    shown.expect("base64 is made of what headers hold")
}

/// Of what Doppler says in words, nothing is repeated.
pub(super) fn problem(answer: &Answer, what: &str) -> Problem {
    let status = answer.status.as_u16();
    let why = match status {
        400 => format!("HTTP {status}; a token that is not of one config needs both project and config"),
        401 => format!("HTTP {status}; the token is wrong, or was revoked"),
        403 => format!("HTTP {status}; the token may not do this"),
        404 => format!("HTTP {status}; check project and config, and what the token has access to"),
        422 => format!("HTTP {status}; names are made of A to Z, 0 to 9 and _"),
        _ => format!("HTTP {status}"),
    };
    explained(answer.status, &answer.headers, what.to_owned(), why)
}
