//! `provider.kubernetes`: Secrets of one namespace, in this cluster or another; and `provider.crd`: fields of objects of
//! any other kind.
//!
//! Who we are there comes from the store alone: nothing is taken from the operator's pod, its environment or its own
//! identity. A ServiceAccount's token is requested for an hour, renewed ahead of its end, and once more when it is
//! refused. Every call has a deadline, every answer a bound.

mod answer;
mod api;
mod check;
mod crd;
mod endpoint;
mod find;
mod kubeconfig;
mod login;
mod merge;
mod property;
mod push;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::future::join_all;
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use lockstep_api::ResourceName;
use lockstep_api::provider::KubernetesProvider;

use super::references::StoreScope;
use super::{Aspect, Backend, Find, Health, Limits, Location, Payload, Push, Remote, Surroundings, json};
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::engine::values::Values;
use answer::Fault;
use api::Api;
use endpoint::Said;
use find::{BOUNDS, Bounds};

pub(super) use crd::connect as connect_crd;

/// Where the fields of this provider are, for messages.
const FIELD: &str = "spec.provider.kubernetes";

pub(super) async fn connect(
    spec: &KubernetesProvider,
    surroundings: &Surroundings,
) -> Result<Arc<dyn Backend>, Problem> {
    Ok(Arc::new(Kubernetes::open(spec, surroundings).await?))
}

#[derive(Debug)]
struct Kubernetes {
    api: Api,
    namespace: String,
    /// Whether the store is a ClusterSecretStore.
    is_cluster_wide: bool,
    bounds: Bounds,
}

impl Kubernetes {
    async fn open(spec: &KubernetesProvider, surroundings: &Surroundings) -> Result<Self, Problem> {
        let said = Said {
            server: &spec.server,
            auth: spec.auth.as_ref(),
            auth_ref: spec.auth_ref.as_ref(),
            field: FIELD,
        };
        let endpoint = endpoint::of(said, &surroundings.references).await?;
        Ok(Self {
            api: Api::new(endpoint, surroundings.calls.clone())?,
            namespace: spec.remote_namespace.to_string(),
            is_cluster_wide: matches!(surroundings.references.scope(), StoreScope::Cluster { .. }),
            bounds: BOUNDS,
        })
    }

    async fn get(&self, location: &Location) -> Result<Payload, Problem> {
        let name = secret_name(&location.key)?;
        match self.api.get(&self.namespace, &name).await {
            Ok(secret) => Ok(payload(secret, location.aspect)),
            Err(Fault::Missing) => Err(Problem::Absent {
                key: location.key.clone(),
            }),
            Err(fault) => Err(fault.into_problem(&self.namespace, name.as_str())),
        }
    }
}

#[async_trait]
impl Backend for Kubernetes {
    /// All at once: there is no call that answers for several Secrets and needs no other right than `get`.
    async fn read(&self, wanted: &[Location]) -> Vec<Result<Payload, Problem>> {
        join_all(wanted.iter().map(|location| self.get(location))).await
    }

    async fn find(&self, query: &Find) -> Result<Values, Problem> {
        find::find(&self.api, &self.namespace, query, &self.bounds).await
    }

    async fn check(&self) -> Result<Health, Problem> {
        check::check(&self.api, &self.namespace).await
    }

    fn select(&self, payload: &Payload, property: Option<&str>) -> Result<Option<SecretBytes>, Problem> {
        property::select(payload, property.filter(|property| !property.is_empty())).map(Some)
    }

    fn explode(&self, payload: &Payload, property: Option<&str>) -> Result<Option<Values>, Problem> {
        property::explode(payload, property.filter(|property| !property.is_empty())).map(Some)
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

    /// As in ESO, where only `extract` tells a missing Secret from any other error.
    fn missing_value(&self, key: &str) -> Problem {
        Problem::BadData {
            why: format!("Secret {}/{key} not found", self.namespace),
        }
    }

    async fn write(&self, push: &Push) -> Result<(), Problem> {
        push::write(self, push).await
    }

    async fn delete(&self, remote: &Remote) -> Result<(), Problem> {
        push::delete(self, remote).await
    }

    async fn exists(&self, remote: &Remote) -> Result<bool, Problem> {
        push::exists(self, remote).await
    }
}

/// A key that can be no Secret's name is an error: it is not the backend that says there is no such Secret. Nothing
/// else gets into a URL.
fn secret_name(key: &str) -> Result<ResourceName, Problem> {
    ResourceName::parse(key).map_err(|why| Problem::BadData {
        why: format!("{key:?} cannot name a Secret: {why}"),
    })
}

fn payload(secret: Secret, aspect: Aspect) -> Payload {
    match aspect {
        Aspect::Value => Payload::Map(values(secret.data)),
        Aspect::Metadata => {
            let (annotations, labels) = (&secret.metadata.annotations, &secret.metadata.labels);
            let [annotations, labels] = [annotations, labels].map(|map| json::string_map(map.as_ref()));
            let parts = [
                br#"{"annotations":"#.as_slice(),
                annotations.expose(),
                br#","labels":"#,
                labels.expose(),
                b"}",
            ];
            Payload::Bytes(parts.concat().into())
        }
    }
}

fn values(data: Option<BTreeMap<String, ByteString>>) -> Values {
    data.unwrap_or_default()
        .into_iter()
        .map(|(key, value)| (key, value.0.into()))
        .collect()
}

#[cfg(test)]
mod tests;
