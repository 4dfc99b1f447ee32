//! Where values come from.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::rules;
use crate::common::{
    ConversionStrategy, DecodingStrategy, GeneratorRef, MetadataPolicy, NullBytePolicy, StoreRef,
};
use crate::names::SecretKey;
use crate::one_of::one_of;

/// One value of a backend under one key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct DataEntry {
    /// The key that the value gets.
    pub secret_key: SecretKey,
    /// Where the backend has the value.
    pub remote_ref: RemoteRef,
    /// A store other than the one of the whole object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_ref: Option<SourceRef>,
}

/// The place of a value in a backend.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct RemoteRef {
    /// The backend's name for the secret.
    pub key: String,
    /// A member of the secret, when it has several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub property: Option<String>,
    /// A version of the secret other than the current one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Fetch reads the secret's tags or labels in place of its value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata_policy: Option<MetadataPolicy>,
    /// How keys that Kubernetes does not allow are converted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conversion_strategy: Option<ConversionStrategy>,
    /// How values are decoded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decoding_strategy: Option<DecodingStrategy>,
    /// Whether a value with a NUL byte is an error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub null_byte_policy: Option<NullBytePolicy>,
}

impl RemoteRef {
    pub fn metadata_policy(&self) -> MetadataPolicy {
        self.metadata_policy.unwrap_or_default()
    }

    pub fn conversion_strategy(&self) -> ConversionStrategy {
        self.conversion_strategy.unwrap_or_default()
    }

    pub fn decoding_strategy(&self) -> DecodingStrategy {
        self.decoding_strategy.unwrap_or_default()
    }

    pub fn null_byte_policy(&self) -> NullBytePolicy {
        self.null_byte_policy.unwrap_or_default()
    }
}

/// A source of several values: `extract`, `find` or a generator.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline, transform = rules::data_from)]
pub struct DataFrom {
    /// All members of one secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extract: Option<RemoteRef>,
    /// All secrets that match.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub find: Option<Find>,
    /// Changes to the keys, one after the other. With any, conversionStrategy does nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rewrite: Vec<Rewrite>,
    /// A store other than the one of the whole object, or a generator.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_ref: Option<SourceRef>,
}

/// Which secrets of a backend are meant.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct Find {
    /// Where in the backend to look.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// By name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<FindName>,
    /// By tags or labels, all of which must match.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// How keys that Kubernetes does not allow are converted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conversion_strategy: Option<ConversionStrategy>,
    /// How values are decoded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decoding_strategy: Option<DecodingStrategy>,
    /// Whether a value with a NUL byte is an error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub null_byte_policy: Option<NullBytePolicy>,
}

impl Find {
    pub fn conversion_strategy(&self) -> ConversionStrategy {
        self.conversion_strategy.unwrap_or_default()
    }

    pub fn decoding_strategy(&self) -> DecodingStrategy {
        self.decoding_strategy.unwrap_or_default()
    }

    pub fn null_byte_policy(&self) -> NullBytePolicy {
        self.null_byte_policy.unwrap_or_default()
    }
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct FindName {
    /// A regular expression (RE2) that has to match somewhere in the name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub regexp: Option<String>,
}

one_of!(
    /// Where one entry is fetched from.
    SourceRef {
        /// A store.
        "storeRef" => Store(StoreRef),
        /// A generator, which makes new values at each refresh.
        "generatorRef" => Generator(GeneratorRef),
    }
);

one_of!(
    /// One change to the keys of a source.
    Rewrite {
        /// Replaces what a regular expression matches in each key.
        "regexp" => Regexp(RewriteRegexp),
        /// Renders each key with a template.
        "transform" => Transform(RewriteTransform),
        /// Merges the members of all values, which have to be JSON objects.
        "merge" => Merge(RewriteMerge),
    }
);

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct RewriteRegexp {
    /// The regular expression (RE2).
    pub source: String,
    /// What replaces each match. `$1` and `${name}` stand for groups.
    pub target: String,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct RewriteTransform {
    /// The template of the new key. `.value` is the old one.
    pub template: String,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct RewriteMerge {
    /// The key of the merged object; strategy JSON requires it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(extend("default" = ""))]
    pub into: String,
    /// Keys whose members win, the last one most of all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub priority: Vec<String>,
    /// Whether every key in priority has to be there.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "Strict"))]
    pub priority_policy: Option<MergePriorityPolicy>,
    /// Whether two values may have the same member.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "Error"))]
    pub conflict_policy: Option<MergeConflictPolicy>,
    /// Extract makes a key of each member, JSON one object of all.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "Extract"))]
    pub strategy: Option<MergeStrategy>,
}

impl RewriteMerge {
    pub fn priority_policy(&self) -> MergePriorityPolicy {
        self.priority_policy.unwrap_or_default()
    }

    pub fn conflict_policy(&self) -> MergeConflictPolicy {
        self.conflict_policy.unwrap_or_default()
    }

    pub fn strategy(&self) -> MergeStrategy {
        self.strategy.unwrap_or_default()
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum MergePriorityPolicy {
    IgnoreNotFound,
    #[default]
    Strict,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum MergeConflictPolicy {
    Ignore,
    #[default]
    Error,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum MergeStrategy {
    #[default]
    Extract,
    #[serde(rename = "JSON")]
    Json,
}
