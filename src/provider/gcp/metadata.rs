//! `metadataPolicy: Fetch`: labels and annotations of a secret, each as Go writes a map.

use std::borrow::Cow;
use std::collections::BTreeMap;

use lockstep_gostd::json::{Html, Numbers, Value, encode};

use super::secret::Secret;
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::engine::values::Values;
use crate::provider::Payload;

const ANNOTATIONS: &str = "annotations";
const LABELS: &str = "labels";

pub(super) fn payload(secret: &Secret) -> Payload {
    Payload::Map(Values::from([
        (ANNOTATIONS.to_owned(), encoded(&secret.annotations)),
        (LABELS.to_owned(), encoded(&secret.labels)),
    ]))
}

/// An empty map is none to Google, and null to Go.
fn encoded(map: &BTreeMap<String, String>) -> SecretBytes {
    if map.is_empty() {
        return "null".into();
    }
    let texts = map.iter();
    let texts = texts.map(|(key, value)| (Cow::Borrowed(key.as_str()), Value::Text(value.into())));
    encode(&Value::Object(texts.collect()), Html::Escaped).into()
}

pub(super) fn select(said: &Values, property: Option<&str>) -> Result<SecretBytes, Problem> {
    let part = |name: &str| said.get(name).cloned().unwrap_or_else(|| "null".into());
    match property {
        None => Ok(both(&part(ANNOTATIONS), &part(LABELS))),
        Some(name @ (ANNOTATIONS | LABELS)) => Ok(part(name)),
        Some(property) => {
            let named = |of: &str| property.strip_prefix(of)?.strip_prefix('.');
            if let Some(key) = named(ANNOTATIONS).filter(|key| !key.is_empty()) {
                one(&part(ANNOTATIONS), key, "annotation")
            } else if let Some(key) = named(LABELS).filter(|key| !key.is_empty()) {
                one(&part(LABELS), key, "label")
            } else {
                Err(bad(format!(
                    "invalid property {property}: metadata property should start with either annotations or labels"
                )))
            }
        }
    }
}

fn both(annotations: &SecretBytes, labels: &SecretBytes) -> SecretBytes {
    let parts = [
        b"{\"annotations\":",
        annotations.expose(),
        b",\"labels\":",
        labels.expose(),
        b"}",
    ];
    parts.concat().into()
}

fn one(map: &SecretBytes, key: &str, kind: &str) -> Result<SecretBytes, Problem> {
    let members = Value::parse_object(map.expose(), Numbers::AsWritten).unwrap_or_default();
    match members.get(key) {
        Some(Value::Text(text)) => Ok(text.as_ref().into()),
        _ => Err(bad(format!("{kind} with key {key} does not exist in the secret"))),
    }
}

fn bad(why: String) -> Problem {
    Problem::BadData { why }
}
