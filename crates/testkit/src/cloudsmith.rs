//! Cloudsmith's `OpenID` Connect services, from its public document.

use std::sync::MutexGuard;

use axum::response::Response;
use http::Method;
use serde_json::json;

use crate::fake::{Asked, Fake, reply};
use crate::quay::jwt;
use crate::{Error, Faults};

/// With one service, which trusts every token that begins as those of tests do.
#[derive(Debug)]
pub struct Cloudsmith(Fake<CloudsmithWorld>);

/// What it knows.
#[derive(Debug, Default)]
pub struct CloudsmithWorld {
    organization: String,
    service: String,
    /// The tokens that it gave.
    pub given: Vec<String>,
}

impl Cloudsmith {
    /// When all its tokens end, in seconds since 1970.
    pub const ENDS: u64 = 4_000_000_001;

    pub async fn start(organization: &str, service: &str) -> Result<Self, Error> {
        let fake = Fake::start("Cloudsmith", CloudsmithWorld::answer).await?;
        organization.clone_into(&mut fake.open().organization);
        service.clone_into(&mut fake.open().service);
        Ok(Self(fake))
    }

    pub fn url(&self) -> String {
        self.0.faults.url()
    }

    pub fn faults(&self) -> &Faults {
        &self.0.faults
    }

    pub fn world(&self) -> MutexGuard<'_, CloudsmithWorld> {
        self.0.open()
    }
}

impl CloudsmithWorld {
    fn answer(&mut self, asked: &Asked) -> Response {
        let path: Vec<_> = asked.path.iter().map(String::as_str).collect();
        let body = asked.json();
        let is_trusted = body["oidc_token"]
            .as_str()
            .is_some_and(|token| token.starts_with("token-"));
        match (&asked.method, path.as_slice()) {
            (&Method::POST, ["openid", organization])
                if *organization == self.organization && body["service_slug"] == self.service.as_str() =>
            {
                if !is_trusted {
                    return reply(401, &json!({"detail": "Invalid token."}));
                }
                let token = jwt(&json!({"exp": Cloudsmith::ENDS, "n": self.given.len()}));
                self.given.push(token.clone());
                reply(201, &json!({ "token": token }))
            }
            _ => reply(404, &json!({"detail": "Not found."})),
        }
    }
}
