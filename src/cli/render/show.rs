//! Secrets on a screen. Values are masked unless they are asked for.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lockstep_gostd::yaml::{self, Node};
use serde_json::{Map, Value, json};

use super::Format;
use super::make::{Made, Secret, Text};
use crate::cli::columns::{self, Align};
use crate::engine::secret_bytes::SecretBytes;

const HEAD: [(&str, Align); 4] = [
    ("SECRET", Align::Left),
    ("KEY", Align::Left),
    ("BYTES", Align::Right),
    ("VALUE", Align::Left),
];

pub fn show(made: &[Made], format: Format, reveal: bool) -> Vec<u8> {
    let secrets = made.iter().filter_map(|made| Some((made, made.secret.as_ref()?)));
    match format {
        Format::Yaml => yaml(secrets, reveal),
        Format::Json => json(secrets.map(|(_, secret)| manifest(secret, reveal)).collect()),
        Format::Table => table(secrets.map(|(_, secret)| secret), reveal).into_bytes(),
    }
}

fn yaml<'m>(secrets: impl Iterator<Item = (&'m Made, &'m Secret)>, reveal: bool) -> Vec<u8> {
    let documents = secrets.map(|(made, secret)| {
        let head = format!(
            "# {}: {}, creationPolicy {:?}\n",
            made.place, made.source, made.policy
        );
        [head.into_bytes(), yaml::write(&node(manifest(secret, reveal)))].concat()
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

fn table<'m>(secrets: impl Iterator<Item = &'m Secret>, reveal: bool) -> String {
    let rows: Vec<_> = secrets
        .flat_map(|secret| secret.values.iter().map(move |entry| row(secret, entry, reveal)))
        .collect();
    if rows.is_empty() {
        return String::new();
    }
    columns::lines(HEAD, rows)
}

fn row(secret: &Secret, (key, value): (&String, &SecretBytes), reveal: bool) -> [String; 4] {
    let shown = match (text(value), reveal) {
        (Some(_), false) => "(text)".to_owned(),
        (None, false) => "(binary)".to_owned(),
        // In quotes where it would not stay on its line.
        (Some(text), true) if text.lines().count() > 1 || text.ends_with('\n') => format!("{text:?}"),
        (Some(text), true) => text.to_owned(),
        (None, true) => format!("base64:{}", STANDARD.encode(value.expose())),
    };
    [
        secret.key.to_string(),
        key.clone(),
        value.len().to_string(),
        shown,
    ]
}

/// With masked values it is no Secret that could be applied by mistake: what stands in `data` is no base64.
fn manifest(secret: &Secret, reveal: bool) -> Value {
    let mut meta = Map::from_iter([
        ("name".to_owned(), json!(secret.key.name)),
        ("namespace".to_owned(), json!(secret.key.namespace)),
    ]);
    for (field, texts) in [("labels", &secret.labels), ("annotations", &secret.annotations)] {
        insert(&mut meta, field, shown_texts(texts, reveal));
    }
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
        match text(value) {
            _ if !reveal => data.insert(key.clone(), mask(value.len()).into()),
            Some(text) => string_data.insert(key.clone(), text.into()),
            None => data.insert(key.clone(), STANDARD.encode(value.expose()).into()),
        };
    }
    insert(&mut manifest, "data", data);
    insert(&mut manifest, "stringData", string_data);
    Value::Object(manifest)
}

fn shown_texts(texts: &BTreeMap<String, Text>, reveal: bool) -> Map<String, Value> {
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
fn text(value: &SecretBytes) -> Option<&str> {
    let text = std::str::from_utf8(value.expose()).ok()?;
    let is_plain = |c: char| !c.is_control() || matches!(c, '\n' | '\t');
    text.chars().all(is_plain).then_some(text)
}

fn node(value: Value) -> Node {
    match value {
        Value::Null => Node::Null,
        Value::Bool(value) => Node::Bool(value),
        Value::Number(number) => Node::Text(number.to_string()),
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
