//! What is asked of a backend.

use std::collections::BTreeMap;

use serde_json::Value;

use super::json::encode_values;
use super::problem::Problem;
use super::secret_bytes::SecretBytes;
use super::values::Values;

/// A secret at a backend: the identity of a read. Equal locations are read once.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Location {
    pub key: String,
    pub version: Option<String>,
    pub aspect: Aspect,
    /// Only where the backend is asked something else for another property.
    pub property: Option<String>,
}

/// The secret itself, or what the backend says about it (`metadataPolicy: Fetch`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Aspect {
    Value,
    Metadata,
}

/// A search. Which of its conditions count when several are given, each backend decides as ESO's does.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Find {
    pub path: Option<String>,
    /// Go RE2, unanchored.
    pub name: Option<String>,
    pub tags: BTreeMap<String, String>,
    /// How names that no Secret may carry are changed, where the backend does that itself.
    pub conversion: lockstep_api::ConversionStrategy,
}

/// Where a pushed value goes.
#[derive(Clone, Debug, PartialEq)]
pub struct Remote {
    pub key: String,
    pub property: Option<String>,
    /// `spec.data[].metadata`, for the backend to understand. It may say where the place is (`remoteNamespace`), so
    /// whoever looks there or deletes needs it as whoever writes.
    pub metadata: Option<Value>,
}

/// A value on its way to a backend.
#[derive(Clone, Debug)]
pub struct Push {
    pub remote: Remote,
    /// The key of the source Secret that is pushed; `None` pushes all of `values`.
    pub secret_key: Option<String>,
    pub values: Values,
    pub source: PushSource,
}

/// What the source Secret says about itself.
#[derive(Clone, Debug, Default)]
pub struct PushSource {
    /// Of the PushSecret; what its metadata refers to is in there.
    pub namespace: String,
    pub secret_type: Option<String>,
    pub labels: BTreeMap<String, String>,
    pub annotations: BTreeMap<String, String>,
}

impl Push {
    /// The value of the key that is pushed; `None` when all of them are.
    pub(crate) fn single(&self) -> Result<Option<&SecretBytes>, Problem> {
        let Some(key) = &self.secret_key else {
            return Ok(None);
        };
        let missing = || Problem::BadData {
            why: format!("secret key {key} does not exist"),
        };
        self.values.get(key).ok_or_else(missing).map(Some)
    }

    /// What is pushed: the value of one key, or all of them as one object of JSON.
    pub(crate) fn value(&self) -> Result<SecretBytes, Problem> {
        let single = self.single()?.cloned();
        Ok(single.unwrap_or_else(|| encode_values(&self.values)))
    }

    /// The same for a backend that keeps text. Bytes that are none would be read there as others.
    pub(crate) fn text(&self) -> Result<SecretBytes, Problem> {
        let value = self.value()?;
        if str::from_utf8(value.expose()).is_ok() {
            return Ok(value);
        }
        let key = self.secret_key.as_deref().unwrap_or_default();
        Err(Problem::BadData {
            why: format!(
                "secret key {key} holds bytes that are no text, and the provider keeps text only: encode them, for \
                 example with b64enc in a template"
            ),
        })
    }
}
