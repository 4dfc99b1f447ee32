//! Dynamic secrets of `BeyondTrust` Workload Credentials, from the public document of its API. Believed because bt-cli
//! agrees: `clients_of_others_agree_with_the_fakes`.

use std::collections::BTreeSet;
use std::sync::MutexGuard;

use axum::response::Response;
use http::Method;
use serde_json::{Value, json};

use crate::fake::{Asked, Fake, reply};
use crate::{Error, Faults};

/// With one site, which lets in whoever has the token.
#[derive(Debug)]
pub struct Beyondtrust(Fake<BeyondtrustWorld>);

/// What it knows.
#[derive(Debug, Default)]
pub struct BeyondtrustWorld {
    site: String,
    token: String,
    /// Folder and name.
    secrets: BTreeSet<(String, String)>,
    /// What was made, in order.
    pub made: Vec<Lease>,
    /// When all of that ends.
    pub ends: String,
    /// Whether the answers have the shape of another cloud's credentials.
    pub is_other_cloud: bool,
}

/// A credential, and what it was made from.
#[derive(Debug)]
pub struct Lease {
    pub id: String,
    pub folder: String,
    pub name: String,
    /// Access key, secret key and session token.
    pub values: [String; 3],
}

impl Beyondtrust {
    pub const SITE: &str = "84038398-ec0f-417d-9a0f-02494fd7d22c";
    const VERSION: &str = "2026-04-28";

    /// The token is that part of all it makes, too.
    pub async fn start(token: &str) -> Result<Self, Error> {
        let fake = Fake::start("BeyondTrust", BeyondtrustWorld::answer).await?;
        {
            let mut world = fake.open();
            token.clone_into(&mut world.token);
            Self::SITE.clone_into(&mut world.site);
            "2099-01-01T00:00:00Z".clone_into(&mut world.ends);
        }
        Ok(Self(fake))
    }

    /// Without TLS, and without the path of the API.
    pub fn url(&self) -> String {
        self.0.faults.url()
    }

    pub fn faults(&self) -> &Faults {
        &self.0.faults
    }

    pub fn world(&self) -> MutexGuard<'_, BeyondtrustWorld> {
        self.0.open()
    }
}

impl BeyondtrustWorld {
    /// Defines a dynamic secret.
    pub fn put_secret(&mut self, folder: &str, name: &str) {
        self.secrets.insert((folder.to_owned(), name.to_owned()));
    }

    fn answer(&mut self, asked: &Asked) -> Response {
        let path = asked.unescaped();
        let path: Vec<_> = path.iter().map(String::as_str).collect();
        // The product has an older name, under which it is still there.
        let ["site", site, "secrets" | "wlc", rest @ ..] = path.as_slice() else {
            return refusal(404, "not found");
        };
        if asked.bearer() != Some(self.token.as_str()) {
            return refusal(401, "unauthorized");
        }
        let versions = ["bt-secrets-api-version", "bt-wlc-api-version"];
        if !versions
            .iter()
            .any(|name| asked.header(name) == Some(Beyondtrust::VERSION))
        {
            return refusal(400, "failed to validate API version");
        }
        if *site != self.site {
            return refusal(403, "forbidden");
        }
        let folder = asked.parameter("folder");
        if folder.starts_with('/') || folder.ends_with('/') {
            return refusal(400, "invalid folder");
        }
        match (&asked.method, rest) {
            (&Method::POST, ["dynamic", name]) => {
                self.put_secret(folder, name);
                reply(201, &json!({"path": path_of(folder, name), "type": "dynamic"}))
            }
            (&Method::POST, ["dynamic", name, "generate"]) => self.generate(folder, name),
            (&Method::GET, ["leases", name]) => self.leases(folder, name),
            _ => refusal(404, "not found"),
        }
    }

    fn generate(&mut self, folder: &str, name: &str) -> Response {
        if !self.secrets.contains(&(folder.to_owned(), name.to_owned())) {
            return refusal(404, "secret not found");
        }
        let nth = self.made.len() + 1;
        let value = |kind: &str| format!("{}-{kind}-{nth}", self.token);
        let lease = Lease {
            id: format!("00000000-0000-4000-8000-{nth:012}"),
            folder: folder.to_owned(),
            name: name.to_owned(),
            values: ["access", "secret", "session"].map(value),
        };
        let secret = self.shown(&lease);
        self.made.push(lease);
        reply(201, &json!({ "secret": secret }))
    }

    fn shown(&self, lease: &Lease) -> Value {
        let [access, secret, session] = &lease.values;
        let mut shown = if self.is_other_cloud {
            json!({"clientId": access, "clientSecret": secret})
        } else {
            json!({"accessKeyId": access, "secretAccessKey": secret, "sessionToken": session})
        };
        shown["leaseId"] = lease.id.as_str().into();
        shown["expiration"] = self.ends.as_str().into();
        shown
    }

    fn leases(&self, folder: &str, name: &str) -> Response {
        let of = self
            .made
            .iter()
            .filter(|lease| (lease.folder.as_str(), lease.name.as_str()) == (folder, name));
        let shown: Vec<_> = of
            .map(|lease| json!({"leaseId": lease.id, "expiration": self.ends}))
            .collect();
        reply(200, &json!({ "data": shown }))
    }
}

fn path_of(folder: &str, name: &str) -> String {
    format!("/{folder}/{name}").replace("//", "/")
}

fn refusal(status: u16, why: &str) -> Response {
    reply(status, &json!({"error": why, "message": why}))
}
