//! May this object be stored? What ESO's webhook refuses is refused here, with the same status.
//!
//! The CRDs refuse most of it themselves, and are asked first. What is left for here: rules that CEL cannot hold
//! (duplicate keys, durations, regular expressions, what belongs together in a provider), and clusters whose CRDs are
//! still ESO's. What ESO takes is never refused, only warned of.

mod external_secret;
mod store;

use lockstep_api::{ClusterSecretStore, ExternalSecret, SecretStore};
use serde::de::DeserializeOwned;
use serde_json::Value;

use self::store::Home;

/// As many of a kind as are told; whoever has more has read enough.
const MOST: usize = 16;
/// Of what is told, in characters. Kubernetes cuts longer warnings.
const LONGEST: usize = 240;

/// A kind of object that is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    ExternalSecret,
    SecretStore,
    ClusterSecretStore,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    pub refusal: Option<Refusal>,
    pub warnings: Vec<String>,
}

/// Why an object is not stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It cannot be understood.
    Unreadable(String),
    /// It is understood, and refused.
    Denied(String),
}

impl Refusal {
    pub fn message(&self) -> &str {
        match self {
            Self::Unreadable(message) | Self::Denied(message) => message,
        }
    }
}

/// What is to be said about a spec: what it is refused for, and what it is warned of.
#[derive(Debug, Default)]
struct Findings {
    refused: Vec<String>,
    doubts: Vec<String>,
}

/// Judges an object that is to be stored, in place of an `old` one when there is one.
///
/// An object that is on its way out is let go, whatever it looks like: refusing to take its last finalizer off would
/// keep it for ever. One whose spec stays as it was is let pass with a warning: it got in when that was allowed, and
/// a label on it is nobody's mistake.
pub fn review(subject: Subject, object: Value, old: Option<&Value>) -> Verdict {
    if !object["metadata"]["deletionTimestamp"].is_null() {
        return Verdict::default();
    }
    let is_same = old.is_some_and(|old| old["spec"] == object["spec"]);
    let mut verdict = match subject {
        Subject::ExternalSecret => {
            read(object).map(|object: ExternalSecret| external_secret::review(&object.spec))
        }
        Subject::SecretStore => read(object).map(|object: SecretStore| {
            let namespace = object.metadata.namespace.unwrap_or_default();
            store::review(&object.spec, &Home::Namespace(namespace))
        }),
        Subject::ClusterSecretStore => {
            read(object).map(|object: ClusterSecretStore| store::review(&object.spec, &Home::Cluster))
        }
    }
    .unwrap_or_else(Verdict::from);
    if let Some(refusal) = verdict.refusal.take_if(|_| is_same) {
        verdict.warnings.insert(
            0,
            format!("is kept as it is, but would be refused: {}", refusal.message()),
        );
    }
    verdict.warnings = verdict
        .warnings
        .into_iter()
        .take(MOST)
        .map(|text| one_line(&text))
        .collect();
    verdict
}

fn read<T: DeserializeOwned>(object: Value) -> Result<T, Refusal> {
    // A spec that cannot be read is told by its field; what else there is, is metadata.
    serde_json::from_value(object)
        .map_err(|_| Refusal::Unreadable("the object's metadata cannot be read".to_owned()))
}

impl From<Refusal> for Verdict {
    fn from(refusal: Refusal) -> Self {
        Self {
            refusal: Some(refusal),
            warnings: Vec::new(),
        }
    }
}

impl From<Findings> for Verdict {
    fn from(findings: Findings) -> Self {
        let mut refused = findings.refused;
        let more = refused.len().saturating_sub(MOST);
        refused.truncate(MOST);
        if more > 0 {
            refused.push(format!("and {more} more"));
        }
        for text in &mut refused {
            shorten(text);
        }
        Self {
            refusal: (!refused.is_empty()).then(|| Refusal::Denied(refused.join("\n"))),
            warnings: findings.doubts,
        }
    }
}

/// What is told may hold a pattern, which may be long.
fn shorten(text: &mut String) {
    if let Some((end, _)) = text.char_indices().nth(LONGEST) {
        text.truncate(end);
        text.push('…');
    }
}

/// Warnings go into an HTTP header.
fn one_line(text: &str) -> String {
    let line: String = text
        .chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .take(LONGEST)
        .collect();
    line
}

#[cfg(test)]
mod tests;
