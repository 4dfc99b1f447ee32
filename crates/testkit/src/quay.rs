//! Quay's federated robot accounts, from its public document.

use std::sync::MutexGuard;

use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::{Method, header};
use serde_json::{Value, json};

use crate::fake::{Asked, Fake, reply};
use crate::{Error, Faults};

/// With one robot account, which trusts every token that begins as those of tests do.
#[derive(Debug)]
pub struct Quay(Fake<QuayWorld>);

/// What it knows.
#[derive(Debug, Default)]
pub struct QuayWorld {
    robot: String,
    /// The tokens that it gave.
    pub given: Vec<String>,
}

impl Quay {
    /// When all its tokens end, in seconds since 1970.
    pub const ENDS: u64 = 4_000_000_000;

    pub async fn start(robot: &str) -> Result<Self, Error> {
        let fake = Fake::start("Quay", QuayWorld::answer).await?;
        robot.clone_into(&mut fake.open().robot);
        Ok(Self(fake))
    }

    pub fn faults(&self) -> &Faults {
        &self.0.faults
    }

    pub fn world(&self) -> MutexGuard<'_, QuayWorld> {
        self.0.open()
    }
}

impl QuayWorld {
    fn answer(&mut self, asked: &Asked) -> Response {
        let shown = asked.headers.get(header::AUTHORIZATION);
        let shown = shown.and_then(|shown| shown.to_str().ok()?.strip_prefix("Basic "));
        let login = STANDARD.decode(shown.unwrap_or_default()).unwrap_or_default();
        let login = String::from_utf8_lossy(&login).into_owned();
        if !login.starts_with(&format!("{}:token-", self.robot)) {
            return reply(401, &json!({"error": "Invalid robot or token"}));
        }
        let path: Vec<_> = asked.path.iter().map(String::as_str).collect();
        match (&asked.method, path.as_slice()) {
            (&Method::GET, ["oauth2", "federation", "robot", "token"]) => {
                let token = jwt(&json!({"exp": Quay::ENDS, "sub": self.robot, "n": self.given.len()}));
                self.given.push(token.clone());
                reply(200, &json!({ "token": token }))
            }
            _ => reply(404, &json!({"error": "not found"})),
        }
    }
}

/// Nobody looks at its signature.
pub(crate) fn jwt(claims: &Value) -> String {
    let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
    format!("{}.{}.c2ln", encode(&json!({"alg": "RS256"})), encode(claims))
}
