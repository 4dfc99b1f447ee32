//! An application that is registered with Entra: it shows that it is the one, and gets a token.

use std::time::Duration;

use http::header::CONTENT_TYPE;
use jiff::Timestamp;
use lockstep_api::ServiceAccountSelector;
use url::Url;
use url::form_urlencoded::Serializer;

use super::Finder;
use super::assertion::Signer;
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::provider::References;
use crate::provider::entra::granted;
use crate::provider::granted::Granted;
use crate::provider::http::{Http, below};

/// Of the tokens of ServiceAccounts; that of a token when none is asked for.
const LIFETIME: Duration = Duration::from_hours(1);
/// For whom those tokens are.
const AUDIENCE: &str = "api://AzureADTokenExchange";
const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

pub(crate) struct Application {
    http: Http,
    url: Url,
    client: String,
    evidence: Evidence,
    what: String,
}

/// What shows that it is the application who asks.
pub(super) enum Evidence {
    Secret(String),
    Certificate(Signer),
    /// That it has a ServiceAccount which the application trusts.
    Account {
        account: ServiceAccountSelector,
        references: References,
        field: String,
    },
    /// The same, by a token that was put into our own pod.
    File {
        path: String,
        field: String,
    },
}

impl Application {
    pub(super) fn new(
        finder: &Finder<'_>,
        tenant: &str,
        client: String,
        evidence: Evidence,
    ) -> Result<Self, Problem> {
        let url = token_url(finder, tenant)?;
        Ok(Self {
            what: format!(
                "{}: login at {}",
                finder.field,
                url.host_str().unwrap_or_default()
            ),
            http: finder.http.clone(),
            url,
            client,
            evidence,
        })
    }

    pub(super) async fn log_in(&self, audience: &str) -> Result<Granted, Problem> {
        let form = self.form(&self.shown().await?, audience)?;
        let request = self.http.client().post(self.url.clone());
        let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        let answer = self.http.send(request.body(form), &self.what).await?;
        granted(&answer, &self.what)
    }

    fn form(&self, shown: &Shown<'_>, audience: &str) -> Result<String, Problem> {
        let scope = format!("{}/.default", audience.trim_end_matches('/'));
        let mut form = Serializer::new(String::new());
        form.append_pair("grant_type", "client_credentials")
            .append_pair("client_id", &self.client)
            .append_pair("scope", &scope);
        match shown {
            Shown::Secret(secret) => form.append_pair("client_secret", secret),
            Shown::Assertion(token) => form
                .append_pair("client_assertion_type", ASSERTION)
                .append_pair("client_assertion", text(token, &self.what)?),
        };
        Ok(form.finish())
    }

    async fn shown(&self) -> Result<Shown<'_>, Problem> {
        match &self.evidence {
            Evidence::Secret(secret) => Ok(Shown::Secret(secret)),
            Evidence::Certificate(signer) => {
                let token = signer.assertion(&self.client, self.url.as_str(), Timestamp::now())?;
                Ok(Shown::Assertion(token))
            }
            Evidence::Account {
                account,
                references,
                field,
            } => {
                let token = references.service_account_token(account, &[AUDIENCE], LIFETIME, field);
                token.await.map(Shown::Assertion)
            }
            Evidence::File { path, field } => own_token(path, field).await.map(Shown::Assertion),
        }
    }
}

enum Shown<'s> {
    Secret(&'s str),
    Assertion(SecretBytes),
}

async fn own_token(path: &str, field: &str) -> Result<SecretBytes, Problem> {
    let token = tokio::fs::read(path).await.map(SecretBytes::from);
    token.map_err(|_| Problem::ReferenceInvalid {
        field: field.to_owned(),
        why: "the token that AZURE_FEDERATED_TOKEN_FILE names cannot be read".to_owned(),
    })
}

fn text<'t>(token: &'t SecretBytes, what: &str) -> Result<&'t str, Problem> {
    let text = std::str::from_utf8(token.expose()).map(str::trim);
    text.map_err(|_| Problem::BadData {
        why: format!("{what}: the token to show is not text"),
    })
}

/// A tenant becomes part of a path: nothing else may get in there.
fn token_url(finder: &Finder<'_>, tenant: &str) -> Result<Url, Problem> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
    let is_tenant =
        !tenant.is_empty() && tenant.len() <= 253 && !tenant.starts_with('.') && tenant.bytes().all(is_plain);
    if !is_tenant {
        return Err(finder.invalid("tenantId", "must be the id or a domain of a tenant"));
    }
    let authority = Url::parse(finder.authority).ok();
    let authority = authority.filter(|url| url.scheme() == "https" && url.has_host());
    let mut url = authority.ok_or_else(|| {
        let field = "customCloudConfig.activeDirectoryEndpoint";
        finder.invalid(field, "must be an https URL")
    })?;
    url.set_query(None);
    url.set_fragment(None);
    Ok(below(&url, &[tenant, "oauth2", "v2.0", "token"]))
}
