//! From the schemas that schemars derives to the *structural* ones that the API server takes.
//!
//! A structural schema says for every field what it is, once and in place: no references, no alternatives between
//! shapes, null only where it is declared. Nothing is added here that a type does not say; what schemars says about
//! Rust (unsigned formats, null for every Option, empty defaults) is taken away.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

/// The schema of a type, or nothing for a type without fields of its own, as `()` is.
pub(crate) fn structural<T: JsonSchema>() -> Option<Value> {
    let settings = SchemaSettings::default().with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
        settings.transforms = Vec::new();
    });
    let mut value = T::json_schema(&mut settings.into_generator()).to_value();
    clean(&mut value);
    let is_null = value.get("type").is_some_and(|kind| kind == "null");
    (!is_null).then_some(value)
}

fn clean(schema: &mut Value) {
    if let Value::Bool(_) = schema {
        *schema = json!({"x-kubernetes-preserve-unknown-fields": true});
    }
    let Some(object) = schema.as_object_mut() else {
        return;
    };
    parts(object).for_each(clean);
    drop_null(object);
    merge_alternatives(object);
    clean_number(object);
    clean_object(object);
    drop_noise(object);
    clean_description(object);
}

/// The schemas below a schema.
fn parts(object: &mut Map<String, Value>) -> impl Iterator<Item = &mut Value> {
    object
        .iter_mut()
        .flat_map(|(key, value)| -> Box<dyn Iterator<Item = &mut Value>> {
            match (key.as_str(), value) {
                ("properties", Value::Object(properties)) => Box::new(properties.values_mut()),
                ("oneOf" | "anyOf" | "allOf", Value::Array(schemas)) => Box::new(schemas.iter_mut()),
                ("items", schema) | ("additionalProperties", schema @ Value::Object(_)) => {
                    Box::new(std::iter::once(schema))
                }
                _ => Box::new(std::iter::empty()),
            }
        })
}

/// An Option is a field that may be absent, not one that may be null.
fn drop_null(object: &mut Map<String, Value>) {
    if let Some(Value::Array(kinds)) = object.get_mut("type") {
        kinds.retain(|kind| kind != "null");
        if let [only] = kinds.as_slice() {
            let only = only.clone();
            object.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(values)) = object.get_mut("enum") {
        values.retain(|value| !value.is_null());
    }
    for key in ["anyOf", "oneOf"] {
        if let Some(Value::Array(schemas)) = object.get_mut(key) {
            schemas.retain(|schema| schema.get("type").is_none_or(|kind| kind != "null"));
        }
    }
}

/// Enum variants come one by one when they have comments, and an Option of something wraps it.
fn merge_alternatives(object: &mut Map<String, Value>) {
    if let Some(only) = object.remove("const") {
        object.insert("enum".to_owned(), json!([only]));
    }
    for key in ["anyOf", "oneOf", "allOf"] {
        let Some(Value::Array(schemas)) = object.get(key) else {
            continue;
        };
        let values: Option<Vec<_>> = schemas
            .iter()
            .map(|schema| schema.get("enum")?.as_array().cloned())
            .collect();
        let merged = match (schemas.as_slice(), values) {
            ([Value::Object(only)], _) => only.clone(),
            (_, Some(values)) => Map::from_iter([
                ("type".to_owned(), "string".into()),
                ("enum".to_owned(), values.concat().into()),
            ]),
            _ => continue,
        };
        object.remove(key);
        for (key, value) in merged {
            object.entry(key).or_insert(value);
        }
    }
}

/// The formats that the API server knows. Of an unsigned integer, only that it is one.
fn clean_number(object: &mut Map<String, Value>) {
    let Some(format) = object.get("format").and_then(Value::as_str) else {
        return;
    };
    let unsigned = format.starts_with("uint");
    if !matches!(format, "int32" | "int64" | "date-time" | "byte") {
        object.remove("format");
    }
    if unsigned && object.get("minimum").is_some_and(|minimum| minimum == 0) {
        object.remove("minimum");
        object.remove("maximum");
    }
}

fn clean_object(object: &mut Map<String, Value>) {
    let selector = object
        .get("properties")
        .and_then(Value::as_object)
        .is_some_and(is_label_selector);
    if selector {
        let theirs = |text: &Value| {
            text.as_str()
                .is_some_and(|text| text.starts_with("A label selector is"))
        };
        let ours = object.remove("description").filter(|text| !theirs(text));
        *object = label_selector();
        object.extend(ours.map(|text| ("description".to_owned(), text)));
    }
    if let Some(&Value::Bool(open)) = object.get("additionalProperties") {
        object.remove("additionalProperties");
        if open {
            object.insert("x-kubernetes-preserve-unknown-fields".to_owned(), true.into());
        }
    }
}

fn is_label_selector(properties: &Map<String, Value>) -> bool {
    properties.len() == 2
        && properties.contains_key("matchExpressions")
        && properties.contains_key("matchLabels")
}

/// As Kubernetes declares its own, in fewer words.
fn label_selector() -> Map<String, Value> {
    let selector = json!({
        "type": "object",
        "x-kubernetes-map-type": "atomic",
        "properties": {
            "matchLabels": {
                "description": "Labels and the value that each must have.",
                "type": "object",
                "additionalProperties": {"type": "string"},
            },
            "matchExpressions": {
                "description": "Further demands, all of which must be met.",
                "type": "array",
                "x-kubernetes-list-type": "atomic",
                "items": {
                    "type": "object",
                    "required": ["key", "operator"],
                    "properties": {
                        "key": {"description": "The label.", "type": "string"},
                        "operator": {"description": "In, NotIn, Exists or DoesNotExist.", "type": "string"},
                        "values": {
                            "description": "The values for In and NotIn.",
                            "type": "array",
                            "x-kubernetes-list-type": "atomic",
                            "items": {"type": "string"},
                        },
                    },
                },
            },
        },
    });
    match selector {
        Value::Object(selector) => selector,
        _ => Map::new(),
    }
}

fn drop_noise(object: &mut Map<String, Value>) {
    for key in [
        "title",
        "$schema",
        "$defs",
        "deprecated",
        "readOnly",
        "writeOnly",
        "examples",
    ] {
        object.remove(key);
    }
    // An empty default says no more than that the field may be absent, and would be written into every object.
    let empty = |value: &Value| match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        _ => false,
    };
    if object.get("default").is_some_and(empty) {
        object.remove("default");
    }
}

