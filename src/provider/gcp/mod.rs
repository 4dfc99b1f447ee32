//! `provider.gcpsm`: Google Secret Manager.
//!
//! A connection has one token, which all its calls share and which is made anew ahead of its end: a thousand objects on
//! one store cost one login, and no two stores wait for each other. Secret Manager's REST is small, so it stands on the
//! HTTP client of the other backends: names are checked before they become part of a path, no redirect is followed, and
//! the token goes to Google alone. What is read carries a checksum, which is checked.

mod answer;
mod crc32c;
mod find;
mod login;
mod manager;
mod metadata;
mod name;
mod property;
mod push;
mod registry;
mod secret;
mod store;
mod version;
mod wanted;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::future::join_all;
use lockstep_api::provider::GcpsmProvider;

use super::{Aspect, Backend, Find, Health, Limits, Location, Payload, Push, Remote, Surroundings};
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::engine::values::Values;
use manager::Manager;

pub(crate) use super::google::Environment;
pub(crate) use registry::token;

pub(super) async fn connect(
    spec: &GcpsmProvider,
    surroundings: &Surroundings,
) -> Result<Arc<dyn Backend>, Problem> {
    connect_from(spec, surroundings, &Environment::of_process()).await
}

async fn connect_from(
    spec: &GcpsmProvider,
    surroundings: &Surroundings,
    environment: &Environment,
) -> Result<Arc<dyn Backend>, Problem> {
    Ok(Arc::new(SecretManager {
        manager: store::open(spec, surroundings, environment).await?,
        falls_back: spec.falls_back_to_older_versions(),
    }))
}

struct SecretManager {
    manager: Manager,
    /// Where the latest version is disabled or destroyed, the newest that is not stands in for it.
    falls_back: bool,
}

impl SecretManager {
    async fn get(&self, location: &Location) -> Result<Payload, Problem> {
        let id = name::secret(&location.key)?;
        match location.aspect {
            Aspect::Metadata => {
                let secret = secret::look(&self.manager, id).await?;
                let secret = secret.ok_or_else(|| Problem::Absent { key: id.to_owned() })?;
                Ok(metadata::payload(&secret))
            }
            Aspect::Value => {
                let wanted = name::version(location.version.as_deref(), id)?;
                let value = version::read(&self.manager, id, wanted, self.falls_back).await?;
                Ok(Payload::Bytes(value))
            }
        }
    }
}

#[async_trait]
impl Backend for SecretManager {
    async fn read(&self, wanted: &[Location]) -> Vec<Result<Payload, Problem>> {
        join_all(wanted.iter().map(|location| self.get(location))).await
    }

    async fn find(&self, query: &Find) -> Result<Values, Problem> {
        find::find(&self.manager, query, self.falls_back).await
    }

    async fn check(&self) -> Result<Health, Problem> {
        self.manager.check().await.map(|()| Health::Ready)
    }

    fn select(&self, payload: &Payload, property: Option<&str>) -> Result<Option<SecretBytes>, Problem> {
        property::select(payload, property).map(Some)
    }

    fn explode(&self, payload: &Payload, property: Option<&str>) -> Result<Option<Values>, Problem> {
        let value = property::select(payload, property)?;
        super::json::members(&value).map(Some)
    }

    fn limits(&self) -> Limits {
        Limits {
            parallel: 32,
            deadline: Duration::from_secs(45),
            ..Limits::default()
        }
    }

    async fn write(&self, push: &Push) -> Result<(), Problem> {
        push::write(&self.manager, push).await
    }

    async fn delete(&self, remote: &Remote) -> Result<(), Problem> {
        push::delete(&self.manager, remote).await
    }

    async fn exists(&self, remote: &Remote) -> Result<bool, Problem> {
        push::exists(&self.manager, &remote.key).await
    }

    fn token_age(&self) -> Option<Duration> {
        self.manager.login_age()
    }
}

impl fmt::Debug for SecretManager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretManager")
            .field("manager", &self.manager)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
