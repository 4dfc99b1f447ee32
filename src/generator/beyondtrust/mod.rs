//! `BeyondtrustWorkloadCredentialsDynamicSecret`: credentials for AWS that `BeyondTrust` makes, and that end by themselves.
//! That somebody may end them before is in no public document of its API, so nothing is undone, as in ESO.

mod note;

use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use lockstep_api::generator::{
    BeyondtrustProvider, BeyondtrustServer, BeyondtrustWorkloadCredentialsDynamicSecretSpec, FreeJson,
};
use lockstep_gostd::json::{Object, Value};
use reqwest::RequestBuilder;
use url::Url;

use super::Order;
use super::page::{Keeping, Made};
use super::patience::Patience;
use super::web::{self, Hints, Web};
use crate::engine::lease::Life;
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::engine::values::Values;
use crate::provider::References;
use crate::provider::http::Http;

pub use self::note::Note;

const FIELD: &str = "spec.provider";
const PATH: &str = "spec.provider.folderPath";
const TOKEN: &str = "spec.provider.auth.apikey.token";
const SITE: &str = "spec.provider.server.siteId";
const ADDRESS: &str = "spec.provider.server.apiUrl";
/// What every request has to name.
const VERSION: (&str, &str) = ("bt-secrets-api-version", "2026-04-28");
const JSON: &str = "application/json";
const HINTS: Hints = &[
    (400, "BeyondTrust does not take the request; check folderPath"),
    (401, "BeyondTrust does not take the token"),
    (
        403,
        "the token may not generate from this dynamic secret, or the site has none of this name",
    ),
    (404, "the site has no such dynamic secret"),
];

pub async fn generate(
    spec: &BeyondtrustWorkloadCredentialsDynamicSecretSpec,
    resource: FreeJson,
    (web, references): (&Web, &References),
    order: Order<'_>,
) -> Result<Values, Problem> {
    // What is made without an answer ends by itself, but is somebody's bill: nothing is repeated unless the spec says so.
    let patience = Patience::of(spec.retry_settings.as_ref(), 0)?;
    let secret = DynamicSecret::open(&spec.provider, (web, references)).await?;
    let made = patience.ask(|| secret.generate()).await?;
    note(&spec.provider, resource, &made, order);
    Ok(made.values())
}

/// ESO notes that something was made, too.
fn note(provider: &BeyondtrustProvider, resource: FreeJson, made: &Credentials, order: Order<'_>) {
    if order.page.keeping() != Keeping::Noted {
        return;
    }
    let ends = made.expiration.parse().ok();
    let term = ends.and_then(|ends| note::term(order.now, ends));
    let note = Note {
        path: provider.folder_path.clone().unwrap_or_default(),
        term: term.filter(|term| order.outlives(&Life::begun("", [*term]))),
    };
    order.page.made(Made {
        resource,
        content: note.write(),
    });
}

/// Where credentials are made.
struct DynamicSecret {
    http: Http,
    url: Url,
    token: SecretBytes,
    /// For messages.
    what: String,
}

impl DynamicSecret {
    async fn open(
        provider: &BeyondtrustProvider,
        (web, references): (&Web, &References),
    ) -> Result<Self, Problem> {
        let path = provider.folder_path.as_deref().unwrap_or_default();
        let url = url(&provider.server, path)?;
        let token = references.secret_key(&provider.auth.apikey.token, TOKEN).await?;
        let authorities = references
            .certificate_authority(provider.ca_bundle.as_ref(), provider.ca_provider.as_ref(), FIELD)
            .await?;
        Ok(Self {
            http: web.trusting(authorities, FIELD).await?,
            url,
            token,
            what: format!("dynamic secret {path}"),
        })
    }

    async fn generate(&self) -> Result<Credentials, Problem> {
        let answer = web::ask(&self.http, self.request()?, &self.what, HINTS).await?;
        match web::members(&answer, &self.what)?.get("secret") {
            Some(Value::Object(secret)) => Credentials::read(secret, &self.what),
            _ => Err(web::unusable(&self.what, "it has no secret")),
        }
    }

    fn request(&self) -> Result<RequestBuilder, Problem> {
        let (name, version) = VERSION;
        let request = self.http.client().post(self.url.clone());
        Ok(request
            .header(AUTHORIZATION, web::header("Bearer ", &self.token, TOKEN)?)
            .header(name, version)
            .header(CONTENT_TYPE, JSON)
            .header(ACCEPT, JSON))
    }
}

struct Credentials {
    access_key: SecretBytes,
    secret_key: SecretBytes,
    session_token: Option<SecretBytes>,
    lease: String,
    expiration: String,
}

impl Credentials {
    /// ESO takes what is not there for empty, and so writes over what works with nothing.
    fn read(secret: &Object<'_>, what: &str) -> Result<Self, Problem> {
        let told = |name: &str| web::text(secret, name, what).ok().unwrap_or_default().to_owned();
        Ok(Self {
            access_key: web::text(secret, "accessKeyId", what)?.into(),
            secret_key: web::text(secret, "secretAccessKey", what)?.into(),
            session_token: web::text(secret, "sessionToken", what)
                .ok()
                .map(SecretBytes::from),
            lease: told("leaseId"),
            expiration: told("expiration"),
        })
    }

    fn values(self) -> Values {
        let always = [
            ("accessKeyId", self.access_key),
            ("secretAccessKey", self.secret_key),
            ("leaseId", self.lease.into()),
            ("expiration", self.expiration.into()),
        ];
        let session = self.session_token.map(|token| ("sessionToken", token));
        let all = always.into_iter().chain(session);
        all.map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

fn url(server: &BeyondtrustServer, path: &str) -> Result<Url, Problem> {
    let address = web::address(&server.api_url, ADDRESS)?;
    if address.scheme() != "https" {
        return Err(invalid(ADDRESS, "must be an address that begins with https://"));
    }
    if !is_uuid(&server.site_id) {
        return Err(invalid(
            SITE,
            "must be a UUID, such as 84038398-ec0f-417d-9a0f-02494fd7d22c",
        ));
    }
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    if matches!(name, "" | "." | "..") {
        return Err(invalid(PATH, "must end with the name of a dynamic secret"));
    }
    let mut url = web::below(
        &address,
        &[&server.site_id, "secrets", "dynamic", name, "generate"],
    );
    // The API's folders have no slash around them.
    let folder = folder.trim_matches('/');
    if !folder.is_empty() {
        url.query_pairs_mut().append_pair("folder", folder);
    }
    Ok(url)
}

fn is_uuid(text: &str) -> bool {
    let is_sign = |(place, byte): (usize, u8)| match place {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    };
    text.len() == 36 && text.bytes().enumerate().all(is_sign)
}

fn invalid(field: &str, why: &str) -> Problem {
    Problem::InvalidSpec {
        field: field.to_owned(),
        why: why.to_owned(),
    }
}

#[cfg(test)]
mod tests;
