//! What is asked of a backend.

use std::collections::BTreeMap;

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
