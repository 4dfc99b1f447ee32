//! Templates that make a part of an object that is no Secret.

use std::collections::BTreeMap;
use std::fmt;

use lockstep_api::DecodingStrategy;
use lockstep_gostd::unicode::lossy;
use lockstep_gostd::yaml::{self, Node};
use serde_json::{Map, Value};

use super::engine::Text;
use super::path::Path;
use super::scope::{self, Scope};
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::engine::target::Digest;
use crate::engine::values::Values;
use crate::engine::{decode, merge_patch};

/// An object in the making. Values may be anywhere in it, so it cannot be printed.
#[derive(Clone, Default, PartialEq)]
pub struct Object(pub Value);

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Object")
    }
}

impl Object {
    /// Stands for each member that is not empty, where only "is it the same?" is asked.
    pub fn digests(&self) -> BTreeMap<String, Digest> {
        let members = self.0.as_object().into_iter().flatten();
        members
            .filter(|(_, value)| !merge_patch::is_nothing(value))
            .map(|(name, value)| (name.clone(), Digest::of(&value.to_string().into())))
            .collect()
    }
}

/// Maps of texts that every object has, and two that some have.
const TEXTS: [(&str, &[&str]); 4] = [
    ("data", &["data"]),
    ("labels", &["metadata", "labels"]),
    ("annotations", &["metadata", "annotations"]),
    ("spec", &["spec"]),
];

/// What a template made, and where in an object it belongs.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Piece {
    /// Entries of a map of texts.
    Texts {
        place: &'static [&'static str],
        entries: Values,
    },
    /// Takes the place of what the path leads to.
    Whole { path: Path, value: Object },
    /// Below the object itself, a map is merged into a map.
    Merged { path: Path, value: Object },
}

/// Understands what a template made.
pub(super) fn piece(
    target: &str,
    scope: Scope,
    text: &Text,
    rendered: SecretBytes,
    strategy: DecodingStrategy,
) -> Result<Piece, Problem> {
    let texts = TEXTS.iter().find(|(name, _)| name.eq_ignore_ascii_case(target));
    let is_whole_spec = scope == Scope::KeysAndValues && target.eq_ignore_ascii_case("spec");
    if let Some((_, place)) = texts.filter(|_| !is_whole_spec) {
        let entries = scope::entries(scope, text, rendered)?;
        let entries = decode::decode_all(strategy, entries).map_err(scope::undecodable)?;
        return Ok(Piece::Texts { place, entries });
    }
    let path = Path::parse(target)?;
    match scope {
        Scope::Values => {
            let value = decode::decode(strategy, &rendered).map_err(scope::undecodable)?;
            let value = Object(parsed_or_text(&value));
            Ok(Piece::Whole { path, value })
        }
        Scope::KeysAndValues => {
            let node = yaml::parse(rendered.expose())
                .map_err(|fault| text.unusable(format!("could not unmarshal template: {fault}")))?;
            let value = Object(to_json(node));
            Ok(Piece::Merged { path, value })
        }
    }
}

impl Piece {
    /// The values themselves, as a map of texts at this path.
    pub(super) fn of_values(path: &str, values: &Values) -> Result<Self, Problem> {
        let texts = values
            .iter()
            .map(|(key, value)| (key.clone(), lossy(value.expose()).into()));
        Ok(Self::Whole {
            path: Path::parse(path)?,
            value: Object(Value::Object(texts.collect())),
        })
    }

    pub(super) fn put(&self, object: &mut Value) -> Result<(), Problem> {
        match self {
            Self::Texts { place, entries } => {
                add_texts(object, place, entries)?;
                settle_metadata(object)
            }
            Self::Whole { path, value } => {
                path.entry(object)?.clone_from(&value.0);
                settle_metadata(object)
            }
            Self::Merged { path, value } => merge(object, path, value.0.clone()),
        }
    }
}

/// Sets entries of a map of texts.
fn add_texts(object: &mut Value, place: &[&str], entries: &Values) -> Result<(), Problem> {
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
