//! Our own identity, found where Google's own clients look: a file that somebody named, what `gcloud` left on a
//! person's machine, and the metadata server.

use serde::Deserialize;
use serde_json::Value;

use super::federation::{Config, Origin, impersonated};
use super::key::Key;
use super::{Finder, Identity, LIFETIME};
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::provider::google::{AccountKey, Metadata, Services};
use crate::provider::granted::Granted;

/// Whoever logged in with `gcloud auth application-default login`.
pub(crate) struct Person {
    client: Client,
    services: Services,
    what: String,
}

#[derive(Deserialize)]
struct Client {
    #[serde(rename = "client_id")]
    id: String,
    #[serde(rename = "client_secret")]
    secret: String,
    refresh_token: String,
}

impl Finder<'_> {
    pub(super) async fn own(&self) -> Result<Identity, Problem> {
        let instead = "name secretRef, workloadIdentity or workloadIdentityFederation";
        self.references.check_own_identity(self.field, instead)?;
        let environment = self.environment;
        if let Some(path) = &environment.credentials_file {
            let field = format!("{}: GOOGLE_APPLICATION_CREDENTIALS", self.field);
            let json = tokio::fs::read(path).await.map(SecretBytes::from);
            let json = json.map_err(|_| invalid(&field, "names a file that cannot be read"))?;
            return self.of_file(&json, &field);
        }
        if let Some(path) = &environment.gcloud_file
            && let Ok(json) = tokio::fs::read(path).await
        {
            let field = format!("{}: application_default_credentials.json", self.field);
            return self.of_file(&json.into(), &field);
        }
        Metadata::of(environment, self.field).map(Identity::Machine)
    }

    fn of_file(&self, json: &SecretBytes, field: &str) -> Result<Identity, Problem> {
        let unusable = || invalid(field, "holds no credentials that are known here");
        let document: Value = serde_json::from_slice(json.expose()).map_err(|_| unusable())?;
        let services = Services::of(self.environment, field)?;
        match document["type"].as_str() {
            Some("service_account") => {
                let key = Key::new(AccountKey::read(json, field)?, services)?;
                Ok(Identity::Key(Box::new(key)))
            }
            Some("authorized_user") => {
                let client = Client::deserialize(document).map_err(|_| unusable())?;
                let what = format!("{field}: login as the person who is logged in with gcloud");
                let person = Person {
                    client,
                    services,
                    what,
                };
                Ok(Identity::Person(Box::new(person)))
            }
            Some("external_account") => {
                Config::read(json, field)?.identity(Origin::Own, self.environment, services)
            }
            Some("impersonated_service_account") => {
                let url = document["service_account_impersonation_url"].as_str();
                let email = url.and_then(|url| impersonated(url, None));
                let source = SecretBytes::from(document["source_credentials"].to_string());
                let is_nested = document["source_credentials"]["source_credentials"].is_object();
                let (Some(email), false) = (email, is_nested) else {
                    return Err(unusable());
                };
                Ok(Identity::Account {
                    source: Box::new(self.of_file(&source, field)?),
                    services,
                    email,
                    lifetime: LIFETIME,
                })
            }
            _ => Err(unusable()),
        }
    }
}

impl Person {
    pub(super) async fn log_in(&self) -> Result<Granted, Problem> {
        let form = [
            ("grant_type", "refresh_token"),
            ("client_id", &*self.client.id),
            ("client_secret", &*self.client.secret),
            ("refresh_token", &*self.client.refresh_token),
        ];
        let url = self.services.url("oauth2", &["token"])?;
        let body = self.services.post(url, &form, None, &self.what).await?;
        Granted::read(&body, &self.what)
    }
}

fn invalid(field: &str, why: &str) -> Problem {
    Problem::ReferenceInvalid {
        field: field.to_owned(),
        why: why.to_owned(),
    }
}
