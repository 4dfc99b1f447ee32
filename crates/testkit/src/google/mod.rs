//! A small Google Cloud on loopback: Secret Manager, the tokens of accounts, of federated identities and of GKE's, IAM
//! credentials, and a machine's metadata, that of AWS too.
//!
//! It is made from the public documents of the REST APIs, and believed only because Google's own clients for Python
//! agree with it: `google_s_own_clients_agree_with_the_fake`. Tokens are checked as at Google: whose they are, and
//! whether they have ended.

mod identities;
mod machine;
mod manager;
mod secrets;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::MutexGuard;

use axum::response::Response;
use http::Method;
use serde_json::{Value, json};

use crate::certificates::RsaIdentity;
use crate::fake::{Asked, Fake, reply};
use crate::{Authority, Error, Faults, Purpose, Tls};
use secrets::Secrets;

/// A running Google Cloud; ended when dropped.
#[derive(Debug)]
pub struct Google {
    fake: Fake<World>,
    tls: Tls,
    authority: Authority,
}

/// Everything that it knows.
#[derive(Debug, Default)]
struct World {
    /// As clients know it.
    url: String,
    /// Accounts with a key.
    accounts: BTreeMap<String, RsaIdentity>,
    /// Refresh tokens of people.
    people: BTreeSet<String>,
    /// Whoever is trusted, by audience: a token's subject, a whole token, or the id of a key of AWS.
    trusted: BTreeSet<(String, String)>,
    /// Who may act as whom.
    may_act_as: BTreeSet<(String, String)>,
    /// Whose each token is.
    tokens: BTreeMap<String, String>,
    made: usize,
    secrets: Secrets,
    /// Secrets that nobody may see.
    forbidden: BTreeSet<String>,
    /// Entries on a page at most, where it is fewer than Google's.
    page: Option<usize>,
}

impl Google {
    /// Its only project.
    pub const PROJECT: &str = "project-1";
    /// The same, as Google calls it in its answers.
    pub const NUMBER: &str = "123456789012";

    /// Starts one.
    pub async fn start() -> Result<Self, Error> {
        let fake = Fake::start("Google", World::answer).await?;
        let authority = Authority::new("google")?;
        let shown = authority.issue("services", Purpose::Server)?;
        let tls = Tls::before(fake.faults.address(), &shown).await?;
        let google = Self { fake, tls, authority };
        google.open().url = google.url();
        Ok(google)
    }

    /// In front of all of it, behind TLS.
    pub fn faults(&self) -> &Faults {
        &self.fake.faults
    }

    /// The address of all its services.
    pub fn url(&self) -> String {
        self.tls.url().replace("127.0.0.1", "localhost")
    }

    /// The address of a machine's metadata, which speak no TLS: `HOST:PORT`.
    pub fn metadata_host(&self) -> String {
        self.fake.faults.address().to_string()
    }

    /// What has to be trusted, PEM.
    pub fn authority(&self) -> String {
        self.authority.pem()
    }

    /// Makes an account, and tells its key as Google hands it out.
    pub fn add_account(&self, email: &str) -> Result<Value, Error> {
        let identity = RsaIdentity::new(email)?;
        let key = json!({
            "type": "service_account", "project_id": Self::PROJECT, "private_key_id": "key-1",
            "private_key": identity.key, "client_email": email, "token_uri": format!("{}/token", self.url()),
        });
        self.open().accounts.insert(email.to_owned(), identity);
        Ok(key)
    }

    /// Somebody is logged in with this refresh token.
    pub fn add_person(&self, refresh_token: &str) {
        self.open().people.insert(refresh_token.to_owned());
    }

    /// Trusts somebody from elsewhere with this audience: the subject of a token, a whole token that is no JWT, or the
    /// id of a key of AWS.
    pub fn trust(&self, audience: &str, subject: &str) {
        let pair = (audience.to_owned(), subject.to_owned());
        self.open().trusted.insert(pair);
    }

    /// Whoever is trusted under the one name may act as this account.
    pub fn let_act_as(&self, who: &str, email: &str) {
        let pair = (who.to_owned(), email.to_owned());
        self.open().may_act_as.insert(pair);
    }

