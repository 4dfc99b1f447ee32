//! `provider.crd`: objects of one kind, and fields of them.
//!
//! Who we are at the API server is said by the store alone, as for Secrets; what of the objects may be read is said by
//! its whitelist besides. Secrets themselves are refused, for another provider has rules for them.

mod find;
mod key;
mod object;
mod resource;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures::future::join_all;
use lockstep_api::provider::CrdProvider;
use serde_json::json;

use self::key::Key;
use self::resource::{Kind, Resource};
use super::answer::Fault;
use super::api::{Api, Call, ONE_OBJECT};
use super::endpoint::{self, Said};
use super::find::{BOUNDS, Bounds};
use crate::engine::crd::{Whitelist, Wrong, whitelist};
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::engine::values::Values;
use crate::provider::references::StoreScope;
use crate::provider::{Aspect, Backend, Find, Health, Limits, Location, Payload, Surroundings};

/// Where the fields of this provider are, for messages.
const FIELD: &str = "spec.provider.crd";

pub(in crate::provider) async fn connect(
    spec: &CrdProvider,
    surroundings: &Surroundings,
) -> Result<Arc<dyn Backend>, Problem> {
    Ok(Arc::new(Objects::open(spec, surroundings).await?))
}

struct Objects {
    api: Api,
    kind: Kind,
    /// What the API server calls the kind, once it has told.
    resource: Mutex<Option<Arc<Resource>>>,
    /// The namespace of a SecretStore, which reads no other.
    home: Option<String>,
    whitelist: Whitelist,
    bounds: Bounds,
}

impl Objects {
    async fn open(spec: &CrdProvider, surroundings: &Surroundings) -> Result<Self, Problem> {
        let home = match surroundings.references.scope() {
            StoreScope::Namespaced { namespace } | StoreScope::Generator { namespace, .. } => {
                Some(namespace.clone())
            }
            StoreScope::Cluster { .. } => None,
        };
        let invalid = |Wrong { field, why }| Problem::InvalidSpec {
            field: format!("{FIELD}.{field}"),
            why,
        };
        let whitelist = whitelist(spec, home.is_none()).map_err(invalid)?;
        let kind = Kind::new(&spec.resource).map_err(invalid)?;
        let said = Said {
            server: &spec.server,
            auth: spec.auth.as_ref(),
            auth_ref: spec.auth_ref.as_ref(),
            field: FIELD,
        };
        let endpoint = endpoint::of(said, &surroundings.references).await?;
        Ok(Self {
            api: Api::new(endpoint, surroundings.calls.clone())?,
            kind,
            resource: Mutex::default(),
            home,
            whitelist,
            bounds: BOUNDS,
        })
    }

    async fn get(&self, location: &Location) -> Result<Payload, Problem> {
        let key = Key::parse(&location.key, self.home.is_none())?;
        let property = location.property.as_deref();
        if !self
            .whitelist
            .allows(key.namespace.as_deref(), &key.name, property)
        {
            return Err(Problem::BadData {
                why: format!(
                    "{}: the store's whitelist does not allow to read this",
                    location.key
                ),
            });
        }
        let resource = self.resource().await?;
        let path = self.path(&resource, &key)?;
        let call = Call::get("GetObject", path, ONE_OBJECT, &resource.plural);
        let read = self.api.read(&call).await;
        match read.and_then(|body| object::whole(&body, &key.name)) {
            Ok(object) => Ok(Payload::Bytes(object)),
            Err(Fault::Missing) => Err(Problem::Absent {
                key: location.key.clone(),
            }),
            Err(fault) => Err(self.failed(fault, format!("{} {}", self.kind, location.key))),
        }
    }

    /// Where the object is. A namespace belongs to a key exactly where the store has none and the kind has some.
    fn path(&self, resource: &Resource, key: &Key) -> Result<String, Problem> {
        let namespace = match (resource.is_namespaced, &key.namespace, &self.home) {
            (false, None, _) => None,
            (true, Some(namespace), _) | (true, None, Some(namespace)) => Some(namespace.as_str()),
            (true, None, None) => return Err(key.unfit("must be NAMESPACE/NAME in a ClusterSecretStore")),
            (false, Some(_), _) => {
                return Err(key.unfit("must be a name alone, for the kind has no namespaces"));
            }
        };
        Ok(resource.path(namespace, Some(&key.name)))
    }

    /// What the API server calls the kind. It is asked again when something has gone wrong, for definitions of kinds
    /// may be replaced.
    async fn resource(&self) -> Result<Arc<Resource>, Problem> {
        let known = self
            .resource
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        if let Some(known) = known {
            return Ok(known);
        }
        let found = Arc::new(self.kind.ask(&self.api).await?);
        *self.resource.lock().unwrap_or_else(PoisonError::into_inner) = Some(found.clone());
        Ok(found)
    }

    fn failed(&self, fault: Fault, what: String) -> Problem {
        *self.resource.lock().unwrap_or_else(PoisonError::into_inner) = None;
        fault.into_problem_with(what)
    }
}

#[async_trait]
impl Backend for Objects {
    async fn read(&self, wanted: &[Location]) -> Vec<Result<Payload, Problem>> {
        join_all(wanted.iter().map(|location| self.get(location))).await
    }

    async fn find(&self, query: &Find) -> Result<Values, Problem> {
        find::find(self, query).await
    }

    /// May we read objects of the kind, in all namespaces where the store is for all?
    async fn check(&self) -> Result<Health, Problem> {
        let resource = self.resource().await?;
        let namespace = self.home.as_deref().filter(|_| resource.is_namespaced);
        let right = json!({
            "group": self.kind.group, "version": self.kind.version, "resource": resource.plural,
            "namespace": namespace.unwrap_or_default(), "verb": "get",
        });
        let what = || format!("objects of kind {}", self.kind);
        match self.api.may(right).await {
            Ok(true) => Ok(Health::Ready),
            Ok(false) => Err(Problem::Refused {
                what: what(),
                why: "client is not allowed to get them".to_owned(),
            }),
            Err(fault) => Err(self.failed(fault, what())),
        }
    }

    /// Objects have neither versions nor other aspects here, as in ESO. Where the whitelist looks at properties, each
    /// is asked for by itself.
    fn locate(&self, location: Location, property: Option<&str>) -> Location {
        let property = property.filter(|property| !property.is_empty() && self.whitelist.knows_properties());
        Location {
            key: location.key,
            version: None,
            aspect: Aspect::Value,
            property: property.map(str::to_owned),
        }
    }

    fn select(&self, payload: &Payload, property: Option<&str>) -> Result<Option<SecretBytes>, Problem> {
        object::select(payload, property).map(Some)
    }

    fn explode(&self, payload: &Payload, property: Option<&str>) -> Result<Option<Values>, Problem> {
        object::explode(payload, property).map(Some)
    }

    fn limits(&self) -> Limits {
        Limits {
            batch: 1,
            parallel: 32,
            ..Limits::default()
        }
    }

    fn token_age(&self) -> Option<Duration> {
        self.api.token_age()
    }
}

impl fmt::Debug for Objects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Objects")
            .field("api", &self.api)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
