//! The deploy tokens of GitLab, from the public document of its REST API. Believed because python-gitlab agrees:
//! `clients_of_others_agree_with_the_fakes`.

use std::collections::BTreeMap;
use std::sync::MutexGuard;

use axum::response::Response;
use http::{HeaderValue, Method, StatusCode, header};
use serde_json::{Value, json};

use crate::fake::{Asked, Fake, reply};
use crate::{Error, Faults};

/// Lets in whoever has the key, and knows some projects and groups.
#[derive(Debug)]
pub struct Gitlab(Fake<GitlabWorld>);

/// What it knows.
#[derive(Debug, Default)]
pub struct GitlabWorld {
    key: String,
    /// Such as `projects/42`, `groups/a%2Fb`.
    owners: Vec<String>,
    /// How many tokens were ever made.
    pub made: u64,
    /// Those that are left.
    pub tokens: BTreeMap<u64, DeployToken>,
}

#[derive(Debug, Clone)]
pub struct DeployToken {
    owner: String,
    pub name: String,
    pub username: String,
    pub secret: String,
    pub scopes: Value,
    pub expires_at: Value,
}

impl Gitlab {
    /// `owners` are such as `projects/42`, `groups/a%2Fb`.
    pub async fn start(key: &str, owners: &[&str]) -> Result<Self, Error> {
        let fake = Fake::start("GitLab", GitlabWorld::answer).await?;
        key.clone_into(&mut fake.open().key);
        fake.open().owners = owners.iter().map(|&owner| owner.to_owned()).collect();
        Ok(Self(fake))
    }

    pub fn url(&self) -> String {
        self.0.faults.url()
    }

    pub fn faults(&self) -> &Faults {
        &self.0.faults
    }

    pub fn world(&self) -> MutexGuard<'_, GitlabWorld> {
        self.0.open()
    }
}

impl GitlabWorld {
    fn answer(&mut self, asked: &Asked) -> Response {
        let key = asked
            .headers
            .get("private-token")
            .and_then(|key| key.to_str().ok());
        if key != Some(self.key.as_str()) {
            return reply(401, &json!({"message": "401 Unauthorized"}));
        }
        let path: Vec<_> = asked.path.iter().map(String::as_str).collect();
        let ["api", "v4", folder, owner, "deploy_tokens", rest @ ..] = path.as_slice() else {
            return reply(404, &json!({"error": "404 Not Found"}));
        };
        let owner = format!("{folder}/{owner}");
        if !self.owners.contains(&owner) {
            return reply(404, &json!({"message": "404 Project Not Found"}));
        }
        let id = rest.first().and_then(|id| id.parse().ok());
        let known = id.filter(|id| self.tokens.get(id).is_some_and(|token| token.owner == owner));
        match (&asked.method, rest, known) {
            (&Method::POST, [], _) => self.make(&owner, &asked.json()),
            (&Method::GET, [], _) => self.list(&owner, asked),
            (&Method::GET, [_], Some(id)) => reply(200, &self.tokens[&id].shown(id)),
            (&Method::DELETE, [_], Some(id)) => {
                self.tokens.remove(&id);
                let mut nothing = Response::default();
                *nothing.status_mut() = StatusCode::NO_CONTENT;
                nothing
            }
            _ => reply(404, &json!({"message": "404 Deploy Token Not Found"})),
        }
    }

    fn make(&mut self, owner: &str, body: &Value) -> Response {
        for needed in ["name", "scopes"] {
            if body[needed].is_null() {
                return reply(400, &json!({"error": format!("{needed} is missing")}));
            }
        }
        self.made += 1;
        let id = self.made;
        let username = body["username"].as_str().map(str::to_owned);
        let token = DeployToken {
            owner: owner.to_owned(),
            name: body["name"].as_str().unwrap_or_default().to_owned(),
            username: username.unwrap_or_else(|| format!("gitlab+deploy-token-{id}")),
            secret: format!("{}-gldt-{id}", self.key),
            scopes: body["scopes"].clone(),
            expires_at: body["expires_at"].clone(),
        };
        let mut shown = token.shown(id);
        shown["token"] = token.secret.as_str().into();
        self.tokens.insert(id, token);
        reply(201, &shown)
    }

    fn list(&self, owner: &str, asked: &Asked) -> Response {
        let size = asked.parameter("per_page").parse().unwrap_or(20).clamp(1, 100);
        let page = asked.parameter("page").parse().unwrap_or(1).max(1);
        let all = self.tokens.iter().filter(|(_, token)| token.owner == owner);
        let all: Vec<_> = all.map(|(id, token)| token.shown(*id)).collect();
        let shown: Vec<_> = all.iter().skip((page - 1) * size).take(size).collect();
        let mut said = reply(200, &json!(shown));
        if page * size < all.len() {
            let host = asked
                .headers
                .get(header::HOST)
                .and_then(|host| host.to_str().ok());
            let (host, path, next) = (host.unwrap_or_default(), asked.path.join("/"), page + 1);
            let next = format!("<http://{host}/{path}?page={next}&per_page={size}>; rel=\"next\"");
            // What no header can hold is a mistake in the test, and shows as a header that is missing.
            if let Ok(next) = HeaderValue::from_str(&next) {
                said.headers_mut().insert(header::LINK, next);
            }
        }
        said
    }
}

impl DeployToken {
    fn shown(&self, id: u64) -> Value {
        json!({
            "id": id, "name": self.name, "username": self.username, "expires_at": self.expires_at,
            "scopes": self.scopes, "revoked": false, "expired": false,
        })
    }
}
