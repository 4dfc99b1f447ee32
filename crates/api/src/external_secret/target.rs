//! The object that receives the values.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::rules;
use super::template::Template;
use crate::names::ResourceName;

/// The Secret that receives the values, and what we may do to it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline, transform = rules::target)]
pub struct Target {
    /// The Secret's name, that of the ExternalSecret when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<ResourceName>,
    /// Who creates the Secret, and whose it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "Owner"))]
    pub creation_policy: Option<CreationPolicy>,
    /// What happens when the backend has the values no more.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "Retain"))]
    pub deletion_policy: Option<DeletionPolicy>,
    /// Makes the Secret immutable: once written, it is not updated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub immutable: Option<bool>,
    /// An object of another kind in place of the Secret. Needs the flag that allows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub manifest: Option<Manifest>,
    /// What the Secret is made of, when not of the values as they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template: Option<Template>,
}

impl Target {
    pub fn creation_policy(&self) -> CreationPolicy {
        self.creation_policy.unwrap_or_default()
    }

    pub fn deletion_policy(&self) -> DeletionPolicy {
        self.deletion_policy.unwrap_or_default()
    }

    pub fn immutable(&self) -> bool {
        self.immutable.unwrap_or_default()
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum CreationPolicy {
    /// We create it, own it, and it holds nothing else.
    #[default]
    Owner,
    /// As Owner, but it outlives the ExternalSecret.
    Orphan,
    /// Somebody else creates it; we write our keys.
    Merge,
    /// We never write it.
    None,
    /// As Merge, but we create it when it is missing.
    CreateOrMerge,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum DeletionPolicy {
    /// The Secret goes with the last value.
    Delete,
    /// Keys go with their values, the Secret stays.
    Merge,
    /// Everything stays; a missing value is an error.
    #[default]
    Retain,
}

/// A kind of object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct Manifest {
    /// Group and version, such as `v1`.
    #[schemars(length(min = 1))]
    pub api_version: String,
    /// Such as `ConfigMap`.
    #[schemars(length(min = 1))]
    pub kind: String,
}

impl Manifest {
    pub fn is_secret(&self) -> bool {
        self.api_version == "v1" && self.kind == "Secret"
    }
}
