//! What became of an ExternalSecret.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::common::absent_if_empty;
use crate::condition::Condition;

/// What became of the values.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct ExternalSecretStatus {
    /// When values were last fetched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("nullable" = true))]
    pub refresh_time: Option<Time>,
    /// The generation and metadata that were last fetched for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub synced_resource_version: Option<String>,
    /// Whether the Secret is in step.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(transform = narrow_condition_type)]
    pub conditions: Vec<Condition>,
    /// The Secret, for those that bind services to workloads.
    #[serde(
        default,
        deserialize_with = "absent_if_empty",
        skip_serializing_if = "Option::is_none"
    )]
    pub binding: Option<Binding>,
    /// The generation that the conditions are about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// The entries that could not be fetched, or that a store gave which stands in for theirs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<SourceFault>,
}

/// The name of the Secret, in the shape that servicebinding.io asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Binding {
    #[serde(default)]
    pub name: String,
}

impl JsonSchema for Binding {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Binding".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "properties": {"name": {"type": "string", "default": "", "description": "The Secret's name."}},
            "x-kubernetes-map-type": "atomic",
        })
    }
}

/// An entry of the spec that could not be fetched, or not from its store, and why.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct SourceFault {
    /// Which entry, such as `data[0]`.
    pub entry: String,
    /// The backend's name for the secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The member of the secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub property: Option<String>,
    /// The cause in one word, for programs.
    pub reason: String,
    /// The cause in a sentence, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

fn narrow_condition_type(schema: &mut Schema) {
    if let Some(kind) = schema
        .pointer_mut("/items/properties/type")
        .and_then(serde_json::Value::as_object_mut)
    {
        kind.insert(
            "enum".to_owned(),
            serde_json::json!(["Ready", "Reconciling", "Stalled", "Deleted"]),
        );
    }
}
