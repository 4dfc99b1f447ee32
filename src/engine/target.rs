//! What is known of a target Secret without keeping its values.

use std::collections::BTreeMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::OnceLock;

use super::secret_bytes::SecretBytes;

/// An existing Secret, reduced to what decisions need. No value is in here.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Target {
    pub uid: String,
    pub resource_version: String,
    pub secret_type: String,
    pub immutable: bool,
    pub terminating: bool,
    pub labels: BTreeMap<String, String>,
    pub annotations: BTreeMap<String, String>,
    pub finalizers: Vec<String>,
    pub owners: Vec<Owner>,
    /// Recomputed from the bytes that are there, not taken from the annotation.
    pub data_hash: String,
    pub keys: BTreeMap<String, Digest>,
    /// What each of our field managers holds, by manager name.
    pub managed: BTreeMap<String, ManagedFields>,
}

/// An owner reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    pub api_version: String,
    pub kind: String,
    pub name: String,
    pub uid: String,
    pub controller: bool,
    pub block_owner_deletion: bool,
}

/// The fields that a field manager owns on a Secret.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ManagedFields {
    pub data: Vec<String>,
    pub labels: Vec<String>,
    pub annotations: Vec<String>,
}

/// Stands for a value where only "is it the same?" is asked. Keyed anew in each process, so it tells nothing to
/// anyone who reads it elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digest(u64);

impl Digest {
    pub fn of(value: &SecretBytes) -> Self {
        static KEY: OnceLock<RandomState> = OnceLock::new();
        Self(KEY.get_or_init(RandomState::new).hash_one(value.expose()))
    }

    /// Short enough to be compared by eye.
    pub fn short(self) -> String {
        format!("{:08x}", self.0 >> 32)
    }
}

impl Target {
    pub fn controller(&self) -> Option<&Owner> {
        self.owners.iter().find(|owner| owner.controller)
    }
}
