//! A small GitHub on loopback: an installed app, and secrets of Actions.
//!
//! It is made from the public documents of the REST API. What arrives stays sealed: that it is sealed as by libsodium is
//! shown beside the code that seals.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::response::Response;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::fake::{Asked, Fake, ends_in, reply};
use crate::{Error, Faults};

/// A running GitHub; ended when dropped.
#[derive(Debug)]
pub struct GithubActions(Fake<Hub>);

#[derive(Debug, Default)]
struct Hub {
    public_key: String,
    /// Secrets by the path of their folder and their name.
    secrets: BTreeMap<(String, String), Value>,
    /// The repositories that an organization's secrets are shown to.
    selected: Vec<u64>,
    tokens: usize,
    /// Tokens up to this one have ended.
    ended: usize,
    apps: Vec<String>,
    /// How long tokens live, in seconds.
    life: Option<i64>,
}

impl GithubActions {
    /// Where the app is installed.
    pub const INSTALLATION: i64 = 4711;
    /// The id of the only repository.
    pub const REPOSITORY: u64 = 99;

    /// Starts one, whose public key this is, in base64.
    pub async fn start(public_key: &str) -> Result<Self, Error> {
        let github = Self(Fake::start("GitHub", Hub::answer).await?);
        public_key.clone_into(&mut github.0.open().public_key);
        Ok(github)
    }

    /// The address of the server.
    pub fn url(&self) -> String {
        self.faults().url()
    }

    /// In front of it.
    pub fn faults(&self) -> &Faults {
        &self.0.faults
    }

    /// How many tokens were handed out.
    pub fn tokens(&self) -> usize {
        self.0.open().tokens
    }

    /// The JWTs that were shown for them.
    pub fn apps(&self) -> Vec<String> {
        self.0.open().apps.clone()
    }

    /// Says how long tokens live, in seconds; for years if not.
    pub fn tokens_live(&self, seconds: i64) {
        self.0.open().life = Some(seconds);
    }

    /// Ends every token.
    pub fn end_tokens(&self) {
        let mut hub = self.0.open();
        hub.ended = hub.tokens;
    }

    /// Puts a secret into a folder, such as `orgs/acme/actions/secrets`.
    pub fn put_secret(&self, folder: &str, name: &str, visibility: &str) {
        let secret = json!({"visibility": visibility});
        self.0
            .open()
            .secrets
            .insert((folder.to_owned(), name.to_owned()), secret);
    }

    /// Sets the repositories that secrets are shown to.
    pub fn select(&self, repositories: &[u64]) {
        self.0.open().selected = repositories.to_vec();
    }

    /// What was last put there.
    pub fn secret(&self, folder: &str, name: &str) -> Option<Value> {
        self.0
            .open()
            .secrets
            .get(&(folder.to_owned(), name.to_owned()))
            .cloned()
    }
}

impl Hub {
    fn answer(&mut self, asked: &Asked) -> Response {
        let bearer = asked.bearer().unwrap_or_default();
        let path = asked.unescaped();
        let path: Vec<_> = path.iter().map(String::as_str).collect();
        let ["api", "v3", path @ ..] = path.as_slice() else {
            return missing();
        };
        if let ["app", "installations", installation, "access_tokens"] = path {
            return self.log_in(bearer, installation);
        }
        let number = bearer
            .strip_prefix("canary-token-")
            .and_then(|number| number.parse::<usize>().ok());
        if number.is_none_or(|number| number <= self.ended || number > self.tokens) {
            return reply(401, &json!({"message": "Bad credentials", "status": "401"}));
        }
        match path {
            ["repos", "acme", "app"] => reply(200, &json!({"id": GithubActions::REPOSITORY, "name": "app"})),
            [folder @ .., "secrets"] if is_known(folder) => self.list(&joined(folder)),
            [folder @ .., "secrets", "public-key"] if is_known(folder) => reply(
                200,
                &json!({"key_id": "012345678912345678", "key": self.public_key}),
            ),
            [folder @ .., "secrets", _, "repositories"] if is_known(folder) => self.shown_to(asked),
            [folder @ .., "secrets", name] if is_known(folder) => self.about(asked, &joined(folder), name),
            _ => missing(),
        }
    }

    fn log_in(&mut self, jwt: &str, installation: &str) -> Response {
        self.apps.push(jwt.to_owned());
        if jwt.split('.').count() != 3 {
            return reply(401, &json!({"message": "A JSON web token could not be decoded"}));
        }
        if installation != GithubActions::INSTALLATION.to_string() {
            return missing();
        }
        self.tokens += 1;
        let token = format!("canary-token-{}", self.tokens);
        let ends = match self.life {
            Some(seconds) => ends_in(seconds),
            None => "2099-01-01T00:00:00Z".to_owned(),
        };
        reply(201, &json!({"token": token, "expires_at": ends}))
    }

    fn list(&self, folder: &str) -> Response {
        let names = self.secrets.keys().filter(|(known, _)| known == folder);
        let secrets: Vec<_> = names.map(|(_, name)| json!({ "name": name })).collect();
        reply(200, &json!({"total_count": secrets.len(), "secrets": secrets}))
    }

    /// Names are the same in either case, and shown in upper case.
    fn about(&mut self, asked: &Asked, folder: &str, name: &str) -> Response {
        let key = (folder.to_owned(), name.to_uppercase());
        match asked.method {
            Method::GET => match self.secrets.get(&key) {
                Some(secret) => {
                    let times = json!({"name": key.1, "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z"});
                    let mut shown = times;
                    if folder.starts_with("orgs/") {
                        shown["visibility"] = secret["visibility"].clone();
                    }
                    reply(200, &shown)
                }
                None => missing(),
            },
            Method::PUT => {
                let is_new = self.secrets.insert(key, asked.json()).is_none();
                empty(if is_new { 201 } else { 204 })
            }
            Method::DELETE if self.secrets.remove(&key).is_some() => empty(204),
            _ => missing(),
        }
    }

    fn shown_to(&self, asked: &Asked) -> Response {
        let number = |name: &str, unless: usize| {
            asked
                .query
                .get(name)
                .and_then(|number| number.parse().ok())
                .unwrap_or(unless)
        };
        let (size, page) = (number("per_page", 30).min(100), number("page", 1).max(1));
        let shown = self.selected.iter().skip((page - 1) * size).take(size);
        let shown: Vec<_> = shown.map(|id| json!({ "id": id })).collect();
        reply(
            200,
            &json!({"total_count": self.selected.len(), "repositories": shown}),
        )
    }
}

/// One organization, one repository, one environment.
fn is_known(folder: &[&str]) -> bool {
    let environment = ["repositories", "99", "environments", "prod/eu"];
    folder == ["orgs", "acme", "actions"]
        || folder == ["repos", "acme", "app", "actions"]
        || folder == environment
}

fn joined(folder: &[&str]) -> String {
    format!("{}/secrets", folder.join("/"))
}

fn missing() -> Response {
    reply(404, &json!({"message": "Not Found", "status": "404"}))
}

fn empty(status: u16) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response
}
