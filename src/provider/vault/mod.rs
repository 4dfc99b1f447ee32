//! `provider.vault`: the KV engine of HashiCorp Vault, and of what speaks its API.
//!
//! A connection is one login ([`session`]), renewed ahead of its end and given back when the connection closes.
//! `provider.openBao` and the generator of dynamic secrets stand on the same core.

mod answer;
mod call;
mod find;
mod kv;
mod life;
mod login;
mod merge;
mod mount;
mod openbao;
mod push;
mod secret;
mod session;
mod states;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::future::join_all;
use lockstep_api::provider::{OpenBaoProvider, VaultProvider};

use super::{Backend, Find, Health, Limits, Location, Payload, Push, Remote, Retries, Surroundings, json};
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::engine::values::Values;
pub(crate) use answer::Envelope;
pub(crate) use call::Call;
use kv::Kv;
use mount::Mount;
pub(crate) use session::{Lent, OwnToken, Session};

/// Where the fields of this provider are, for messages.
const FIELD: &str = "spec.provider.vault";
const LIMITS: Limits = Limits {
    batch: 1,
    parallel: 32,
    deadline: Duration::from_secs(45),
    // As Vault's own client does; ESO takes `retrySettings` without a number for none.
    retries: Some(Retries {
        by_default: 2,
        uncounted: 0,
    }),
};

#[derive(Debug)]
struct Vault {
    kv: Kv,
}

pub(super) async fn connect(
    spec: &VaultProvider,
    surroundings: &Surroundings,
) -> Result<Arc<dyn Backend>, Problem> {
    let retry = surroundings.retry.as_ref();
    if let Some(Err(why)) = retry.map(lockstep_api::RetrySettings::retry_interval) {
        let field = "spec.retrySettings.retryInterval".to_owned();
        return Err(Problem::InvalidSpec { field, why });
    }
    let session = Session::open(spec, surroundings, FIELD).await?;
    let mount = Mount::of(spec);
    Ok(Arc::new(Vault {
        kv: Kv { session, mount },
    }))
}

pub(super) async fn connect_openbao(
    spec: &OpenBaoProvider,
    surroundings: &Surroundings,
) -> Result<Arc<dyn Backend>, Problem> {
    openbao::connect(spec, surroundings).await
}

#[async_trait]
impl Backend for Vault {
    async fn read(&self, wanted: &[Location]) -> Vec<Result<Payload, Problem>> {
        let read = async |location: &Location| self.kv.get(location).await.map(Payload::Bytes);
        join_all(wanted.iter().map(read)).await
    }

    async fn find(&self, query: &Find) -> Result<Values, Problem> {
        find::find(&self.kv, query, &find::BOUNDS).await
    }

    async fn check(&self) -> Result<Health, Problem> {
        self.kv.session.check().await.map(|()| Health::Ready)
    }

    /// That a property is missing is an error under every deletionPolicy, as in ESO.
    fn select(&self, payload: &Payload, property: Option<&str>) -> Result<Option<SecretBytes>, Problem> {
        secret::select(json::single(payload)?, property, true).map(Some)
    }

    fn explode(&self, payload: &Payload, property: Option<&str>) -> Result<Option<Values>, Problem> {
        secret::explode(json::single(payload)?, property, true).map(Some)
    }

    fn limits(&self) -> Limits {
        LIMITS
    }

    async fn write(&self, push: &Push) -> Result<(), Problem> {
        push::write(&self.kv, push).await
    }

    async fn delete(&self, remote: &Remote) -> Result<(), Problem> {
        push::delete(&self.kv, remote).await
    }

    async fn exists(&self, remote: &Remote) -> Result<bool, Problem> {
        push::exists(&self.kv, remote, true).await
    }

    fn token_age(&self) -> Option<Duration> {
        self.kv.session.token_age()
    }

    async fn close(&self) {
        self.kv.session.close().await;
    }
}

#[cfg(test)]
pub(crate) mod tests;
