//! The schema that Helm holds a user's values against.
//!
//! A key that is not in `values.yaml` is refused, so that a slip of the pen is found before it is installed.

use anyhow::{Context, Result};
use serde_json::{Map, Value as Json, json};

use super::values::Value;

/// The schema as a JSON document.
pub fn write(values: &[Value]) -> Result<String> {
    let mut root = object();
    // Draft 7 is what every Helm 3 understands.
    root.insert(
        "$schema".to_owned(),
        json!("http://json-schema.org/draft-07/schema#"),
    );
    for value in values {
        let (key, parents) = value.path.split_last().context("a value without a key")?;
        let parent = parents.iter().try_fold(&mut root, |schema, key| {
            properties(schema)?.get_mut(key)?.as_object_mut()
        });
        let siblings = parent
            .and_then(properties)
            .with_context(|| format!("{} is no map", parents.join(".")))?;
        siblings.insert(key.clone(), Json::Object(of(value)));
    }
    let mut text = serde_json::to_string_pretty(&root)?;
    text.push('\n');
    Ok(text)
}

fn of(value: &Value) -> Map<String, Json> {
    let mut schema = match &value.default {
        None => object(),
        Some(default) => kind(default)
            .map(|kind| Map::from_iter([("type".to_owned(), json!(kind))]))
            .unwrap_or_default(),
    };
    if !value.text.is_empty() {
        schema.insert("description".to_owned(), json!(value.text));
    }
    schema.extend(value.schema.clone());
    schema
}

fn object() -> Map<String, Json> {
    let mut schema = Map::new();
    schema.insert("type".to_owned(), json!("object"));
    schema.insert("properties".to_owned(), json!({}));
    schema.insert("additionalProperties".to_owned(), json!(false));
    schema
}

fn properties(schema: &mut Map<String, Json>) -> Option<&mut Map<String, Json>> {
    schema.get_mut("properties")?.as_object_mut()
}

/// The type of a default, as far as it tells: `null` may stand for anything.
fn kind(default: &str) -> Option<&'static str> {
    match default {
        "null" => None,
        "true" | "false" => Some("boolean"),
        _ if default.starts_with('{') => Some("object"),
        _ if default.starts_with('[') => Some("array"),
        _ if default.parse::<i64>().is_ok() => Some("integer"),
        _ => Some("string"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::super::values::parse;
    use super::write;

    #[test]
    fn types_come_from_defaults_and_maps_are_closed() {
        let text = "# -- A.\n# @schema {\"enum\": [\"x\", \"y\"]}\na: x\nb:\n  # -- C.\n  c: 1\n  # -- D.\n  d: {}\n# @schema {\"additionalProperties\": true}\ne:\n  # -- F.\n  f: null\n";
        let schema: Json = serde_json::from_str(&write(&parse(text).unwrap()).unwrap()).unwrap();
        assert_eq!(schema["additionalProperties"], false);
        assert_eq!(
            schema["properties"]["a"],
            json!({"type": "string", "description": "A.", "enum": ["x", "y"]})
        );
        assert_eq!(schema["properties"]["b"]["additionalProperties"], false);
        assert_eq!(schema["properties"]["b"]["properties"]["c"]["type"], "integer");
        assert_eq!(
            schema["properties"]["b"]["properties"]["d"],
            json!({"type": "object", "description": "D."})
        );
        assert_eq!(schema["properties"]["e"]["additionalProperties"], true);
        assert_eq!(
            schema["properties"]["e"]["properties"]["f"],
            json!({"description": "F."})
        );
    }
}
