//! The hashes that ESO stamps on objects: SHA3-224 over the text that Go's `%+v` prints.
//!
//! They must match to the byte. A target whose hash does not fit counts as edited by somebody else, so another
//! recipe would rewrite every Secret, and make every generated password anew, on the day a cluster is taken over.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use lockstep_gostd::hex;
use serde_json::Value;
use sha3::{Digest as _, Sha3_224};

use super::object::ObjectKey;
use super::values::Values;

/// Kubernetes' limit on a field manager's name is 128, ESO's own is this one.
const MANAGER_LIMIT: usize = 63;
/// Targets that are no Secrets are written under ESO's name as a process, for all ExternalSecrets alike.
pub const RESOURCE_MANAGER: &str = "external-secrets";
const MANAGER_PREFIX: &str = "externalsecrets.external-secrets.io/";

/// The `data-hash` annotation of a Secret with these values.
pub fn of_values(values: &Values) -> String {
    of_bytes(values.iter().map(|(key, value)| (key.as_str(), value.expose())))
}

/// As [`of_values`], for data that is not ours to wrap. The entries must be sorted by key.
pub fn of_bytes<'a>(entries: impl Iterator<Item = (&'a str, &'a [u8])>) -> String {
    let mut hash = Sha3_224::new();
    hash.update("map[");
    let mut number = String::new();
    for (index, (key, bytes)) in entries.enumerate() {
        hash.update(if index == 0 { "" } else { " " });
        hash.update(key);
        hash.update(":[");
        for (index, byte) in bytes.iter().enumerate() {
            number.clear();
            let space = if index == 0 { "" } else { " " };
            // Writing to a String cannot fail.
            let _ = write!(number, "{space}{byte}");
            hash.update(&number);
        }
        hash.update("]");
    }
    hash.update("]");
    hex::encode(&hash.finalize())
}

pub fn of_text(text: &str) -> String {
    hex::encode(&Sha3_224::digest(text))
}

/// The hash over a generic target: its `spec`, else its `data`. `None` when it has neither.
pub fn of_manifest(manifest: &Value) -> Option<String> {
    let part = ["spec", "data"]
        .iter()
        .find_map(|field| manifest.get(field).filter(|part| !part.is_null()))?;
    Some(of_json(part))
}

/// The hash over any object's content. ESO has none for objects that have neither a `spec` nor `data`.
pub fn of_object(content: &Value) -> String {
    of_manifest(content).unwrap_or_else(|| of_json(content))
}

pub fn of_json(value: &Value) -> String {
    of_text(&go_print(value))
}

/// `status.syncedResourceVersion`: changes when the spec, a label or an annotation does.
pub fn resource_version(
    generation: i64,
    labels: Option<&BTreeMap<String, String>>,
    annotations: Option<&BTreeMap<String, String>>,
) -> String {
    let text = format!(
        "{{annotations:{} labels:{}}}",
        go_print_map(annotations),
        go_print_map(labels)
    );
    format!("{generation}-{}", of_text(&text))
}

/// The `created-by` label of what an ExternalSecret owns.
pub fn owner_label(owner: &ObjectKey) -> String {
    of_text(&owner.to_string())
}

/// The field manager under which an ExternalSecret writes its target.
pub fn field_manager(external_secret: &str) -> String {
    let plain = format!("{MANAGER_PREFIX}{external_secret}");
    if plain.len() <= MANAGER_LIMIT {
        plain
    } else {
        format!("{MANAGER_PREFIX}sha3/{}", of_text(external_secret))
    }
}

pub fn is_our_manager(manager: &str) -> bool {
    manager.starts_with(MANAGER_PREFIX)
}

fn go_print_map(map: Option<&BTreeMap<String, String>>) -> String {
    let entries: Vec<String> = map
        .into_iter()
        .flatten()
        .map(|(key, value)| format!("{key}:{value}"))
        .collect();
    format!("map[{}]", entries.join(" "))
}

/// `%+v` of what Go's decoder makes of a JSON document in which integers stay integers.
fn go_print(value: &Value) -> String {
    match value {
        Value::Null => "<nil>".to_owned(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => go_print_number(number),
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(go_print).collect();
            format!("[{}]", items.join(" "))
        }
        Value::Object(members) => {
            let mut entries: Vec<(&String, String)> = members
                .iter()
                .map(|(key, value)| (key, go_print(value)))
                .collect();
            entries.sort();
            let entries: Vec<String> = entries
                .into_iter()
                .map(|(key, value)| format!("{key}:{value}"))
                .collect();
            format!("map[{}]", entries.join(" "))
        }
    }
}

/// Go prints a float64 with the fewest digits that read back, in exponent form below 1e-4 and from 1e21 on.
fn go_print_number(number: &serde_json::Number) -> String {
    let Some(float) = number.as_f64().filter(|_| number.is_f64()) else {
        return number.to_string();
    };
    if float != 0.0 && (float.abs() < 1e-4 || float.abs() >= 1e21) {
        let text = format!("{float:e}");
        let Some((mantissa, exponent)) = text.split_once('e') else {
            return text;
        };
        let (sign, digits) = exponent
            .strip_prefix('-')
            .map_or(('+', exponent), |digits| ('-', digits));
        return format!("{mantissa}e{sign}{digits:0>2}");
    }
    float.to_string()
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use serde_json::Value;

    use super::*;
    use crate::engine::vectors;

    #[test]
    fn hashes_are_those_eso_writes() {
        let cases = vectors::load("hash.json");
        for case in &cases {
            check(case);
        }
        println!("hash.json: {} passed", cases.len());
    }

    fn check(case: &Value) {
        let name = &case["name"];
        let text = |field: &str| case[field].as_str().unwrap_or_else(|| panic!("{name}: {field}"));
        let map = |value: &Value| {
            serde_json::from_value::<Option<BTreeMap<String, String>>>(value.clone()).expect("a map")
        };
        let json = || serde_json::from_str::<Value>(text("input_json")).expect("JSON");
        match text("type") {
            "bytes_map" => {
                let values: Values = map(&case["input"])
                    .unwrap_or_default()
                    .into_iter()
                    .map(|(key, value)| (key, STANDARD.decode(value).expect("base64").into()))
                    .collect();
                assert_eq!(of_values(&values), text("hash"), "{name}");
            }
            "string_map" => assert_eq!(
                of_text(&go_print_map(map(&case["input"]).as_ref())),
                text("hash"),
                "{name}"
            ),
            "string" => assert_eq!(of_text(text("input")), text("hash"), "{name}"),
            "object" => assert_eq!(of_json(&json()), text("hash"), "{name}"),
            "manifest" => assert_eq!(of_manifest(&json()).as_deref(), case["hash"].as_str(), "{name}"),
            "resource_version" => {
                let meta = &case["metadata"];
                let (labels, annotations) = (map(&meta["labels"]), map(&meta["annotations"]));
                let generation = meta["generation"].as_i64().unwrap_or_default();
                let version = resource_version(generation, labels.as_ref(), annotations.as_ref());
                assert_eq!(version, text("resource_version"), "{name}");
            }
            "field_manager" => assert_eq!(field_manager(text("es_name")), text("manager"), "{name}"),
            "owner_label" => {
                assert_eq!(
                    owner_label(&ObjectKey::new(text("namespace"), text("es_name"))),
                    text("hash"),
                    "{name}"
                );
            }
            other => panic!("{name}: unknown type {other}"),
        }
    }
}
