//! A write to a Secret, as the difference to what is there; and what a write to any target is based on.

use std::collections::BTreeMap;

use crate::engine::object::ObjectKey;
use crate::engine::secret_bytes::SecretBytes;
use crate::engine::target::{Owner, Target};

/// Everything that one request changes. An entry without a value removes its key; what is not named stays as it is.
#[derive(Clone, Debug, PartialEq)]
pub struct SecretWrite {
    pub key: ObjectKey,
    pub manager: String,
    /// The Secret that was looked at, which must still be the same. `None` creates one.
    pub base: Option<Base>,
    pub labels: BTreeMap<String, Option<String>>,
    pub annotations: BTreeMap<String, Option<String>>,
    pub data: BTreeMap<String, Option<SecretBytes>>,
    pub secret_type: Option<String>,
    pub immutable: Option<bool>,
    pub owners: Option<Vec<Owner>>,
    pub finalizers: Option<Vec<String>>,
    /// Whether an event says that the Secret was updated.
    pub announced: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Base {
    pub uid: String,
    pub resource_version: String,
}

impl Base {
    pub fn of(existing: &Target) -> Self {
        Self {
            uid: existing.uid.clone(),
            resource_version: existing.resource_version.clone(),
        }
    }
}

impl SecretWrite {
    pub fn to(key: &ObjectKey, manager: String, base: Option<Base>) -> Self {
        Self {
            key: key.clone(),
            manager,
            base,
            labels: BTreeMap::new(),
            annotations: BTreeMap::new(),
            data: BTreeMap::new(),
            secret_type: None,
            immutable: None,
            owners: None,
            finalizers: None,
            announced: true,
        }
    }

    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
            && self.annotations.is_empty()
            && self.data.is_empty()
            && self.secret_type.is_none()
            && self.immutable.is_none()
            && self.owners.is_none()
            && self.finalizers.is_none()
    }
}

/// The entries by which `wanted` differs from what is there, and the removal of those in `unwanted`.
pub fn difference<'a>(
    there: &BTreeMap<String, String>,
    wanted: &BTreeMap<String, String>,
    unwanted: impl Iterator<Item = &'a String>,
) -> BTreeMap<String, Option<String>> {
    let removed = unwanted.filter(|key| there.contains_key(*key) && !wanted.contains_key(*key));
    let removed = removed.map(|key| (key.clone(), None));
    let changed = wanted
        .iter()
        .filter(|(key, value)| there.get(*key) != Some(value));
    removed
        .chain(changed.map(|(key, value)| (key.clone(), Some(value.clone()))))
        .collect()
}
