//! The service accounts of Grafana, from the public document of its HTTP API. Believed because grafana-client agrees:
//! `clients_of_others_agree_with_the_fakes`.

use std::collections::BTreeMap;
use std::sync::MutexGuard;

use axum::response::Response;
use http::{Method, header};
use serde_json::{Value, json};

use crate::fake::{Asked, Fake, reply};
use crate::{Error, Faults};

/// Lets in whoever has the credential.
#[derive(Debug)]
pub struct Grafana(Fake<GrafanaWorld>);

/// What it knows.
#[derive(Debug, Default)]
pub struct GrafanaWorld {
    /// As it stands in the header.
    credential: String,
    made: u64,
    /// Name and role.
    pub accounts: BTreeMap<u64, (String, String)>,
    /// Those that are left.
    pub tokens: BTreeMap<u64, AccountToken>,
    /// How many were ever made.
    pub tokens_made: usize,
}

#[derive(Debug, Clone)]
pub struct AccountToken {
    account: u64,
    pub name: String,
    pub secret: String,
    pub seconds_to_live: Option<u64>,
}

impl Grafana {
    /// `credential` is as it stands in the header, such as `Bearer x`.
    pub async fn start(credential: &str) -> Result<Self, Error> {
        let fake = Fake::start("Grafana", GrafanaWorld::answer).await?;
        credential.clone_into(&mut fake.open().credential);
        Ok(Self(fake))
    }

    pub fn url(&self) -> String {
        self.0.faults.url()
    }

    pub fn faults(&self) -> &Faults {
        &self.0.faults
    }

    pub fn world(&self) -> MutexGuard<'_, GrafanaWorld> {
        self.0.open()
    }
}

impl GrafanaWorld {
    pub fn put_account(&mut self, name: &str, role: &str) -> u64 {
        self.made += 1;
        self.accounts
            .insert(self.made, (name.to_owned(), role.to_owned()));
        self.made
    }

    fn answer(&mut self, asked: &Asked) -> Response {
        let shown = asked.headers.get(header::AUTHORIZATION);
        if shown.and_then(|shown| shown.to_str().ok()) != Some(self.credential.as_str()) {
            return reply(401, &json!({"message": "Invalid API key"}));
        }
        let path: Vec<_> = asked.path.iter().map(String::as_str).collect();
        let ["api", "serviceaccounts", rest @ ..] = path.as_slice() else {
            return reply(404, &json!({"message": "Not found"}));
        };
        let number = |place: usize| rest.get(place).and_then(|id| id.parse().ok()).unwrap_or_default();
        let (account, token) = (number(0), number(2));
        match (&asked.method, rest) {
            (&Method::GET, ["search"]) => self.search(asked),
            (&Method::POST, []) => self.create(&asked.json()),
            _ if !self.accounts.contains_key(&account) => {
                reply(404, &json!({"message": "service account not found"}))
            }
            (&Method::GET, [_]) => reply(200, &self.account(account)),
            (&Method::POST, [_, "tokens"]) => self.make(account, &asked.json()),
            (&Method::GET, [_, "tokens"]) => self.list(account),
            (&Method::DELETE, [_, "tokens", _]) => self.delete(account, token),
            _ => reply(404, &json!({"message": "Not found"})),
        }
    }

    fn account(&self, id: u64) -> Value {
        let (name, role) = &self.accounts[&id];
        json!({
            "id": id, "uid": format!("uid{id}"), "name": name, "login": format!("sa-1-{name}"), "orgId": 1,
            "isDisabled": false, "role": role, "tokens": 0, "avatarUrl": "",
        })
    }

    /// A name is found by its parts, too.
    fn search(&self, asked: &Asked) -> Response {
        let query = asked.parameter("query");
        let page = asked.parameter("page").parse().unwrap_or(1).max(1);
        let size = asked.parameter("perpage").parse().unwrap_or(1000);
        let found = self.accounts.iter().filter(|(_, (name, _))| name.contains(query));
        let found: Vec<_> = found.map(|(id, _)| self.account(*id)).collect();
        let shown: Vec<_> = found.iter().skip((page - 1) * size).take(size).collect();
        let body =
            json!({"totalCount": found.len(), "serviceAccounts": shown, "page": page, "perPage": size});
        reply(200, &body)
    }

    fn create(&mut self, body: &Value) -> Response {
        let (Some(name), Some(role)) = (body["name"].as_str(), body["role"].as_str()) else {
            return reply(400, &json!({"message": "Bad request data"}));
        };
        if self.accounts.values().any(|(other, _)| other == name) {
            return reply(400, &json!({"message": "service account already exists"}));
        }
        let id = self.put_account(name, role);
        reply(201, &self.account(id))
    }

    fn make(&mut self, account: u64, body: &Value) -> Response {
        let name = body["name"].as_str().unwrap_or_default().to_owned();
        let mut others = self.tokens.values().filter(|token| token.account == account);
        if others.any(|token| token.name == name) {
            let why = "service account token with given name already exists in the organization";
            return reply(409, &json!({ "message": why }));
        }
        self.made += 1;
        self.tokens_made += 1;
        let (id, secret) = (self.made, format!("glsa-{}-{}", self.credential, self.made));
        let said = json!({"id": id, "name": name, "key": secret});
        let token = AccountToken {
            account,
            name,
            secret,
            seconds_to_live: body["secondsToLive"].as_u64().filter(|seconds| *seconds > 0),
        };
        self.tokens.insert(id, token);
        reply(200, &said)
    }

    fn list(&self, account: u64) -> Response {
        let tokens = self.tokens.iter().filter(|(_, token)| token.account == account);
        let shown = tokens.map(|(id, token)| {
            json!({
                "id": id, "name": token.name, "created": "2026-01-01T00:00:00Z", "lastUsedAt": null, "expiration": null,
                "secondsUntilExpiration": 0, "hasExpired": false, "isRevoked": false,
            })
        });
        reply(200, &shown.collect())
    }

    fn delete(&mut self, account: u64, token: u64) -> Response {
        let known = self
            .tokens
            .get(&token)
            .is_some_and(|token| token.account == account);
        if !known {
            return reply(404, &json!({"message": "service account token not found"}));
        }
        self.tokens.remove(&token);
        reply(200, &json!({"message": "API key deleted"}))
    }
}
