//! Calls to Secret Manager: with a token, and once more with another where the first has ended.

use std::fmt;
use std::time::Duration;

use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{Method, StatusCode};
use url::Url;

use super::answer;
use super::login::Login;
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::provider::Calls;
use crate::provider::google::Services;
use crate::provider::http::{Answer, bearer};

/// As ESO's metrics name it.
const PROVIDER: &str = "GCP/SecretManager";

pub(super) struct Manager {
    services: Services,
    login: Login,
    project: String,
    location: Option<String>,
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

impl<'c> Call<'c> {
    /// What it is about.
    pub(super) fn what(&self) -> &'c str {
        self.what
    }

    pub(super) fn with_body(self, body: SecretBytes) -> Self {
        Self {
            body: Some(body),
            ..self
        }
    }

    pub(super) fn with(mut self, name: &str, value: &str) -> Self {
        self.url.query_pairs_mut().append_pair(name, value);
        self
    }
}

impl Manager {
    pub(super) fn new(
        services: Services,
        login: Login,
        (project, location): (String, Option<String>),
        calls: Calls,
    ) -> Self {
        Self {
            services,
            login,
            project,
            location,
            calls,
        }
    }

    /// Where the secrets are, if they are all in one place.
    pub(super) fn location(&self) -> Option<&str> {
        self.location.as_deref()
    }

    /// A call about what is at this path among the secrets. No segment can leave its place.
    pub(super) fn call<'c>(
        &self,
        name: &'static str,
        method: Method,
        path: &[&str],
        what: &'c str,
    ) -> Result<Call<'c>, Problem> {
        let mut full = vec!["v1", "projects", &self.project];
        let service = match &self.location {
            Some(location) => {
                full.extend(["locations", location]);
                format!("secretmanager.{location}.rep")
            }
            None => "secretmanager".to_owned(),
        };
        full.push("secrets");
        full.extend(path);
        Ok(Call {
            method,
            url: self.services.url(&service, &full)?,
            body: None,
            name,
            what,
        })
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
        let token = self.login.token().await?;
        let answer = self.send(call, Some(&token)).await?;
        if answer.status != StatusCode::UNAUTHORIZED {
            return Ok(answer);
        }
        match self.login.other_than(&token).await? {
            Some(newer) => self.send(call, Some(&newer)).await,
            None => Ok(answer),
        }
    }

    /// Can we log in, and is Secret Manager there? It refuses whoever shows no token.
    pub(super) async fn check(&self) -> Result<(), Problem> {
        self.login.token().await?;
        let what = format!("project {}", self.project);
        let knock = self.call("", Method::GET, &[], &what)?;
        let answer = self.send(&knock, None).await?;
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

    async fn send(&self, call: &Call<'_>, token: Option<&SecretBytes>) -> Result<Answer, Problem> {
        let http = self.services.http();
        let mut request = http.client().request(call.method.clone(), call.url.clone());
        if let Some(token) = token {
            let shown = bearer(token).ok_or_else(|| Problem::BadAnswer {
                what: call.what.to_owned(),
                why: "Google's token has signs that no header can hold".to_owned(),
            })?;
            request = request.header(AUTHORIZATION, shown);
        }
        if let Some(body) = &call.body {
            request = request
                .header(CONTENT_TYPE, "application/json")
                .body(body.expose().to_vec());
        }
        let answer = http.send(request, call.what).await;
        if !call.name.is_empty() {
            let is_good = answer.as_ref().is_ok_and(|answer| answer.status.is_success());
            self.calls.tell(PROVIDER, call.name, is_good);
        }
        answer
    }
}

impl fmt::Debug for Manager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Manager")
            .field("project", &self.project)
            .field("location", &self.location)
            .finish_non_exhaustive()
    }
}
