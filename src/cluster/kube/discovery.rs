//! Kinds that are only known by name: whether the API server has them, and how it is asked for their objects.

use kube::api::{Api, ApiResource, DynamicObject, GroupVersionKind, TypeMeta};
use kube::discovery::{Scope, pinned_kind};
use kube::error::DiscoveryError;

use super::errors;
use super::requests::Requests;
use crate::engine::object::{ObjectRef, ResourceKind};
use crate::engine::problem::Problem;

/// A kind whose objects belong to a namespace, and so can be targets.
pub async fn find(requests: &Requests, kind: &ResourceKind) -> Result<ApiResource, Problem> {
    let missing = || Problem::KindMissing { kind: kind.clone() };
    let types = TypeMeta {
        api_version: kind.api_version.clone(),
        kind: kind.kind.clone(),
    };
    let kind_of_group = GroupVersionKind::try_from(types).map_err(|_| missing())?;
    let found = requests
        .request("look up", &all_of(kind), async {
            match pinned_kind(&requests.client, &kind_of_group).await {
                Err(kube::Error::Discovery(DiscoveryError::MissingKind(_))) => Ok(None),
                Err(error) if errors::is_not_found(&error) => Ok(None),
                answer => answer.map(Some),
            }
        })
        .await?;
    let (resource, capabilities) = found.ok_or_else(missing)?;
    match capabilities.scope {
        Scope::Namespaced => Ok(resource),
        Scope::Cluster => Err(Problem::InvalidSpec {
            field: "spec.target.manifest".to_owned(),
            why: format!("{kind} belongs to no namespace, and only what does can be a target"),
        }),
    }
}

pub fn api(requests: &Requests, namespace: &str, resource: &ApiResource) -> Api<DynamicObject> {
    Api::namespaced_with(requests.client.clone(), namespace, resource)
}

/// All objects of a kind, as errors speak of them.
pub fn all_of(kind: &ResourceKind) -> ObjectRef {
    ObjectRef::cluster(kind.kind.clone(), format!("of {}", kind.api_version))
}
