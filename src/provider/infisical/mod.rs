//! `provider.infisical`: the secrets of one environment of an Infisical project.
//!
//! A connection has one token, which all its calls share, which is made anew ahead of its end, and which is given back when
//! the connection goes: a thousand objects on one store cost one login, where ESO logs in for each refresh of each.

mod address;
mod api;
mod list;
mod login;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::future::join_all;
use lockstep_api::provider::InfisicalProvider;
use reqwest::redirect::Policy;

use super::http::{Http, Options};
use super::{Backend, Find, Health, Limits, Location, Payload, Surroundings, entra, google, json};
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::engine::values::Values;
use address::Address;
use api::Api;
use list::Scope;
use login::Login;

/// Where the fields of this provider are, for messages.
const FIELD: &str = "spec.provider.infisical";
const DEADLINE: Duration = Duration::from_secs(15);

/// Resolves everything that Kubernetes knows; Infisical is not asked yet.
pub(super) async fn connect(
    spec: &InfisicalProvider,
    surroundings: &Surroundings,
) -> Result<Arc<dyn Backend>, Problem> {
    connect_from(spec, surroundings, &Environment::of_process()).await
}

/// Who the operator's own pod is to the clouds.
#[derive(Debug, Default)]
struct Environment {
    entra: entra::Environment,
    google: google::Environment,
}

impl Environment {
    fn of_process() -> Self {
        Self {
            entra: entra::Environment::of_process(),
            google: google::Environment::of_process(),
        }
    }
}

async fn connect_from(
    spec: &InfisicalProvider,
    surroundings: &Surroundings,
    environment: &Environment,
) -> Result<Arc<dyn Backend>, Problem> {
    let scope = Scope::new(&spec.secrets_scope)?;
    let url = api::base(&spec.host_api)?;
    let references = &surroundings.references;
    let trusted = references.certificate_authority(spec.ca_bundle.as_ref(), spec.ca_provider.as_ref(), FIELD);
    let options = Options {
        authorities: trusted.await?,
        identity: None,
        // A token never follows a redirect to somebody else.
        redirects: Policy::none(),
        deadline: DEADLINE,
    };
    let http = Http::new(options, FIELD)?;
    let login = Login::new(spec, &url, references, environment).await?;
    let api = Api::new(url, http, login, surroundings.calls.clone());
    Ok(Arc::new(Infisical { api, scope }))
}

struct Infisical {
    api: Api,
    scope: Scope,
}

impl Infisical {
    /// Versions and metadata have no meaning here, as in ESO.
    async fn get(&self, location: &Location) -> Result<Payload, Problem> {
        let address = Address::of(&self.scope.folder, &location.key)?;
        let body = self.api.secret(&self.scope, &address, &location.key).await?;
        list::single(&body, &location.key).map(Payload::Bytes)
    }
}

#[async_trait]
impl Backend for Infisical {
    async fn read(&self, wanted: &[Location]) -> Vec<Result<Payload, Problem>> {
        join_all(wanted.iter().map(|location| self.get(location))).await
    }

    async fn find(&self, query: &Find) -> Result<Values, Problem> {
        if !query.tags.is_empty() {
            return Err(Problem::InvalidSpec {
                field: "find.tags".to_owned(),
                why: "find by tags not supported".to_owned(),
            });
        }
        let what = self.scope.to_string();
        let body = self.api.secrets(&self.scope, &what).await?;
        list::matching(&body, query, &what)
    }

    /// As in ESO, by reading what there is to be read.
    async fn check(&self) -> Result<Health, Problem> {
        let what = format!(
            "cannot read secrets with provided project scope {}",
            self.scope.told()
        );
        self.api.secrets(&self.scope, &what).await.map(|_| Health::Ready)
    }

    /// That the secret has no such property is no reason to delete anything, as in ESO.
    fn select(&self, payload: &Payload, property: Option<&str>) -> Result<Option<SecretBytes>, Problem> {
        let value = json::single(payload)?;
        let Some(property) = property.filter(|path| !path.is_empty()) else {
            return Ok(Some(value.clone()));
        };
        let found = json::at(value, property)?;
        found.map(Some).ok_or_else(|| Problem::BadData {
            why: format!("property {property} does not exist in the secret"),
        })
    }

    fn explode(&self, payload: &Payload, property: Option<&str>) -> Result<Option<Values>, Problem> {
        let value = self.select(payload, property)?;
        value.map(|value| json::members(&value)).transpose()
    }

    fn limits(&self) -> Limits {
        Limits {
            deadline: DEADLINE * 2,
            ..Limits::default()
        }
    }

    fn token_age(&self) -> Option<Duration> {
        self.api.login_age()
    }

    async fn close(&self) {
        self.api.log_out().await;
    }
}

impl fmt::Debug for Infisical {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Infisical")
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
