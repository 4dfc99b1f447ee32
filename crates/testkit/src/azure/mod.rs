//! A small Azure on loopback: Microsoft Entra's tokens, a key vault, a machine's metadata and a registry.
//!
//! It is made from the public documents of the REST APIs, and believed only because Azure's own clients for Python
//! agree with it: `azure_s_own_clients_agree_with_the_fake`. Tokens are checked as in Azure: for whom they are, and
//! whether they have ended.

mod assertion;
mod entra;
mod objects;
mod registry;
mod vault;

use std::collections::BTreeMap;
use std::sync::MutexGuard;

use axum::response::Response;
use http::Method;
use serde_json::{Value, json};

use crate::certificates::RsaIdentity;
use crate::fake::{Asked, Fake};
use crate::{Authority, Error, Faults, Purpose, Tls};
use entra::Application;
use objects::Objects;

/// A running Azure; ended when dropped.
#[derive(Debug)]
pub struct Azure {
    fake: Fake<World>,
    tls: Tls,
    authority: Authority,
}

/// Everything that it knows.
#[derive(Debug, Default)]
struct World {
    /// As clients know it.
    url: String,
    applications: BTreeMap<String, Application>,
    /// For whom each token is.
    tokens: BTreeMap<String, String>,
    made: usize,
    objects: Objects,
}

impl Azure {
    /// The tenant of everybody in it.
    pub const TENANT: &str = "11111111-2222-3333-4444-555555555555";

    /// Starts one.
    pub async fn start() -> Result<Self, Error> {
        let fake = Fake::start("Azure", World::answer).await?;
        let authority = Authority::new("azure")?;
        let shown = authority.issue("vault", Purpose::Server)?;
        let tls = Tls::before(fake.faults.address(), &shown).await?;
        let azure = Self { fake, tls, authority };
        azure.open().url = azure.url();
        Ok(azure)
    }

    /// In front of all of it, behind TLS.
    pub fn faults(&self) -> &Faults {
        &self.fake.faults
    }

    /// The address of the vault, and of Entra.
    pub fn url(&self) -> String {
        self.tls.url().replace("127.0.0.1", "localhost")
    }

    /// The address of the machine's metadata, which speak no TLS.
    pub fn metadata_url(&self) -> String {
        self.fake.faults.url()
    }

    /// What has to be trusted, PEM.
    pub fn authority(&self) -> String {
        self.authority.pem()
    }

    /// Registers an application with a secret.
    pub fn register_secret(&self, client: &str, secret: &str) {
        self.open().application(client).secrets.push(secret.to_owned());
    }

    /// Registers an application with a certificate.
    pub fn register_certificate(&self, client: &str, identity: &RsaIdentity) {
        self.open()
            .application(client)
            .certificates
            .push(identity.clone());
    }

    /// Registers an application that trusts a subject: that of a token, or a whole token that is no JWT.
    pub fn register_subject(&self, client: &str, subject: &str) {
        self.open().application(client).subjects.push(subject.to_owned());
    }

    /// Ends every token.
    pub fn end_tokens(&self) {
        self.open().tokens.clear();
    }

    /// Whether a token is good, and for this audience.
    pub fn is_for(&self, token: &str, audience: &str) -> bool {
        let world = self.open();
        world.tokens.get(token).is_some_and(|known| known == audience)
    }

    /// How many tokens were handed out.
    pub fn tokens(&self) -> usize {
        self.open().made
    }

    /// Puts a version of a secret into the vault, and tells which.
    pub fn put_secret(&self, name: &str, value: &str, tags: &[(&str, &str)]) -> String {
        let tags: BTreeMap<_, _> = tags.iter().copied().collect();
        self.put("secrets", name, json!({"value": value}), json!(tags))
    }

    /// The same for a certificate without its key, DER.
    pub fn put_certificate(&self, name: &str, der: &[u8], tags: &[(&str, &str)]) -> String {
        let tags: BTreeMap<_, _> = tags.iter().copied().collect();
        self.put(
            "certificates",
            name,
            json!({"cer": vault::base64(der)}),
            json!(tags),
        )
    }

    /// The same for a key, JWK.
    pub fn put_key(&self, name: &str, key: &Value) -> String {
        self.put("keys", name, json!({ "key": key }), json!({}))
    }

    /// Sets attributes of the newest version of a secret, such as `enabled`.
    pub fn set_attributes(&self, name: &str, attributes: &Value) {
        self.open().objects.set_attributes("secrets", name, attributes);
    }

    /// Deletes a secret, so that it can be recovered.
    pub fn delete_secret(&self, name: &str) {
        self.open().objects.delete("secrets", name);
    }

    /// What the vault tells of the newest version of an object, if there is one.
    pub fn get(&self, folder: &str, name: &str) -> Option<Value> {
        let world = self.open();
        world.objects.bundle(&world.url, folder, name, None)
    }

    /// How many versions there are.
    pub fn versions(&self, folder: &str, name: &str) -> usize {
        self.open().objects.versions(folder, name)
    }

    fn put(&self, folder: &str, name: &str, body: Value, tags: Value) -> String {
        self.open().objects.put(folder, name, body, tags, &json!({}))
    }

    fn open(&self) -> MutexGuard<'_, World> {
        self.fake.open()
    }
}

impl World {
    fn application(&mut self, client: &str) -> &mut Application {
        self.applications.entry(client.to_owned()).or_default()
    }

    fn new_token(&mut self, audience: &str) -> String {
        self.made += 1;
        let token = format!("token-{}", self.made);
        self.tokens
            .insert(token.clone(), audience.trim_end_matches('/').to_owned());
        token
    }

    fn answer(&mut self, asked: &Asked) -> Response {
        let path: Vec<_> = asked.path.iter().map(String::as_str).collect();
        match (&asked.method, path.as_slice()) {
            (&Method::POST, ["oauth2", "exchange" | "token"]) => registry::answer(self, asked),
            (&Method::POST, [tenant, "oauth2", "v2.0", "token"]) => entra::token(self, tenant, asked),
            (&Method::GET, [tenant, "v2.0", ".well-known", "openid-configuration"]) => {
                entra::about(&self.url, tenant)
            }
            (&Method::GET, ["metadata", "identity", "oauth2", "token"]) => entra::of_machine(self, asked),
            _ => vault::answer(self, asked),
        }
    }
}
