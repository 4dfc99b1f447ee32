//! Targets on a screen. Values are masked unless they are asked for.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lockstep_gostd::yaml::{self, Node};
use serde_json::{Map, Number, Value, json};

use super::Format;
use super::make::{Made, Resource, Secret, Target, Text};
use crate::cli::columns::{self, Align};
use crate::cli::leaves::{Path, leaves};
use crate::engine::object::{ObjectKey, ObjectRef, ResourceKey};
use crate::engine::secret_bytes::SecretBytes;

const HEAD: [(&str, Align); 4] = [
    ("TARGET", Align::Left),
    ("KEY", Align::Left),
    ("BYTES", Align::Right),
    ("VALUE", Align::Left),
];

pub fn show(made: &[Made], format: Format, reveal: bool) -> Vec<u8> {
    let targets = made.iter().filter_map(|made| Some((made, made.target.as_ref()?)));
    match format {
        Format::Yaml => yaml(targets, reveal),
        Format::Json => json(targets.map(|(_, target)| manifest(target, reveal)).collect()),
        Format::Table => table(targets.map(|(_, target)| target), reveal).into_bytes(),
    }
}

fn yaml<'m>(targets: impl Iterator<Item = (&'m Made, &'m Target)>, reveal: bool) -> Vec<u8> {
    let documents = targets.map(|(made, target)| {
        let head = format!(
            "# {}: {}, creationPolicy {:?}\n",
            made.place, made.source, made.policy
        );
        [head.into_bytes(), yaml::write(&node(manifest(target, reveal)))].concat()
    });
    documents.collect::<Vec<_>>().join(b"---\n".as_slice())
}

fn json(mut manifests: Vec<Value>) -> Vec<u8> {
    let whole = match manifests.len() {
        0 => return Vec::new(),
        1 => manifests.remove(0),
        _ => json!({"apiVersion": "v1", "kind": "List", "items": manifests}),
    };
    format!("{whole:#}\n").into_bytes()
}

fn table<'m>(targets: impl Iterator<Item = &'m Target>, reveal: bool) -> String {
    let rows: Vec<_> = targets
        .flat_map(|target| match target {
            Target::Secret(secret) => secret_rows(secret, reveal),
            Target::Resource(resource) => resource_rows(resource, reveal),
        })
        .collect();
    if rows.is_empty() {
        return String::new();
    }
    columns::lines(HEAD, rows)
}

fn secret_rows(secret: &Secret, reveal: bool) -> Vec<[String; 4]> {
    let target = ObjectRef::namespaced("Secret", &secret.key).to_string();
    let row = |(key, value): (&String, &SecretBytes)| {
        let shown = match (text(value.expose()), reveal) {
            (Some(_), false) => "(text)".to_owned(),
            (None, false) => "(binary)".to_owned(),
            (Some(text), true) => on_one_line(text),
            (None, true) => format!("base64:{}", STANDARD.encode(value.expose())),
        };
        [target.clone(), key.clone(), value.len().to_string(), shown]
    };
    secret.values.iter().map(row).collect()
}

fn resource_rows(resource: &Resource, reveal: bool) -> Vec<[String; 4]> {
    let target = ObjectRef::from(&resource.target).to_string();
    let row = |(path, value): (Path, &Value)| {
        let length = value.as_str().map(|text| text.len().to_string());
        let shown = match value {
            Value::String(text) if reveal || resource.plain.contains(&path) => on_one_line(text),
            Value::String(_) => "(text)".to_owned(),
            Value::Number(_) if !reveal => "(number)".to_owned(),
            Value::Bool(_) if !reveal => "(boolean)".to_owned(),
            Value::Number(_) | Value::Bool(_) | Value::Null | Value::Array(_) | Value::Object(_) => {
                value.to_string()
            }
        };
        [
            target.clone(),
            on_one_line(&path.to_string()),
            length.unwrap_or_default(),
            shown,
        ]
    };
    leaves(&resource.content.0).into_iter().map(row).collect()
}

/// In quotes where it would not stay on its line, or would steer a terminal.
fn on_one_line(shown: &str) -> String {
    if shown.lines().count() > 1 || shown.ends_with('\n') || text(shown.as_bytes()).is_none() {
        format!("{shown:?}")
    } else {
        shown.to_owned()
    }
}

fn manifest(target: &Target, reveal: bool) -> Value {
    match target {
        Target::Secret(secret) => secret_manifest(secret, reveal),
        Target::Resource(resource) => resource_manifest(resource, reveal),
    }
}

