//! Fields that no version of a kind has: most often a misspelt one, which would otherwise do nothing without a word.
//! `kubectl apply` refuses them; here they are told.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde_json::{Map, Value};

/// The schema of `spec`, by kind and version. No two groups share a kind.
static SCHEMAS: LazyLock<HashMap<(String, String), Value>> = LazyLock::new(schemas);

const GENERATORS: &str = "generators.external-secrets.io";
/// Enough to see what is wrong.
const MOST: usize = 16;

/// A field that means nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown {
    pub path: String,
    /// A field that does, and is written nearly so.
    pub meant: Option<String>,
}

/// The fields of a document that mean nothing, whether its kind is served here or not.
pub fn unknown_in(document: &Value) -> Vec<Unknown> {
    let text = |field: &str| document[field].as_str().unwrap_or_default();
    match text("apiVersion").split_once('/') {
        Some(("external-secrets.io" | GENERATORS, version)) => {
            unknown(text("kind"), version, &document["spec"])
        }
        Some(_) | None => Vec::new(),
    }
}

fn unknown(kind: &str, version: &str, spec: &Value) -> Vec<Unknown> {
    let mut found = Vec::new();
    if let Some(schema) = SCHEMAS.get(&(kind.to_owned(), version.to_owned())) {
        compare(spec, schema, "spec", &mut found);
    }
    found
}

fn compare(value: &Value, schema: &Value, path: &str, found: &mut Vec<Unknown>) {
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

fn compare_fields(fields: &Map<String, Value>, schema: &Value, path: &str, found: &mut Vec<Unknown>) {
    let (known, others) = (&schema["properties"], &schema["additionalProperties"]);
    let is_open =
        schema["x-kubernetes-preserve-unknown-fields"] == true || !known.is_object() || !others.is_null();
    for (name, value) in fields {
        let path = format!("{path}.{name}");
        match known.get(name) {
            Some(schema) => compare(value, schema, &path, found),
            None if others.is_object() => compare(value, others, &path, found),
            None if !is_open && found.len() < MOST => found.push(Unknown {
                path,
                meant: nearest(name, known),
            }),
            None => {}
        }
    }
}

/// The field that is fewest changes away, and no more than every third letter is one.
fn nearest(name: &str, known: &Value) -> Option<String> {
    let known = known.as_object().into_iter().flat_map(Map::keys);
    let near = known.map(|field| (distance(name, field), field));
    let (changes, field) = near.min()?;
    (changes * 3 <= name.chars().count()).then(|| field.clone())
}

/// How many letters are to be put in, taken out or exchanged. In ASCII, upper case is no change.
fn distance(one: &str, other: &str) -> usize {
    // Nobody means a field by a name of such length.
    const LONGEST: usize = 64;
    let letters = |text: &str| -> Vec<char> { text.to_ascii_lowercase().chars().take(LONGEST).collect() };
    let (one, other) = (letters(one), letters(other));
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (above, letter) in one.iter().enumerate() {
        let mut corner = above;
        let mut left = above + 1;
        for (place, wanted) in row.iter_mut().skip(1).zip(&other) {
            let exchanged = corner + usize::from(letter != wanted);
            corner = *place;
            left = exchanged.min(*place + 1).min(left + 1);
            *place = left;
        }
        if let Some(first) = row.first_mut() {
            *first = above + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

fn schemas() -> HashMap<(String, String), Value> {
    let mut schemas = HashMap::new();
    for definition in lockstep_api::crds() {
        let kind = definition.spec.names.kind;
        for version in definition.spec.versions {
            let schema = version.schema.and_then(|schema| schema.open_api_v3_schema);
            let spec = schema.and_then(|schema| schema.properties?.remove("spec"));
            if let Some(spec) = spec.and_then(|spec| serde_json::to_value(spec).ok()) {
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
            let expected = [
                ("spec.data[0].remoteRef.propertty", Some("property")),
                ("spec.refreshIntervall", Some("refreshInterval")),
            ];
            assert_eq!(told(&unknown("ExternalSecret", version, &spec)), expected);
        }
        assert_eq!(unknown("ExternalSecret", "v7", &spec), []);
    }

    fn told(found: &[Unknown]) -> Vec<(&str, Option<&str>)> {
        let told = found.iter().map(|it| (it.path.as_str(), it.meant.as_deref()));
        told.collect()
    }

    #[test]
    fn kinds_that_mean_nothing_without_a_cluster_are_looked_at_too() {
        let push = json!({
            "secretStoreRef": [{"name": "s"}], "selector": {"secret": {"nam": "x"}},
            "data": [{"match": {"secretkey": "a", "remoteRef": {"key": "k"}}, "metadata": {"anything": 1}}],
        });
        let expected = [
            ("spec.data[0].match.remoteRef.key", None),
            ("spec.data[0].match.secretkey", Some("secretKey")),
            ("spec.secretStoreRef", Some("secretStoreRefs")),
            ("spec.selector.secret.nam", Some("name")),
        ];
        assert_eq!(told(&unknown("PushSecret", "v1alpha1", &push)), expected);
        let many = json!({"pushSecretSpec": push, "namespaceSelector": {}});
        let found = unknown("ClusterPushSecret", "v1alpha1", &many);
        assert_eq!(found.len(), 5);
        assert_eq!(
            told(&found)[0],
            ("spec.namespaceSelector", Some("namespaceSelectors"))
        );
        let cluster = json!({"kind": "Password", "generator": {"paswordSpec": {"length": 3}}});
        assert_eq!(
            told(&unknown("ClusterGenerator", "v1alpha1", &cluster)),
            [("spec.generator.paswordSpec", Some("passwordSpec"))]
        );
    }

    #[test]
    fn distances_are_counted_in_letters() {
        for (one, other, changes) in [
            ("", "", 0),
            ("", "abc", 3),
            ("kitten", "sitting", 3),
            ("Name", "name", 0),
            ("ümlaut", "umlaut", 1),
        ] {
            assert_eq!(distance(one, other), changes, "{one} {other}");
            assert_eq!(distance(other, one), changes, "{other} {one}");
        }
    }

    #[test]
    fn what_is_served_is_known() {
        let store = json!({"provider": {"fake": {"data": [{"key": "a", "value": "b"}]}}, "conditions": [{"namespaceSelector": {"matchLabels": {"a": "b"}}}]});
        for kind in ["SecretStore", "ClusterSecretStore"] {
            assert_eq!(unknown(kind, "v1", &store), []);
        }
        let unserved = json!({"provider": {"akeyless": {"authSecretRef": {"anything": {}}}}});
        assert_eq!(unknown("SecretStore", "v1", &unserved), []);
    }
}