    /// Ends every token.
    pub fn end_tokens(&self) {
        self.open().tokens.clear();
    }

    /// How many tokens were handed out.
    pub fn tokens(&self) -> usize {
        self.open().made
    }

    /// Nobody may see this secret.
    pub fn forbid(&self, id: &str) {
        self.open().forbidden.insert(id.to_owned());
    }

    /// Lists have so many entries on a page at most.
    pub fn set_page(&self, entries: usize) {
        self.open().page = Some(entries);
    }

    /// Adds a version to a secret, which is made if it is not there, and tells which.
    pub fn put(&self, id: &str, value: &[u8]) -> usize {
        self.put_in("", id, value)
    }

    /// The same in a location.
    pub fn put_in(&self, location: &str, id: &str, value: &[u8]) -> usize {
        let mut world = self.open();
        world.secrets.create(location, id, &json!({}));
        world.secrets.add_version(location, id, value).unwrap_or_default()
    }

    /// Makes a secret that has no version; what is said of it replaces what was said before.
    pub fn describe(&self, id: &str, said: &Value) {
        let mut world = self.open();
        world.secrets.create("", id, &json!({}));
        world
            .secrets
            .update("", id, said, &["labels", "annotations", "topics"]);
    }

    /// `ENABLED`, `DISABLED` or `DESTROYED`.
    pub fn set_state(&self, id: &str, version: usize, state: &str) {
        self.open().secrets.set_state("", id, version, state);
    }

    /// What is said of a secret, if there is one.
    pub fn get(&self, id: &str) -> Option<Value> {
        self.open().secrets.said("", id)
    }

    /// The newest value of a secret, and how many versions there are.
    pub fn newest(&self, id: &str) -> (Option<Vec<u8>>, usize) {
        self.open().secrets.newest("", id)
    }

    /// The same in a location.
    pub fn newest_in(&self, location: &str, id: &str) -> (Option<Vec<u8>>, usize) {
        self.open().secrets.newest(location, id)
    }

    fn open(&self) -> MutexGuard<'_, World> {
        self.fake.open()
    }
}

impl World {
    fn new_token(&mut self, whose: &str) -> String {
        self.made += 1;
        let token = format!("token-{}", self.made);
        self.tokens.insert(token.clone(), whose.to_owned());
        token
    }

    fn answer(&mut self, asked: &Asked) -> Response {
        let path: Vec<_> = asked.path.iter().map(String::as_str).collect();
        match (&asked.method, path.as_slice()) {
            (&Method::POST, ["token"]) => identities::grant(self, asked),
            (&Method::POST, ["v1", "token"]) => identities::exchange(self, asked),
            (&Method::POST, ["v1", "identitybindingtoken"]) => identities::bind(self, asked),
            (&Method::POST, ["v1", "projects", _, "serviceAccounts", account]) => {
                identities::of_account(self, asked, account)
            }
            (&Method::GET, ["computeMetadata", "v1", path @ ..]) => machine::of_google(self, asked, path),
            (_, ["latest", ..]) => machine::of_aws(asked),
            (_, ["v1", "projects", project, rest @ ..]) => manager::answer(self, asked, project, rest),
            _ => lost(),
        }
    }
}

/// What Google's doors say to whoever asks for nothing that there is: a page, and no JSON.
fn lost() -> Response {
    let mut response = Response::new("<!DOCTYPE html><title>Error 404 (Not Found)!!1</title>".into());
    *response.status_mut() = http::StatusCode::NOT_FOUND;
    response
}

/// How Google's services say no.
fn error(code: u16, status: &str, message: &str) -> Response {
    let reason = match status {
        "PERMISSION_DENIED" => "IAM_PERMISSION_DENIED",
        "UNAUTHENTICATED" => "ACCESS_TOKEN_EXPIRED",
        _ => "",
    };
    let mut error = json!({"code": code, "message": format!("{message} (canary-4f1c)"), "status": status});
    if !reason.is_empty() {
        error["details"] = json!([{
            "@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason, "domain": "googleapis.com",
        }]);
    }
    reply(code, &json!({ "error": error }))
}
