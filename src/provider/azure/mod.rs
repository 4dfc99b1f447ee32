//! `provider.azurekv`: secrets, certificates and keys of an Azure Key Vault.
//!
//! A connection has one token, which all its calls share and which is made anew ahead of its end: a thousand objects on
//! one store cost one login. Key Vault's REST is small, so it stands on the HTTP client of the other backends: names are
//! checked before they become part of a path, no redirect is followed, and the token goes to the vault alone.

mod answer;
mod bundle;
mod challenge;
mod cloud;
mod content;
mod find;
mod login;
mod name;
mod push;
pub(crate) mod registry;
mod store;
mod vault;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::future::join_all;
use http::Method;
use lockstep_api::provider::AzureKvProvider;

use super::entra::Environment;
use super::{Aspect, Backend, Find, Health, Limits, Location, Payload, Push, Remote, Surroundings};
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::engine::values::Values;
use bundle::Bundle;
use content::Content;
use name::{Kind, Name};
use vault::Vault;

pub(super) async fn connect(
    spec: &AzureKvProvider,
    surroundings: &Surroundings,
) -> Result<Arc<dyn Backend>, Problem> {
    connect_from(spec, surroundings, &Environment::of_process()).await
}

async fn connect_from(
    spec: &AzureKvProvider,
    surroundings: &Surroundings,
    environment: &Environment,
) -> Result<Arc<dyn Backend>, Problem> {
    Ok(Arc::new(KeyVault {
        vault: store::open(spec, surroundings, environment).await?,
        is_newer: spec.use_azure_sdk,
    }))
}

struct KeyVault {
    vault: Vault,
    /// What ESO's two clients do differently is done as by the newer one.
    is_newer: bool,
}

impl KeyVault {
    async fn get(&self, location: &Location) -> Result<Payload, Problem> {
        let key = &location.key;
        let name = Name::parse(key)?;
        let version = name::version(location.version.as_deref(), key)?;
        let path: Vec<_> = [name.kind.folder(), name.name]
            .into_iter()
            .chain(version)
            .collect();
        let call = self.vault.call(read_call(name.kind), Method::GET, &path, key);
        let body = self.vault.ask(&call).await?;
        let bundle = Bundle::read(&body, key)?;
        let content = match (location.aspect, name.kind) {
            (Aspect::Metadata, _) => Content::Metadata {
                tags: bundle.metadata(),
                of: key.as_str().into(),
            },
            (Aspect::Value, Kind::Secret) => Content::Secret(bundle.value(name.kind, false)?),
            (Aspect::Value, Kind::Certificate) => Content::Certificate(bundle.value(name.kind, false)?),
            (Aspect::Value, Kind::Key) => Content::Key(bundle.value(name.kind, self.is_newer)?),
        };
        Ok(content.into_payload())
    }
}

/// As ESO's metrics name it.
fn read_call(kind: Kind) -> &'static str {
    match kind {
        Kind::Secret => "GetSecret",
        Kind::Certificate => "GetCertificate",
        Kind::Key => "GetKey",
    }
}

#[async_trait]
impl Backend for KeyVault {
    async fn read(&self, wanted: &[Location]) -> Vec<Result<Payload, Problem>> {
        join_all(wanted.iter().map(|location| self.get(location))).await
    }

    async fn find(&self, query: &Find) -> Result<Values, Problem> {
        find::find(&self.vault, query).await
    }

    async fn check(&self) -> Result<Health, Problem> {
        self.vault.check().await.map(|()| Health::Ready)
    }

    fn select(&self, payload: &Payload, property: Option<&str>) -> Result<Option<SecretBytes>, Problem> {
        Content::of(payload).select(property).map(Some)
    }

    fn explode(&self, payload: &Payload, property: Option<&str>) -> Result<Option<Values>, Problem> {
        Content::of(payload).explode(property).map(Some)
    }

    fn limits(&self) -> Limits {
        Limits {
            parallel: 32,
            deadline: Duration::from_secs(45),
            ..Limits::default()
        }
    }

    async fn write(&self, push: &Push) -> Result<(), Problem> {
        push::write(&self.vault, push).await
    }

    async fn delete(&self, remote: &Remote) -> Result<(), Problem> {
        push::delete(&self.vault, remote, self.is_newer).await
    }

    async fn exists(&self, remote: &Remote) -> Result<bool, Problem> {
        push::exists(&self.vault, remote).await
    }

    fn token_age(&self) -> Option<Duration> {
        self.vault.login_age()
    }
}

impl fmt::Debug for KeyVault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyVault")
            .field("vault", &self.vault)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