/// A comment is broken into lines for its reader in the source, not for the one of `kubectl explain`.
fn clean_description(object: &mut Map<String, Value>) {
    if let Some(Value::String(text)) = object.get_mut("description") {
        let paragraphs: Vec<_> = text
            .split("\n\n")
            .map(|part| part.split_whitespace().collect::<Vec<_>>().join(" "))
            .collect();
        *text = paragraphs.join("\n");
    }
}

/// The schema of the field at a path such as `spec.data[].remoteRef`.
pub(crate) fn at<'a>(schema: &'a mut Value, path: &str) -> Option<&'a mut Value> {
    path.split('.').try_fold(schema, |schema, step| {
        let (name, is_list) = step.strip_suffix("[]").map_or((step, false), |name| (name, true));
        let field = schema.get_mut("properties")?.get_mut(name)?;
        if is_list {
            field.get_mut("items")
        } else {
            Some(field)
        }
    })
}

/// Takes a field out, and out of the list of those required.
pub(crate) fn absent_in(schema: &mut Value, path: &str) {
    let (parent, name) = path.rsplit_once('.').unwrap_or(("", path));
    let Some(parent) = at(schema, parent).and_then(Value::as_object_mut) else {
        return;
    };
    if let Some(Value::Object(properties)) = parent.get_mut("properties") {
        properties.remove(name);
    }
    if let Some(Value::Array(required)) = parent.get_mut("required") {
        required.retain(|field| field != name);
    }
}

pub(crate) fn without_descriptions(schema: &mut Value) {
    let Some(object) = schema.as_object_mut() else {
        return;
    };
    object.remove("description");
    parts(object).for_each(without_descriptions);
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Serialize};

    use super::*;

    /// A shape with
    /// everything.
    #[derive(Serialize, Deserialize, JsonSchema)]
    #[serde(rename_all = "camelCase")]
    struct Everything {
        wide: i64,
        unsigned: Option<u32>,
        #[serde(default)]
        list: Vec<Choice>,
        /// One of them.
        choice: Option<Choice>,
        inner: Option<Inner>,
        any: Value,
        map: BTreeMap<String, Value>,
        selector: Option<k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector>,
    }

    #[derive(Serialize, Deserialize, JsonSchema)]
    enum Choice {
        First,
        /// With a comment.
        Second,
    }

    /// Inside.
    #[derive(Serialize, Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        /// When.
        time: Option<k8s_openapi::apimachinery::pkg::apis::meta::v1::Time>,
    }

    #[test]
    fn a_schema_becomes_structural() {
        assert_eq!(
            structural::<Everything>().expect("an object"),
            json!({
                "description": "A shape with everything.",
                "type": "object",
                "required": ["wide", "any", "map"],
                "properties": {
                    "wide": {"type": "integer", "format": "int64"},
                    "unsigned": {"type": "integer"},
                    "list": {"type": "array", "items": {"type": "string", "enum": ["First", "Second"]}},
                    "choice": {"description": "One of them.", "type": "string", "enum": ["First", "Second"]},
                    "inner": {
                        "description": "Inside.",
                        "type": "object",
                        "properties": {
                            "time": {"description": "When.", "type": "string", "format": "date-time"},
                        },
                    },
                    "any": {"x-kubernetes-preserve-unknown-fields": true},
                    "map": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
                    "selector": Value::Object(label_selector()),
                },
            })
        );
    }

    #[test]
    fn a_type_without_fields_has_no_schema() {
        assert_eq!(structural::<()>(), None);
    }
}
