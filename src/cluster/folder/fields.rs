//! Fields that no version of a kind has: most often a misspelt one, which would otherwise do nothing without a word.
//! `kubectl apply` refuses them; here they are told.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde_json::{Map, Value};

/// The schema of `spec`, by kind and version, of those kinds that the agent serves. No two groups share a kind.
static SCHEMAS: LazyLock<HashMap<(String, String), Value>> = LazyLock::new(schemas);

const SERVED: [&str; 4] = [
    "ClusterExternalSecret",
    "ClusterSecretStore",
    "ExternalSecret",
    "SecretStore",
];
const GENERATORS: &str = "generators.external-secrets.io";
/// Enough to see what is wrong.
const MOST: usize = 16;

/// The paths in a document that mean nothing, as far as its kind is served here.
pub fn unknown_in(document: &Value) -> Vec<String> {
    let text = |field: &str| document[field].as_str().unwrap_or_default();
    match text("apiVersion").split_once('/') {
        Some(("external-secrets.io" | GENERATORS, version)) => {
            unknown(text("kind"), version, &document["spec"])
        }
        Some(_) | None => Vec::new(),
    }
}

fn unknown(kind: &str, version: &str, spec: &Value) -> Vec<String> {
    let mut found = Vec::new();
    if let Some(schema) = SCHEMAS.get(&(kind.to_owned(), version.to_owned())) {
        compare(spec, schema, "spec", &mut found);
    }
    found
}

fn compare(value: &Value, schema: &Value, path: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => compare_fields(fields, schema, path, found),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                compare(item, &schema["items"], &format!("{path}[{index}]"), found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn compare_fields(fields: &Map<String, Value>, schema: &Value, path: &str, found: &mut Vec<String>) {
    let (known, others) = (&schema["properties"], &schema["additionalProperties"]);
    let is_open =
        schema["x-kubernetes-preserve-unknown-fields"] == true || !known.is_object() || !others.is_null();
    for (name, value) in fields {
        let path = format!("{path}.{name}");
        match known.get(name) {
            Some(schema) => compare(value, schema, &path, found),
            None if others.is_object() => compare(value, others, &path, found),
            None if !is_open && found.len() < MOST => found.push(path),
            None => {}
        }
    }
}

fn schemas() -> HashMap<(String, String), Value> {
    let mut schemas = HashMap::new();
    for definition in lockstep_api::crds() {
        let kind = definition.spec.names.kind;
        for version in definition.spec.versions {
            let schema = version.schema.and_then(|schema| schema.open_api_v3_schema);
            let spec = schema.and_then(|schema| schema.properties?.remove("spec"));
            if let Some(spec) = spec.and_then(|spec| serde_json::to_value(spec).ok())
                && (definition.spec.group == GENERATORS || SERVED.contains(&kind.as_str()))
            {
                schemas.insert((kind.clone(), version.name), spec);
            }
        }
    }
    schemas
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_misspelt_field_is_found_at_any_depth() {
        let spec = json!({
            "refreshIntervall": "1h",
            "secretStoreRef": {"name": "s"},
            "data": [{"secretKey": "a", "remoteRef": {"key": "k", "propertty": "p"}}],
            "target": {"template": {"data": {"anything": "x"}, "metadata": {"labels": {"any": "x"}}}},
        });
        for version in ["v1", "v1beta1"] {
            let expected = ["spec.data[0].remoteRef.propertty", "spec.refreshIntervall"];
            assert_eq!(unknown("ExternalSecret", version, &spec), expected);
        }
        assert_eq!(unknown("ExternalSecret", "v7", &spec), Vec::<String>::new());
    }

    #[test]
    fn what_is_served_is_known() {
        let store = json!({"provider": {"fake": {"data": [{"key": "a", "value": "b"}]}}, "conditions": [{"namespaceSelector": {"matchLabels": {"a": "b"}}}]});
        for kind in ["SecretStore", "ClusterSecretStore"] {
            assert_eq!(unknown(kind, "v1", &store), Vec::<String>::new());
        }
        let unserved = json!({"provider": {"akeyless": {"authSecretRef": {"anything": {}}}}});
        assert_eq!(unknown("SecretStore", "v1", &unserved), Vec::<String>::new());
    }
}
