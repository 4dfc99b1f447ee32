//! What an API server would refuse about a target, and the engine leaves to it.

use serde::de::IgnoredAny;
use serde_json::Value;

use super::make::{Resource, Secret, Target};
use crate::cli::leaves::leaves;
use crate::engine::secret_bytes::SecretBytes;

const LARGEST: usize = 1 << 20;
const LONGEST_KEY: usize = 253;

/// The keys that a type asks for.
const NEEDED: [(&str, &[&str]); 4] = [
    ("kubernetes.io/dockercfg", &[".dockercfg"]),
    ("kubernetes.io/dockerconfigjson", &[".dockerconfigjson"]),
    ("kubernetes.io/ssh-auth", &["ssh-privatekey"]),
    ("kubernetes.io/tls", &["tls.crt", "tls.key"]),
];
/// Types whose one key holds JSON.
const JSON: [&str; 2] = ["kubernetes.io/dockercfg", "kubernetes.io/dockerconfigjson"];

/// `is_whole`: nothing else can be in the target already.
pub fn faults(target: &Target, is_whole: bool) -> Vec<String> {
    match target {
        Target::Secret(secret) => {
            let of_type = if is_whole { type_faults(secret) } else { Vec::new() };
            let entries = secret
                .values
                .iter()
                .map(|(key, value)| (key.as_str(), value.len()));
            data_faults("Secret", entries).chain(of_type).collect()
        }
        Target::Resource(resource) if resource.target.kind.is_config_map() => {
            let entries = resource.content.0.get("data").and_then(Value::as_object);
            let texts = entries.into_iter().flatten();
            let texts = texts.map(|(key, value)| (key.as_str(), value.as_str().map_or(0, str::len)));
            data_faults("ConfigMap", texts)
                .chain(text_faults(resource))
                .collect()
        }
        // Only the API server knows its schema.
        Target::Resource(_) => Vec::new(),
    }
}

/// Of entries, each with how long its value is.
fn data_faults<'d>(
    kind: &'static str,
    entries: impl Iterator<Item = (&'d str, usize)>,
) -> impl Iterator<Item = String> {
    let mut size = 0;
    let mut faults = Vec::new();
    for (key, length) in entries {
        size += length;
        faults.extend(key_fault(kind, key));
    }
    if size > LARGEST {
        let why = format!("all values together have {size} bytes; at most {LARGEST} fit into a {kind}");
        faults.push(why);
    }
    faults.into_iter()
}

fn text_faults(config_map: &Resource) -> impl Iterator<Item = String> {
    let fields = leaves(&config_map.content.0).into_iter();
    let odd = fields.filter(|(path, value)| path.as_data_key().is_some() && !value.is_string());
    odd.map(|(path, _)| format!("{path} must be a text; a ConfigMap holds nothing else"))
}

fn key_fault(kind: &str, key: &str) -> Option<String> {
    let is_legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let why = if key.is_empty() || !key.chars().all(is_legal) {
        "only letters, digits, '-', '_' and '.' are allowed"
    } else if key.len() > LONGEST_KEY {
        "it is longer than 253 characters"
    } else if key == "." || key.starts_with("..") {
        "it leads out of a mounted volume"
    } else {
        return None;
    };
    Some(format!("no {kind} can have the key {key:?}: {why}"))
}

fn type_faults(secret: &Secret) -> Vec<String> {
    let kind = secret.kind.as_str();
    let needed = NEEDED
        .iter()
        .filter(|(of, _)| *of == kind)
        .flat_map(|(_, keys)| *keys);
    let mut faults = Vec::new();
    for key in needed {
        match secret.values.get(*key) {
            None => faults.push(format!("a Secret of type {kind} needs the key {key:?}")),
            Some(value) if JSON.contains(&kind) && !is_json(value) => {
                faults.push(format!(
                    "a Secret of type {kind} needs JSON under the key {key:?}"
                ));
            }
            Some(_) => {}
        }
    }
    let has_either = ["username", "password"]
        .iter()
        .any(|key| secret.values.contains_key(*key));
    if kind == "kubernetes.io/basic-auth" && !has_either {
        faults.push(format!(
            "a Secret of type {kind} needs the key \"username\" or \"password\""
        ));
    }
    faults
}

fn is_json(value: &SecretBytes) -> bool {
    serde_json::from_slice::<IgnoredAny>(value.expose()).is_ok()
}
