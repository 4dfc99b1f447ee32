//! A small Doppler on loopback: configs with their secrets, tokens, and identities that ServiceAccounts log in as.
//!
//! It is made from the public documents of the API, and believed only because Doppler's own client for Python agrees with
//! it: `doppler_s_own_client_agrees_with_the_fake`.

mod names;

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::MutexGuard;

use axum::response::Response;
use http::header::{ETAG, IF_NONE_MATCH};
use http::{HeaderValue, Method};
use serde_json::{Map, Value, json};

use crate::fake::{Asked, Fake, ends_in, part, reply, text};
use crate::{Error, Faults};

/// A running Doppler; ended when dropped.
#[derive(Debug)]
pub struct Doppler(Fake<World>);

/// Everything that it knows.
#[derive(Debug, Default)]
struct World {
    url: String,
    /// By project and config.
    configs: BTreeMap<(String, String), BTreeMap<String, String>>,
    tokens: BTreeMap<String, Reach>,
    identities: BTreeMap<String, Identity>,
    /// Seconds.
    life: Option<i64>,
    log_ins: usize,
    downloads: Downloads,
    updates: usize,
}

/// How far a token reaches: everywhere, or one config.
#[derive(Debug, Clone, PartialEq)]
struct Reach {
    config: Option<(String, String)>,
    may_write: bool,
}

#[derive(Debug)]
struct Identity {
    subject: String,
    audience: String,
}

/// How often configs were asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Downloads {
    /// What was told anew.
    pub whole: usize,
    /// What had not changed.
    pub unchanged: usize,
}

impl Downloads {
    /// All requests.
    pub fn asked(&self) -> usize {
        self.whole + self.unchanged
    }
}

impl Doppler {
    /// Starts one, empty.
    pub async fn start() -> Result<Self, Error> {
        let doppler = Self(Fake::start("Doppler", World::answer).await?);
        doppler.open().url = doppler.url();
        Ok(doppler)
    }

    /// What stands before all of it.
    pub fn faults(&self) -> &Faults {
        &self.0.faults
    }

    /// For `DOPPLER_BASE_URL`.
    pub fn url(&self) -> String {
        self.0.faults.url()
    }

    /// Makes a token that reaches everywhere.
    pub fn allow(&self, token: &str) {
        self.admit(token, None, true);
    }

    /// Makes a token of one config.
    pub fn allow_config(&self, token: &str, (project, config): (&str, &str), may_write: bool) {
        self.admit(token, Some((project.to_owned(), config.to_owned())), may_write);
    }

    /// Ends every token.
    pub fn end_tokens(&self) {
        self.open().tokens.clear();
    }

    /// Makes an identity that trusts a subject: that of a token, or a whole token that is no JWT. The tokens that it gets
    /// live for an hour, or as [`Self::tokens_live`] says.
    pub fn trust(&self, identity: &str, subject: &str, audience: &str) {
        let trusted = Identity {
            subject: subject.to_owned(),
            audience: audience.to_owned(),
        };
        self.open().identities.insert(identity.to_owned(), trusted);
    }

    /// Says how long, in seconds.
    pub fn tokens_live(&self, seconds: i64) {
        self.open().life = Some(seconds);
    }

    /// How often an identity logged in.
    pub fn log_ins(&self) -> usize {
        self.open().log_ins
    }

    /// Sets a secret, in a config that is made if it is not there.
    pub fn put(&self, (project, config): (&str, &str), name: &str, value: &str) {
        let mut world = self.open();
        let place = (project.to_owned(), config.to_owned());
        let config = world.configs.entry(place).or_default();
        config.insert(name.to_owned(), value.to_owned());
    }

    /// Takes a secret away.
    pub fn remove(&self, (project, config): (&str, &str), name: &str) {
        let mut world = self.open();
        let place = (project.to_owned(), config.to_owned());
        world
            .configs
            .get_mut(&place)
            .and_then(|config| config.remove(name));
    }

    /// What a secret holds.
    pub fn get(&self, (project, config): (&str, &str), name: &str) -> Option<String> {
        let place = (project.to_owned(), config.to_owned());
        self.open().configs.get(&place)?.get(name).cloned()
    }

