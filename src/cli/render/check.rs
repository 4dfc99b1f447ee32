//! What an API server would refuse about a Secret, and the engine leaves to it.

use serde::de::IgnoredAny;

use super::make::Secret;
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

/// `is_whole`: nothing else can be in the Secret already.
pub fn faults(secret: &Secret, is_whole: bool) -> Vec<String> {
    let keys = secret.values.keys().filter_map(|key| key_fault(key));
    let size: usize = secret.values.values().map(SecretBytes::len).sum();
    let size = (size > LARGEST)
        .then(|| format!("all values together have {size} bytes; at most {LARGEST} fit into a Secret"));
    let of_type = if is_whole { type_faults(secret) } else { Vec::new() };
    keys.chain(size).chain(of_type).collect()
}

fn key_fault(key: &str) -> Option<String> {
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
    Some(format!("no Secret can have the key {key:?}: {why}"))
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