/// With masked values it is no Secret that could be applied by mistake: what stands in `data` is no base64.
fn secret_manifest(secret: &Secret, reveal: bool) -> Value {
    let mut meta = metadata(&secret.key, &secret.labels, &secret.annotations, reveal);
    if !secret.finalizers.is_empty() {
        meta.insert("finalizers".to_owned(), json!(secret.finalizers));
    }
    let mut manifest = Map::from_iter([
        ("apiVersion".to_owned(), json!("v1")),
        ("kind".to_owned(), json!("Secret")),
        ("metadata".to_owned(), Value::Object(meta)),
        ("type".to_owned(), json!(secret.kind)),
    ]);
    if secret.immutable {
        manifest.insert("immutable".to_owned(), json!(true));
    }
    let (mut data, mut string_data) = (Map::new(), Map::new());
    for (key, value) in &secret.values {
        match text(value.expose()) {
            _ if !reveal => data.insert(key.clone(), mask(value.len()).into()),
            Some(text) => string_data.insert(key.clone(), text.into()),
            None => data.insert(key.clone(), STANDARD.encode(value.expose()).into()),
        };
    }
    insert(&mut manifest, "data", data);
    insert(&mut manifest, "stringData", string_data);
    Value::Object(manifest)
}

fn resource_manifest(resource: &Resource, reveal: bool) -> Value {
    let ResourceKey { kind, key } = &resource.target;
    let mut manifest = if reveal {
        resource.content.0.clone()
    } else {
        masked(&Path::default(), &resource.content.0, &resource.plain)
    };
    let meta = metadata(key, &resource.labels, &resource.annotations, reveal);
    manifest["apiVersion"] = json!(kind.api_version);
    manifest["kind"] = json!(kind.kind);
    manifest["metadata"] = Value::Object(meta);
    manifest
}

/// Anything in it may be made of values, and only what is known not to be is shown.
fn masked(path: &Path, value: &Value, plain: &BTreeSet<Path>) -> Value {
    match value {
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| (name.clone(), masked(&path.member(name), value, plain)))
            .collect(),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .map(|(index, value)| masked(&path.item(index), value, plain))
            .collect(),
        Value::String(text) if !plain.contains(path) => mask(text.len()).into(),
        Value::Number(_) => "<number>".into(),
        Value::Bool(_) => "<boolean>".into(),
        Value::String(_) | Value::Null => value.clone(),
    }
}

type Texts = BTreeMap<String, Text>;

fn metadata(key: &ObjectKey, labels: &Texts, annotations: &Texts, reveal: bool) -> Map<String, Value> {
    let mut meta = Map::from_iter([
        ("name".to_owned(), json!(key.name)),
        ("namespace".to_owned(), json!(key.namespace)),
    ]);
    insert(&mut meta, "labels", shown_texts(labels, reveal));
    insert(&mut meta, "annotations", shown_texts(annotations, reveal));
    meta
}

fn shown_texts(texts: &Texts, reveal: bool) -> Map<String, Value> {
    let shown = |text: &Text| {
        if reveal || text.is_plain {
            text.text.clone()
        } else {
            mask(text.text.len())
        }
    };
    texts
        .iter()
        .map(|(key, text)| (key.clone(), shown(text).into()))
        .collect()
}

fn insert(into: &mut Map<String, Value>, field: &str, entries: Map<String, Value>) {
    if !entries.is_empty() {
        into.insert(field.to_owned(), Value::Object(entries));
    }
}

fn mask(length: usize) -> String {
    match length {
        1 => "<1 byte>".to_owned(),
        length => format!("<{length} bytes>"),
    }
}

/// What can be shown as it is: no byte of it would steer a terminal.
fn text(value: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(value).ok()?;
    let is_plain = |c: char| !c.is_control() || matches!(c, '\n' | '\t');
    text.chars().all(is_plain).then_some(text)
}

fn node(value: Value) -> Node {
    match value {
        Value::Null => Node::Null,
        Value::Bool(value) => Node::Bool(value),
        Value::Number(number) => number_node(&number),
        Value::String(text) => Node::Text(text),
        Value::Array(items) => Node::List(items.into_iter().map(node).collect()),
        Value::Object(entries) => Node::Map(
            entries
                .into_iter()
                .map(|(key, value)| (key, node(value)))
                .collect(),
        ),
    }
}

fn number_node(number: &Number) -> Node {
    let whole = number
        .as_i64()
        .map(Node::Int)
        .or_else(|| number.as_u64().map(Node::Uint));
    let node = whole.or_else(|| number.as_f64().map(Node::Float));
    node.unwrap_or_else(|| Node::Text(number.to_string()))
}
