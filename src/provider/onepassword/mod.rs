//! `provider.onepassword`: items of 1Password vaults, through a Connect server.
//!
//! A key is the title of an item, or its id; the store's vaults are searched in their order. An item is read once for
//! all of its fields, and files only where they are asked for. Nothing here is serialised: each connection has one
//! client, which makes its calls at the same time.

mod connect;
mod find;
mod item;
mod lookup;
mod push;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::future::join_all;
use lockstep_api::provider::OnePasswordProvider;
use reqwest::redirect::Policy;

use self::connect::Connect;
use self::lookup::Vaults;
use super::http::{Http, Options, address};
use super::rest::{Rest, Who};
use super::{Aspect, Backend, Find, Health, Limits, Location, Payload, Push, Remote, Surroundings};
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::engine::values::Values;

/// Where the fields of this provider are, for messages.
const FIELD: &str = "spec.provider.onepassword";
const DEADLINE: Duration = Duration::from_secs(15);

pub(super) async fn connect(
    spec: &OnePasswordProvider,
    surroundings: &Surroundings,
) -> Result<Arc<dyn Backend>, Problem> {
    Ok(Arc::new(OnePassword::open(spec, surroundings).await?))
}

struct OnePassword {
    connect: Connect,
    vaults: Vaults,
}

impl OnePassword {
    async fn open(spec: &OnePasswordProvider, surroundings: &Surroundings) -> Result<Self, Problem> {
        let vaults = Vaults::new(&spec.vaults)?;
        let base = address(&spec.connect_host, &format!("{FIELD}.connectHost"))?;
        let field = format!("{FIELD}.auth.secretRef.connectTokenSecretRef");
        let token = &spec.auth.secret_ref.connect_token;
        let token = surroundings.references.secret_key(token, &field).await?;
        let options = Options {
            authorities: None,
            identity: None,
            redirects: Policy::none(),
            deadline: DEADLINE,
        };
        let rest = Rest::new(
            base,
            Http::new(options, FIELD)?,
            "OnePassword",
            surroundings.calls.clone(),
        );
        Ok(Self {
            connect: Connect::new(rest, Who::bearer(&token, &field)?),
            vaults,
        })
    }

    async fn get(&self, location: &Location) -> Result<Payload, Problem> {
        if location.version.is_some() {
            return Err(Problem::InvalidSpec {
                field: "remoteRef.version".to_owned(),
                why: "items of 1Password have no versions to choose from".to_owned(),
            });
        }
        let key = &location.key;
        let found = lookup::item(&self.connect, &self.vaults, key).await?;
        let Some(found) = found else {
            return Err(Problem::Absent { key: key.clone() });
        };
        let mut payload = Values::from([(item::ITEM.to_owned(), found.body.clone())]);
        let property = location.property.as_deref().unwrap_or_default();
        for file in item::Item::read(&found.body, key)?.files(property)? {
            let content = self.connect.file(&found, &file.id, key).await?;
            payload.insert(file.part(), content);
        }
        Ok(Payload::Map(payload))
    }
}

#[async_trait]
impl Backend for OnePassword {
    async fn read(&self, wanted: &[Location]) -> Vec<Result<Payload, Problem>> {
        join_all(wanted.iter().map(|location| self.get(location))).await
    }

    async fn find(&self, query: &Find) -> Result<Values, Problem> {
        find::find(&self.connect, &self.vaults, query).await
    }

    /// Are all vaults of the store there?
    async fn check(&self) -> Result<Health, Problem> {
        self.vaults.look(&self.connect).await.map(|_| Health::Ready)
    }

    /// Which files are read depends on the property; of metadata, ESO knows nothing here.
    fn locate(&self, location: Location, property: Option<&str>) -> Location {
        let file = property.filter(|property| property.starts_with(item::FILE_PREFIX));
        Location {
            aspect: Aspect::Value,
            version: location.version.filter(|version| !version.is_empty()),
            property: file.map(str::to_owned),
            key: location.key,
        }
    }

    fn select(&self, payload: &Payload, property: Option<&str>) -> Result<Option<SecretBytes>, Problem> {
        item::select(payload, property.unwrap_or_default()).map(Some)
    }

    fn explode(&self, payload: &Payload, property: Option<&str>) -> Result<Option<Values>, Problem> {
        item::explode(payload, property.unwrap_or_default()).map(Some)
    }

    fn limits(&self) -> Limits {
        Limits {
            parallel: 16,
            deadline: Duration::from_secs(45),
            ..Limits::default()
        }
    }

    async fn write(&self, push: &Push) -> Result<(), Problem> {
        push::write(&self.connect, &self.vaults, push).await
    }

    async fn delete(&self, remote: &Remote) -> Result<(), Problem> {
        push::delete(&self.connect, &self.vaults, remote).await
    }

    async fn exists(&self, remote: &Remote) -> Result<bool, Problem> {
        push::exists(&self.connect, &self.vaults, remote).await
    }
}

impl fmt::Debug for OnePassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnePassword")
            .field("connect", &self.connect)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
