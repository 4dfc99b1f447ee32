//! The tokens of GitHub's apps, from the public document of its REST API. Believed because `PyGithub` agrees:
//! `clients_of_others_agree_with_the_fakes`.

use std::sync::MutexGuard;

use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{Method, header};
use serde_json::{Value, json};

use crate::certificates::RsaIdentity;
use crate::fake::{Asked, Fake, reply};
use crate::{Error, Faults};

/// With one app, which is installed once.
#[derive(Debug)]
pub struct Github(Fake<GithubWorld>);

/// What it knows.
#[derive(Debug, Default)]
pub struct GithubWorld {
    app: String,
    installation: String,
    /// PKCS#1, DER.
    key: Vec<u8>,
    /// The tokens that it gave, and what was asked for with each.
    pub given: Vec<(String, Value)>,
}

impl Github {
    pub async fn start(app: &str, installation: &str, identity: &RsaIdentity) -> Result<Self, Error> {
        let fake = Fake::start("GitHub", GithubWorld::answer).await?;
        let (app, installation) = (app.to_owned(), installation.to_owned());
        *fake.open() = GithubWorld {
            app,
            installation,
            key: identity.public_key().to_vec(),
            given: Vec::new(),
        };
        Ok(Self(fake))
    }

    pub fn url(&self) -> String {
        self.0.faults.url()
    }

    pub fn faults(&self) -> &Faults {
        &self.0.faults
    }

    pub fn world(&self) -> MutexGuard<'_, GithubWorld> {
        self.0.open()
    }
}

impl GithubWorld {
    fn answer(&mut self, asked: &Asked) -> Response {
        if !self.is_the_app(asked) {
            return reply(401, &json!({"message": "A JSON web token could not be decoded"}));
        }
        let path: Vec<_> = asked.path.iter().map(String::as_str).collect();
        match (&asked.method, path.as_slice()) {
            (&Method::POST, ["app", "installations", id, "access_tokens"]) if *id == self.installation => {
                let token = format!("ghs_{}", self.given.len());
                let body = asked.json();
                let permissions = body.get("permissions").cloned().unwrap_or_else(|| json!({}));
                self.given.push((token.clone(), body));
                let said = json!({
                    "token": token, "expires_at": "2099-01-01T00:00:00Z", "permissions": permissions,
                    "repository_selection": "all",
                });
                reply(201, &said)
            }
            _ => reply(404, &json!({"message": "Not Found"})),
        }
    }

    /// As GitHub wants it: signed by the app's key, and good for ten minutes at most.
    fn is_the_app(&self, asked: &Asked) -> bool {
        let shown = asked.headers.get(header::AUTHORIZATION);
        let shown = shown.and_then(|shown| shown.to_str().ok()?.strip_prefix("Bearer "));
        let Some((message, signature)) = shown.and_then(|jwt| jwt.rsplit_once('.')) else {
            return false;
        };
        let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &self.key);
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap_or_default();
        let claims = message.split('.').nth(1).map(|part| URL_SAFE_NO_PAD.decode(part));
        let claims = claims.and_then(|claims| serde_json::from_slice::<Value>(&claims.ok()?).ok());
        let claims = claims.unwrap_or_default();
        let from = claims["iat"].as_u64().unwrap_or(u64::MAX);
        let ends = claims["exp"].as_u64().unwrap_or_default();
        let issuer = match &claims["iss"] {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        key.verify(message.as_bytes(), &signature).is_ok()
            && issuer == self.app
            && from < ends
            && ends - from <= 600
    }
}
