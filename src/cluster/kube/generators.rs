//! Generators are read when they are needed, and followed one by one where a failure hangs on one.

use kube::api::{Api, ApiResource, DynamicObject};
use lockstep_api::generator::{ClusterGenerator, ClusterGeneratorKind, GeneratorSpec};
use lockstep_api::{Kind, Parsed};
use serde_json::Value;

use super::requests::Requests;
use crate::engine::generator::GeneratorKey;
use crate::engine::object::ObjectRef;
use crate::engine::problem::Problem;

/// All kinds are of one group and version.
type Any = ClusterGenerator;

pub async fn read(requests: &Requests, key: &GeneratorKey) -> Result<Option<Parsed<GeneratorSpec>>, Problem> {
    let client = requests.client.clone();
    let api: Api<DynamicObject> = match key {
        GeneratorKey::Namespaced(kind, key) => {
            Api::namespaced_with(client, &key.namespace, &resource(kind.as_str(), kind.plural()))
        }
        GeneratorKey::Cluster(_) => Api::all_with(client, &resource(Any::KIND, Any::PLURAL)),
    };
    let call = api.get_opt(key.name());
    let object = requests.request("get", &ObjectRef::from(key), call).await?;
    Ok(object.map(|object| spec(key, object.data)))
}

/// The kind of a generator by its name.
pub fn resource_of(kind: &str) -> Option<ApiResource> {
    if kind == Any::KIND {
        return Some(resource(Any::KIND, Any::PLURAL));
    }
    let found = ClusterGeneratorKind::ALL
        .iter()
        .find(|known| known.as_str() == kind);
    found.map(|known| resource(known.as_str(), known.plural()))
}

fn resource(kind: &str, plural: &str) -> ApiResource {
    ApiResource {
        group: Any::GROUP.to_owned(),
        version: Any::VERSION.to_owned(),
        api_version: format!("{}/{}", Any::GROUP, Any::VERSION),
        kind: kind.to_owned(),
        plural: plural.to_owned(),
    }
}

fn spec(key: &GeneratorKey, mut object: Value) -> Parsed<GeneratorSpec> {
    let spec = object.get_mut("spec").map(Value::take).unwrap_or_default();
    GeneratorSpec::of_object(key.kind(), spec)
}
