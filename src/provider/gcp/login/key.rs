//! An account of Google Cloud, by its key: what we signed is exchanged for a token.

use jiff::Timestamp;
use serde_json::json;
use url::Url;

use crate::engine::problem::Problem;
use crate::provider::google::{AccountKey, SCOPE, Services};
use crate::provider::granted::Granted;

const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// How long what was signed can be shown, in seconds, and what it is exchanged for lives.
const LIFETIME: i64 = 3600;

pub(crate) struct Key {
    account: AccountKey,
    url: Url,
    services: Services,
    what: String,
}

impl Key {
    pub(super) fn new(key: AccountKey, services: Services) -> Result<Self, Problem> {
        let url = Url::parse(&key.token_uri).ok();
        let url = url.filter(|url| url.scheme() == "https" && url.has_host());
        let url = url.ok_or_else(|| Problem::ReferenceInvalid {
            field: services.field().to_owned(),
            why: "has a `token_uri` that is no https URL".to_owned(),
        })?;
        Ok(Self {
            what: format!(
                "{}: login at {}",
                services.field(),
                url.host_str().unwrap_or_default()
            ),
            account: key,
            url,
            services,
        })
    }

    pub(super) fn project(&self) -> Option<&str> {
        self.account.project.as_deref()
    }

    pub(super) async fn log_in(&self) -> Result<Granted, Problem> {
        let now = Timestamp::now().as_second();
        let claims = json!({
            "iss": self.account.email, "scope": SCOPE, "aud": self.account.token_uri, "iat": now, "exp": now + LIFETIME,
        });
        let assertion = self.account.jwt(&claims)?;
        let assertion = String::from_utf8_lossy(assertion.expose());
        let form = [("grant_type", GRANT), ("assertion", &*assertion)];
        let body = self
            .services
            .post(self.url.clone(), &form, None, &self.what)
            .await?;
        Granted::read(&body, &self.what)
    }
}
