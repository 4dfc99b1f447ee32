//! A small Infisical on loopback: secrets in folders of environments of projects, and machine identities.
//!
//! It is made from the public documents of the API, and believed only because Infisical's own client for Python agrees with
//! it: `infisical_s_own_client_agrees_with_the_fake`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::MutexGuard;

use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::Method;
use serde_json::{Value, json};

use crate::certificates::RsaIdentity;
use crate::fake::{Asked, Fake, part, reply};
use crate::{Error, Faults};

/// A running Infisical; ended when dropped.
#[derive(Debug)]
pub struct Infisical(Fake<World>);

/// Where a secret is: project, environment, folder, name.
type Place = (String, String, String, String);

/// Everything that it knows.
#[derive(Debug, Default)]
struct World {
    secrets: BTreeMap<Place, Secret>,
    /// Folders of project and environment whose secrets are seen in others.
    imports: Vec<[String; 4]>,
    /// By what it logs in with: the method's name, and all that is shown.
    identities: BTreeSet<(String, BTreeMap<String, String>)>,
    bearers: Vec<Bearer>,
    tokens: BTreeSet<String>,
    log_ins: usize,
    /// Seconds.
    life: Option<u64>,
}

/// An identity that shows a JWT of somebody else.
#[derive(Debug)]
struct Bearer {
    method: String,
    id: String,
    claims: BTreeMap<String, String>,
    key: Option<RsaIdentity>,
}

#[derive(Debug)]
struct Secret {
    value: String,
    is_hidden: bool,
}

impl Infisical {
    /// Starts one, empty.
    pub async fn start() -> Result<Self, Error> {
        Ok(Self(Fake::start("Infisical", World::answer).await?))
    }

    /// What stands before all of it.
    pub fn faults(&self) -> &Faults {
        &self.0.faults
    }

    /// Its address, without the API's path.
    pub fn url(&self) -> String {
        self.0.faults.url()
    }

    /// Makes an identity that logs in by this method (such as `universal-auth`) with all of this.
    pub fn admit(&self, method: &str, shown: &[(&str, &str)]) {
        let shown = shown
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        self.open()
            .identities
            .insert((method.to_owned(), shown.collect()));
    }

    /// Makes an identity that logs in by this method with a JWT that says all of this, and is signed with a key, if one is
    /// named.
    pub fn admit_bearer(&self, method: &str, id: &str, claims: &[(&str, &str)], key: Option<&RsaIdentity>) {
        let claims = claims.iter();
        let claims = claims.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        self.open().bearers.push(Bearer {
            method: method.to_owned(),
            id: id.to_owned(),
            claims: claims.collect(),
            key: key.cloned(),
        });
    }

    /// Makes a token.
    pub fn allow(&self, token: &str) {
        self.open().tokens.insert(token.to_owned());
    }

    /// Whether a token is good.
    pub fn knows(&self, token: &str) -> bool {
        self.open().tokens.contains(token)
    }

    /// Ends every token.
    pub fn end_tokens(&self) {
        self.open().tokens.clear();
    }

    /// Says how long tokens live, in seconds; an hour if not.
    pub fn tokens_live(&self, seconds: u64) {
        self.open().life = Some(seconds);
    }

    /// How often somebody logged in.
    pub fn log_ins(&self) -> usize {
        self.open().log_ins
    }

    /// Sets a secret: project, environment, folder, name.
    pub fn put(&self, place: [&str; 4], value: &str) {
        self.set(place, value, false);
    }

    /// Takes a secret away.
    pub fn remove(&self, place: [&str; 4]) {
        let place: Place = place.map(str::to_owned).into();
        self.open().secrets.remove(&place);
    }

    /// Sets one whose value nobody may see.
    pub fn put_hidden(&self, place: [&str; 4]) {
        self.set(place, "<hidden-by-infisical>", true);
    }

    /// Lets the secrets of a folder be seen in another: project, environment, folder, and the folder that is imported.
    pub fn import(&self, place: [&str; 4]) {
        self.open().imports.push(place.map(str::to_owned));
    }

    fn set(&self, place: [&str; 4], value: &str, is_hidden: bool) {
        let secret = Secret {
            value: value.to_owned(),
            is_hidden,
        };
        self.open()
            .secrets
            .insert(place.map(str::to_owned).into(), secret);
    }

    fn open(&self) -> MutexGuard<'_, World> {
        self.0.open()
    }
}

impl Bearer {
    fn shows(&self, method: &str, shown: &BTreeMap<String, String>) -> bool {
        let (Some(id), Some(jwt), 2) = (shown.get("identityId"), shown.get("jwt"), shown.len()) else {
            return false;
        };
        let said = part(jwt, 1).unwrap_or_default();
        let mut claims = self.claims.iter();
        *method == self.method
            && *id == self.id
            && claims.all(|(name, value)| said[name] == value.as_str())
            && self.key.as_ref().is_none_or(|key| is_signed(jwt, key))
    }
}

fn is_signed(jwt: &str, key: &RsaIdentity) -> bool {
    let Some((message, signature)) = jwt.rsplit_once('.') else {
        return false;
    };
    let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.public_key());
    let signature = URL_SAFE_NO_PAD.decode(signature);
    signature.is_ok_and(|signature| key.verify(message.as_bytes(), &signature).is_ok())
}

