//! Calls to Infisical: with a token, and once more with another where the first has ended.

use std::time::Duration;

use http::header::AUTHORIZATION;
use http::{HeaderValue, Method, StatusCode};
use lockstep_gostd::json::{Numbers, Value};
use reqwest::RequestBuilder;
use url::Url;

use super::FIELD;
use super::address::Address;
use super::list::Scope;
use super::login::Login;
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::provider::Calls;
use crate::provider::http::{Answer, Http, address, bearer, below, explained};

/// As ESO's metrics name it.
pub(super) const PROVIDER: &str = "Infisical";

pub(super) struct Api {
    url: Url,
    http: Http,
    login: Login,
    calls: Calls,
}

/// The address of the API, with or without its last part.
pub(super) fn base(host: &str) -> Result<Url, Problem> {
    let host = host.trim().trim_end_matches('/');
    let host = host.strip_suffix("/api").unwrap_or(host);
    address(&format!("{host}/api"), &format!("{FIELD}.hostAPI"))
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

    /// That it is absent is believed where its folder is there, or at least its environment: of one that is not there,
    /// Infisical says that it has no such folder.
    pub(super) async fn secret(
        &self,
        scope: &Scope,
        address: &Address,
        what: &str,
    ) -> Result<SecretBytes, Problem> {
        let answer = self.look(scope, address, what).await?;
        let is_absent = match Missing::of(&answer) {
            Some(Missing::Secret) => true,
            Some(Missing::Folder) if !address.is_in_root() => {
                let answer = self.look(scope, &address.in_root(), what).await?;
                answer.status == StatusCode::OK || Missing::of(&answer) == Some(Missing::Secret)
            }
            Some(Missing::Folder) | None => false,
        };
        if is_absent {
            return Err(Problem::Absent { key: what.to_owned() });
        }
        success(answer, what)
    }

    /// All secrets of the scope.
    pub(super) async fn secrets(&self, scope: &Scope, what: &str) -> Result<SecretBytes, Problem> {
        let mut url = below(&self.url, &["v3", "secrets", "raw"]);
        scope.ask(&mut url, &scope.folder);
        let recursive = if scope.is_recursive { "true" } else { "false" };
        url.query_pairs_mut().append_pair("recursive", recursive);
        success(self.get("GetSecretsV3", &url, what).await?, what)
    }

    pub(super) fn login_age(&self) -> Option<Duration> {
        self.login.age()
    }

    /// Gives the token back.
    pub(super) async fn log_out(&self) {
        self.login.end(&self.url, &self.http, &self.calls).await;
    }

    async fn look(&self, scope: &Scope, address: &Address, what: &str) -> Result<Answer, Problem> {
        let mut url = below(&self.url, &["v3", "secrets", "raw", &address.name]);
        scope.ask(&mut url, &address.folder);
        self.get("GetSecretByKeyV3", &url, what).await
    }

    async fn get(&self, name: &'static str, url: &Url, what: &str) -> Result<Answer, Problem> {
        let token = self.token().await?;
        let make = || self.http.client().request(Method::GET, url.clone());
        let answer = self.send(name, make(), &token, what).await?;
        if answer.status != StatusCode::UNAUTHORIZED {
            return Ok(answer);
        }
        let way = (&self.url, &self.http, &self.calls);
        match self.login.other_than(&token, way).await? {
            Some(newer) => self.send(name, make(), &newer, what).await,
            None => Ok(answer),
        }
    }

    async fn token(&self) -> Result<SecretBytes, Problem> {
        self.login.token((&self.url, &self.http, &self.calls)).await
    }

    async fn send(
        &self,
        name: &'static str,
        request: RequestBuilder,
        token: &SecretBytes,
        what: &str,
    ) -> Result<Answer, Problem> {
        let request = request.header(AUTHORIZATION, authorization(token, what)?);
        let answer = self.http.send(request, what).await;
        let is_good = answer.as_ref().is_ok_and(|answer| answer.status.is_success());
        self.calls.tell(PROVIDER, name, is_good);
        answer
    }
}

fn authorization(token: &SecretBytes, what: &str) -> Result<HeaderValue, Problem> {
    bearer(token).ok_or_else(|| Problem::BadData {
        why: format!("{what}: the token to show has signs that no header can hold"),
    })
}

fn success(answer: Answer, what: &str) -> Result<SecretBytes, Problem> {
    if answer.status == StatusCode::OK {
        return Ok(answer.body);
    }
    Err(problem(&answer, what))
}

/// Of what Infisical says in words, nothing is repeated.
fn problem(answer: &Answer, what: &str) -> Problem {
    let status = answer.status.as_u16();
    let why = match status {
        401 => format!("HTTP {status}; the token is wrong, or has ended"),
        403 => format!("HTTP {status}; the identity may not do this in the project"),
        404 => format!("HTTP {status}; check secretsScope and hostAPI"),
        _ => format!("HTTP {status}"),
    };
    explained(answer.status, &answer.headers, what.to_owned(), why)
}

/// What is not there, as Infisical itself says, and nobody in between. Whatever else it says is not about a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Missing {
    Secret,
    /// Or the environment that it would be in.
    Folder,
}

impl Missing {
    fn of(answer: &Answer) -> Option<Self> {
        if answer.status != StatusCode::NOT_FOUND {
            return None;
        }
        let members = Value::parse_object(answer.body.expose(), Numbers::AsWritten).ok()?;
        let text = |name: &str| match members.get(name) {
            Some(Value::Text(text)) => Some(text.as_ref()),
            _ => None,
        };
        let message = text("message").filter(|_| text("error") == Some("NotFound"))?;
        if message.starts_with("Secret with name ") {
            Some(Self::Secret)
        } else {
            message.starts_with("Folder with path ").then_some(Self::Folder)
        }
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::*;

    #[test]
    fn the_api_is_found_however_it_is_named() {
        for host in [
            "https://i.example",
            "https://i.example/",
            "https://i.example/api/",
        ] {
            assert_eq!(
                base(host).map(String::from).as_deref(),
                Ok("https://i.example/api"),
                "{host}"
            );
        }
        for host in ["", "i.example", "ftp://i.example", "https://u:p@i.example"] {
            assert!(base(host).is_err(), "{host}");
        }
    }

    #[test]
    fn only_infisical_says_that_a_secret_is_not_there() {
        let missing = |status: u16, body: &str| {
            let answer = Answer {
                status: StatusCode::from_u16(status).expect("a status"),
                headers: HeaderMap::new(),
                body: body.into(),
            };
            assert!(!problem(&answer, "app").is_absent(), "{body}");
            Missing::of(&answer)
        };
        let secret = r#"{"error":"NotFound","message":"Secret with name 'app' not found"}"#;
        let folder = r#"{"error":"NotFound","message":"Folder with path '/x' in environment with slug 'e' not found"}"#;
        assert_eq!(missing(404, secret), Some(Missing::Secret));
        assert_eq!(missing(404, folder), Some(Missing::Folder));
        assert_eq!(missing(403, secret), None);
        for body in [
            r#"{"error":"NotFound","message":"Project with slug 'p' not found"}"#,
            r#"{"error":"NotFound","message":"Environment with slug 'e' not found"}"#,
            r#"{"error":"NotFound","message":"KMS with ID 'k' not found"}"#,
            r#"{"error":"NotFound"}"#,
            r#"{"error":"Not Found","message":"Route GET:/x not found"}"#,
            r#"{"error":"Not Found","message":"Secret with name 'app' not found"}"#,
            "<html>",
            "",
        ] {
            assert_eq!(missing(404, body), None, "{body}");
        }
    }
}
