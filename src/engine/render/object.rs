//! Templates that make a part of an object that is no Secret.

use std::fmt;

use lockstep_api::DecodingStrategy;
use lockstep_gostd::unicode::lossy;
use lockstep_gostd::yaml::{self, Node};
use serde_json::{Map, Value};

use super::engine::Text;
use super::path::Path;
use super::scope::{self, Scope};
use crate::engine::decode;
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::engine::values::Values;

/// An object in the making. Values may be anywhere in it, so it cannot be printed.
#[derive(Clone, Default, PartialEq)]
pub struct Object(pub Value);

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Object")
    }
}

/// Maps of texts that every object has, and two that some have.
const TEXTS: [(&str, &[&str]); 4] = [
    ("data", &["data"]),
    ("labels", &["metadata", "labels"]),
    ("annotations", &["metadata", "annotations"]),
    ("spec", &["spec"]),
];

/// Puts what a template made where it belongs.
pub(super) fn put(
    object: &mut Object,
    target: &str,
    scope: Scope,
    text: &Text,
    rendered: SecretBytes,
    strategy: DecodingStrategy,
) -> Result<(), Problem> {
    let texts = TEXTS.iter().find(|(name, _)| name.eq_ignore_ascii_case(target));
    let is_whole_spec = scope == Scope::KeysAndValues && target.eq_ignore_ascii_case("spec");
    match texts.filter(|_| !is_whole_spec) {
        Some((_, place)) => {
            let entries = scope::entries(scope, text, rendered)?;
            let entries = decode::decode_all(strategy, entries).map_err(scope::undecodable)?;
            add_texts(&mut object.0, place, &entries)?;
            settle_metadata(&mut object.0)
        }
        None => match scope {
            Scope::Values => {
                let value = decode::decode(strategy, &rendered).map_err(scope::undecodable)?;
                *Path::parse(target)?.entry(&mut object.0)? = parsed_or_text(&value);
                settle_metadata(&mut object.0)
            }
            Scope::KeysAndValues => {
                let node = yaml::parse(rendered.expose())
                    .map_err(|fault| text.unusable(format!("could not unmarshal template: {fault}")))?;
                merge(&mut object.0, &Path::parse(target)?, to_json(node))
            }
        },
    }
}

/// Sets entries of a map of texts.
pub(super) fn add_texts(object: &mut Value, place: &[&str], entries: &Values) -> Result<(), Problem> {
    let odd = || Problem::BadData {
        why: "failed to convert data to map[string][]byte: it is no map".to_owned(),
    };
    let mut node = object;
    for name in place {
        node = members(node).ok_or_else(odd)?.entry(*name).or_insert(Value::Null);
    }
    let texts = members(node).ok_or_else(odd)?;
    for (key, value) in entries {
        texts.insert(key.clone(), lossy(value.expose()).into());
    }
    Ok(())
}

/// The members of a map; nothing becomes an empty one.
fn members(node: &mut Value) -> Option<&mut Map<String, Value>> {
    if node.is_null() {
        *node = Value::Object(Map::new());
    }
    node.as_object_mut()
}

/// Below the object itself, a map is merged into a map, and anything else takes the place of what was there.
fn merge(object: &mut Value, path: &Path, value: Value) -> Result<(), Problem> {
    let entry = path.entry(object)?;
    match (entry, value) {
        (Value::Object(before), Value::Object(more)) if path.as_member().is_none() => before.extend(more),
        (entry, value) => *entry = value,
    }
    Ok(())
}

/// ESO leaves labels and annotations behind, empty where there were none or where something else has been put.
fn settle_metadata(object: &mut Value) -> Result<(), Problem> {
    for name in ["labels", "annotations"] {
        let entry = Path::parse(&format!("metadata.{name}"))?.entry(object)?;
        let is_sound = entry
            .as_object()
            .is_some_and(|texts| texts.values().all(Value::is_string));
        if !is_sound {
            *entry = Value::Object(Map::new());
        }
    }
    Ok(())
}

/// What is no YAML is a text.
fn parsed_or_text(value: &SecretBytes) -> Value {
    match yaml::parse(value.expose()) {
        Ok(node) => to_json(node),
        Err(_) => lossy(value.expose()).into(),
    }
}

/// Numbers are whole where they can be, as when Kubernetes reads JSON that Go has printed.
fn to_json(node: Node) -> Value {
    match node {
        Node::Null => Value::Null,
        Node::Bool(value) => value.into(),
        Node::Int(value) => value.into(),
        Node::Uint(value) => value.into(),
        Node::Float(value) => whole(value).map_or_else(|| value.into(), Value::from),
        Node::Text(text) => text.into(),
        Node::List(items) => items.into_iter().map(to_json).collect(),
        Node::Map(entries) => entries
            .into_iter()
            .map(|(key, node)| (key, to_json(node)))
            .collect(),
    }
}

fn whole(value: f64) -> Option<i64> {
    // Printed with an exponent from here on, which is no whole number to Kubernetes.
    if value.fract() != 0.0 || value.abs() >= 1e21 {
        return None;
    }
    format!("{value:.0}").parse().ok()
}
