//! Calls to one vault: with a token, and once more with another where the first has ended.

use std::fmt;
use std::time::Duration;

use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method, StatusCode};
use tokio::sync::OnceCell;
use url::Url;

use super::answer;
use super::bundle::bad;
use super::challenge;
use super::login::Login;
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::provider::Calls;
use crate::provider::http::{Answer, Http, bearer};

/// The oldest that has all we need: the vaults of all clouds know it.
const API_VERSION: &str = "7.4";
/// As ESO's metrics name it.
const PROVIDER: &str = "Azure/KeyVault";
/// Azure gives no more at once.
const PAGE: &str = "25";

pub(super) struct Vault {
    url: Url,
    http: Http,
    login: Login,
    /// For whom tokens have to be. Where nobody else knows, the vault is asked once.
    audience: OnceCell<String>,
    calls: Calls,
}

/// One call.
pub(super) struct Call<'c> {
    method: Method,
    url: Url,
    body: Option<SecretBytes>,
    /// As ESO's metrics name it.
    name: &'static str,
    what: &'c str,
}

impl Call<'_> {
    pub(super) fn with_body(self, body: SecretBytes) -> Self {
        Self {
            body: Some(body),
            ..self
        }
    }
}

impl Vault {
    pub(super) fn new(url: Url, http: Http, login: Login, audience: Option<String>, calls: Calls) -> Self {
        Self {
            url,
            http,
            login,
            audience: OnceCell::new_with(audience),
            calls,
        }
    }

    /// A call about what is at this path. No segment can leave its place.
    pub(super) fn call<'c>(
        &self,
        name: &'static str,
        method: Method,
        path: &[&str],
        what: &'c str,
    ) -> Call<'c> {
        let mut url = self.url.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.clear().extend(path);
        }
        url.query_pairs_mut().append_pair("api-version", API_VERSION);
        Call {
            method,
            url,
            body: None,
            name,
            what,
        }
    }

    /// A call for a page of a list: the first one, or where the vault says that it goes on. That may be nowhere but in
    /// the same list, for the token goes there too.
    pub(super) fn list<'c>(
        &self,
        name: &'static str,
        folder: &str,
        next: Option<&str>,
        what: &'c str,
    ) -> Result<Call<'c>, Problem> {
        let mut call = self.call(name, Method::GET, &[folder], what);
        match next {
            None => drop(call.url.query_pairs_mut().append_pair("maxresults", PAGE)),
            Some(next) => {
                let url = Url::parse(next).ok();
                let url =
                    url.filter(|url| url.origin() == call.url.origin() && url.path() == call.url.path());
                call.url = url.ok_or_else(|| bad(what, "it goes on somewhere else"))?;
            }
        }
        Ok(call)
    }

    /// The body of an answer that is a success.
    pub(super) async fn ask(&self, call: &Call<'_>) -> Result<SecretBytes, Problem> {
        let answer = self.exchange(call).await?;
        if answer.status.is_success() {
            return Ok(answer.body);
        }
        Err(answer::problem(&answer, call.what))
    }

    /// Any answer.
    pub(super) async fn exchange(&self, call: &Call<'_>) -> Result<Answer, Problem> {
        let audience = self.audience().await?;
        let token = self.login.token(audience).await?;
        let answer = self.send(call, Some(&token)).await?;
        if answer.status != StatusCode::UNAUTHORIZED {
            return Ok(answer);
        }
        match self.login.other_than(&token, audience).await? {
            Some(newer) => self.send(call, Some(&newer)).await,
            None => Ok(answer),
        }
    }

    /// Can we log in, and is the vault there? It says 401 to whoever shows no token.
    pub(super) async fn check(&self) -> Result<(), Problem> {
        let audience = self.audience().await?;
        self.login.token(audience).await?;
        let what = self.host();
        let answer = self.send(&self.knock(&what), None).await?;
        match answer.status {
            StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT => {
                Err(answer::problem(&answer, &what))
            }
            status if status.is_server_error() => Err(answer::problem(&answer, &what)),
            _ => Ok(()),
        }
    }

    pub(super) fn login_age(&self) -> Option<Duration> {
        self.login.age()
    }

    async fn audience(&self) -> Result<&str, Problem> {
        let ask = || async {
            let what = self.host();
            let answer = self.send(&self.knock(&what), None).await?;
            if answer.status.is_server_error() || answer.status == StatusCode::TOO_MANY_REQUESTS {
                return Err(answer::problem(&answer, &what));
            }
            let why = "it does not say, for its own domain, whom a token has to be for";
            challenge::audience(&answer.headers, &self.url).ok_or_else(|| bad(&what, why))
        };
        self.audience.get_or_try_init(ask).await.map(String::as_str)
    }

    /// A call that changes and tells nothing, to be made without a token.
    fn knock<'c>(&self, what: &'c str) -> Call<'c> {
        self.call("", Method::GET, &["secrets"], what)
    }

    fn host(&self) -> String {
        self.url.host_str().unwrap_or_default().to_owned()
    }

    async fn send(&self, call: &Call<'_>, token: Option<&SecretBytes>) -> Result<Answer, Problem> {
        let mut request = self.http.client().request(call.method.clone(), call.url.clone());
        if let Some(token) = token {
            request = request.header(AUTHORIZATION, authorization(token, call.what)?);
        }
        if let Some(body) = &call.body {
            request = request
                .header(CONTENT_TYPE, "application/json")
                .body(body.expose().to_vec());
        }
        let answer = self.http.send(request, call.what).await;
        if !call.name.is_empty() {
            let is_good = answer.as_ref().is_ok_and(|answer| answer.status.is_success());
            self.calls.tell(PROVIDER, call.name, is_good);
        }
        answer
    }
}

fn authorization(token: &SecretBytes, what: &str) -> Result<HeaderValue, Problem> {
    bearer(token).ok_or_else(|| bad(what, "Entra's token has signs that no header can hold"))
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault")
            .field("host", &self.host())
            .finish_non_exhaustive()
    }
}