type Refusal = (u16, &'static str, String);

impl World {
    fn answer(&mut self, asked: &Asked) -> Response {
        let path: Vec<_> = asked.path.iter().map(String::as_str).collect();
        let answer = match (&asked.method, path.as_slice()) {
            (&Method::POST, ["api", "v1", "auth", "token", "revoke"]) => Ok(self.revoke(asked)),
            (&Method::POST, ["api", "v1", "auth", method, "login"]) => self.log_in(method, asked),
            (&Method::GET, ["api", "v3", "secrets", "raw"]) => self.list(asked),
            (&Method::GET, ["api", "v3", "secrets", "raw", name]) => self.get(name, asked),
            _ => Err((404, "Not Found", "Route not found".to_owned())),
        };
        answer.unwrap_or_else(|(status, error, message)| {
            reply(
                status,
                &json!({"statusCode": status, "error": error, "message": message}),
            )
        })
    }

    fn log_in(&mut self, method: &str, asked: &Asked) -> Result<Response, Refusal> {
        let shown: BTreeMap<String, String> = serde_json::from_value(asked.json()).unwrap_or_default();
        let is_bearer = self.bearers.iter().any(|bearer| bearer.shows(method, &shown));
        if !is_bearer && !self.identities.contains(&(method.to_owned(), shown)) {
            return Err((401, "Unauthorized", "Invalid credentials".to_owned()));
        }
        self.log_ins += 1;
        let token = format!("token-{}", self.log_ins);
        self.tokens.insert(token.clone());
        let life = self.life.unwrap_or(3600);
        Ok(reply(
            200,
            &json!({"accessToken": token, "expiresIn": life, "accessTokenMaxTTL": life, "tokenType": "Bearer"}),
        ))
    }

    fn revoke(&mut self, asked: &Asked) -> Response {
        let body = asked.json();
        self.tokens
            .remove(body["accessToken"].as_str().unwrap_or_default());
        reply(200, &json!({"message": "Successfully revoked access token"}))
    }

    /// Project, environment and folder, if they are there and may be seen.
    fn scope(&self, asked: &Asked) -> Result<[String; 3], Refusal> {
        let is_known = asked.bearer().is_some_and(|token| self.tokens.contains(token));
        if !is_known {
            return Err((401, "Unauthorized", "Token missing or ended".to_owned()));
        }
        let [project, environment, folder] =
            ["workspaceSlug", "environment", "secretPath"].map(|name| asked.parameter(name).to_owned());
        let mut of_project = self.secrets.keys().filter(|place| place.0 == project).peekable();
        let missing =
            |what: &str, slug: &str| (404, "NotFound", format!("{what} with slug '{slug}' not found"));
        of_project.peek().ok_or_else(|| missing("Project", &project))?;
        if of_project.all(|place| place.1 != environment) {
            return Err(missing("Environment", &environment));
        }
        let folder = format!("/{}", folder.trim_matches('/'));
        Ok([project, environment, folder])
    }

    fn get(&self, name: &str, asked: &Asked) -> Result<Response, Refusal> {
        let [project, environment, folder] = self.scope(asked)?;
        let imported = self.imports_of(&project, &environment, &folder);
        let mut folders = std::iter::once(folder.clone()).chain(imported);
        let found = folders.find_map(|folder| {
            let place = (project.clone(), environment.clone(), folder, name.to_owned());
            self.secrets.get_key_value(&place)
        });
        let (place, secret) =
            found.ok_or_else(|| (404, "NotFound", format!("Secret with name '{name}' not found")))?;
        Ok(reply(200, &json!({"secret": shown(place, secret)})))
    }

    fn list(&self, asked: &Asked) -> Result<Response, Refusal> {
        let [project, environment, folder] = self.scope(asked)?;
        let is_recursive = asked.parameter("recursive") == "true";
        let below = format!("{}/", folder.trim_end_matches('/'));
        let of = |is_wanted: &dyn Fn(&str) -> bool| {
            let secrets = self
                .secrets
                .iter()
                .filter(|(place, _)| place.0 == project && place.1 == environment && is_wanted(&place.2));
            secrets
                .map(|(place, secret)| shown(place, secret))
                .collect::<Vec<_>>()
        };
        let secrets = of(&|found| found == folder || (is_recursive && found.starts_with(&below)));
        let imports = self.imports_of(&project, &environment, &folder);
        let imports = imports.map(|imported| {
            let secrets = of(&|found| found == imported);
            json!({"secretPath": imported, "environment": environment, "secrets": secrets})
        });
        let imports: Vec<_> = imports.collect();
        Ok(reply(200, &json!({"secrets": secrets, "imports": imports})))
    }

    fn imports_of(&self, project: &str, environment: &str, folder: &str) -> impl Iterator<Item = String> {
        let of = [project, environment, folder];
        let imports = self.imports.iter().filter(|import| import[..3] == of);
        imports
            .map(|import| import[3].clone())
            .collect::<Vec<_>>()
            .into_iter()
    }
}

fn shown((project, environment, folder, name): &Place, secret: &Secret) -> Value {
    json!({
        "id": name, "_id": name, "workspace": project, "environment": environment, "version": 1, "type": "shared",
        "secretKey": name, "secretValue": secret.value, "secretValueHidden": secret.is_hidden,
        "secretPath": folder, "secretComment": "", "createdAt": "2026-01-01T00:00:00Z",
        "updatedAt": "2026-01-01T00:00:00Z",
    })
}