    /// How often configs were downloaded so far.
    pub fn downloads(&self) -> Downloads {
        self.open().downloads
    }

    /// How often secrets were written.
    pub fn updates(&self) -> usize {
        self.open().updates
    }

    fn admit(&self, token: &str, config: Option<(String, String)>, may_write: bool) {
        let reach = Reach { config, may_write };
        self.open().tokens.insert(token.to_owned(), reach);
    }

    fn open(&self) -> MutexGuard<'_, World> {
        self.0.open()
    }
}

type Refusal = (u16, &'static str);

impl World {
    fn answer(&mut self, asked: &Asked) -> Response {
        let path: Vec<_> = asked.path.iter().map(String::as_str).collect();
        let answer = match (&asked.method, path.as_slice()) {
            (&Method::POST, ["v3", "auth", "oidc"]) => self.log_in(asked),
            (&Method::GET, ["v3", "configs", "config", "secrets", "download"]) => self.download(asked),
            (&Method::GET, ["v3", "configs", "config", "secrets", "names"]) => self.names(asked),
            (&Method::GET, ["v3", "configs", "config", "secret"]) => self.secret(asked),
            (&Method::POST, ["v3", "configs", "config", "secrets"]) => self.update(asked),
            (&Method::GET, ["v3", "projects"]) => {
                self.reach(asked).map(|_| reply(200, &json!({"projects": []})))
            }
            _ => Err((404, "no such endpoint")),
        };
        answer.unwrap_or_else(|(status, message)| {
            reply(status, &json!({"messages": [message], "success": false}))
        })
    }

    fn log_in(&mut self, asked: &Asked) -> Result<Response, Refusal> {
        let body = asked.json();
        let (token, identity) = (body["token"].as_str(), body["identity"].as_str());
        let (Some(token), Some(identity)) = (token, identity) else {
            return Err((400, "identity and token are needed"));
        };
        let identity = self.identities.get(identity);
        let identity = identity.ok_or((400, "no such identity"))?;
        if !identity.trusts(token) {
            return Err((401, "the token is not trusted"));
        }
        self.log_ins += 1;
        let token = format!("dp.said.{}", self.log_ins);
        let ends = ends_in(self.life.unwrap_or(3600));
        let reach = Reach {
            config: None,
            may_write: true,
        };
        self.tokens.insert(token.clone(), reach);
        Ok(reply(
            200,
            &json!({"success": true, "token": token, "expires_at": ends}),
        ))
    }

    fn reach(&self, asked: &Asked) -> Result<Reach, Refusal> {
        let token = asked.user().or_else(|| asked.bearer().map(str::to_owned));
        let token = token.ok_or((401, "Please provide a valid token"))?;
        let reach = self.tokens.get(&token).cloned();
        reach.ok_or((401, "Invalid Auth token"))
    }

    /// Which config is meant, if the token reaches it.
    fn place(&self, asked: &Asked, (project, config): (&str, &str)) -> Result<(String, String), Refusal> {
        let reach = self.reach(asked)?;
        let named = (project.to_owned(), config.to_owned());
        let place = match reach.config {
            Some(own) if [&named, &<_>::default()].contains(&&own) || named == <_>::default() => own,
            Some(_) => return Err((403, "This token does not have access to requested config")),
            None if project.is_empty() || config.is_empty() => {
                return Err((400, "You must specify a project and a config"));
            }
            None => named,
        };
        if self.configs.contains_key(&place) {
            return Ok(place);
        }
        Err((404, "Could not find requested config"))
    }

    fn read(&self, asked: &Asked) -> Result<BTreeMap<String, String>, Refusal> {
        let place = self.place(asked, (asked.parameter("project"), asked.parameter("config")))?;
        let secrets = self.configs.get(&place).into_iter().flatten();
        let mut secrets: BTreeMap<_, _> = secrets
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        let (project, config) = place;
        let environment = config.split('_').next().unwrap_or_default().to_owned();
        let own = [
            ("PROJECT", project),
            ("CONFIG", config),
            ("ENVIRONMENT", environment),
        ];
        secrets.extend(own.map(|(name, value)| (format!("DOPPLER_{name}"), value)));
        let wanted = asked.parameter("secrets");
        if !wanted.is_empty() {
            secrets.retain(|name, _| wanted.split(',').any(|wanted| wanted == name));
        }
        Ok(secrets)
    }

    fn download(&mut self, asked: &Asked) -> Result<Response, Refusal> {
        let secrets = self.read(asked)?;
        let transformer = asked.parameter("name_transformer");
        let mut named = BTreeMap::new();
        for (name, value) in secrets {
            named.insert(
                names::transform(&name, transformer).ok_or((400, "no such transformer"))?,
                value,
            );
        }
        let (kind, body) = names::format(&named, asked.parameter("format")).ok_or((400, "no such format"))?;
        let mut hasher = DefaultHasher::new();
        body.hash(&mut hasher);
        let tag = format!("W/\"{:x}\"", hasher.finish());
        let known = asked.headers.get(IF_NONE_MATCH);
        let mut response = if known.is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
            self.downloads.unchanged += 1;
            text(304, kind, String::new())
        } else {
            self.downloads.whole += 1;
            text(200, kind, body)
        };
        let tag = HeaderValue::from_str(&tag).map_err(|_| (500, "no tag"))?;
        response.headers_mut().insert(ETAG, tag);
        Ok(response)
    }

    fn names(&self, asked: &Asked) -> Result<Response, Refusal> {
        let secrets = self.read(asked)?;
        let names: Vec<_> = secrets.keys().collect();
        Ok(reply(200, &json!({"names": names, "success": true})))
    }

    fn secret(&self, asked: &Asked) -> Result<Response, Refusal> {
        let name = asked.parameter("name");
        let value = self.read(asked)?.remove(name);
        let value = value.ok_or((404, "Could not find requested secret"))?;
        Ok(reply(
            200,
            &json!({"name": name, "value": {"raw": value, "computed": value}, "success": true}),
        ))
    }

    fn update(&mut self, asked: &Asked) -> Result<Response, Refusal> {
        let body = asked.json();
        let text = |field: &str| body[field].as_str().unwrap_or_default();
        let place = self.place(asked, (text("project"), text("config")))?;
        if !self.reach(asked)?.may_write {
            return Err((403, "This token does not have access to write secrets"));
        }
        let changes = changes(&body);
        let is_name = |name: &str| {
            name.bytes()
                .all(|byte| matches!(byte, b'A'..=b'Z' | b'0'..=b'9' | b'_'))
        };
        if changes.is_empty() || !changes.iter().all(|(name, _)| is_name(name)) {
            return Err((
                422,
                "Secret names may only contain uppercase letters, numbers, and underscores",
            ));
        }
        self.updates += 1;
        let secrets = self.configs.entry(place).or_default();
        for (name, value) in changes {
            match value {
                Some(value) => secrets.insert(name, value),
                None => secrets.remove(&name),
            };
        }
        let told = secrets
            .iter()
            .map(|(name, value)| (name.clone(), json!({"raw": value, "computed": value})));
        let told: Map<_, _> = told.collect();
        Ok(reply(200, &json!({"secrets": told, "success": true})))
    }
}

/// Each name with its new value, or without one where it is deleted. There are two ways to say it.
fn changes(body: &Value) -> Vec<(String, Option<String>)> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let set = body["secrets"].as_object().into_iter().flatten();
    let set = set.map(|(name, value)| (name.clone(), text(value)));
    let requests = body["change_requests"].as_array().into_iter().flatten();
    let requests = requests.filter_map(|change| {
        let is_deleted = change["shouldDelete"] == true;
        let value = text(&change["value"]).filter(|_| !is_deleted);
        Some((text(&change["name"])?, value))
    });
    set.chain(requests).collect()
}

impl Identity {
    fn trusts(&self, token: &str) -> bool {
        let Some(claims) = part(token, 1) else {
            return token == self.subject;
        };
        let is_meant = match &claims["aud"] {
            Value::Array(audiences) => audiences.iter().any(|audience| *audience == self.audience),
            audience => *audience == self.audience,
        };
        is_meant && claims["sub"] == self.subject.as_str()
    }
}
