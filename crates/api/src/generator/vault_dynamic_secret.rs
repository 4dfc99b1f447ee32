//! `VaultDynamicSecret`: whatever a path of Vault answers.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{FreeJson, generator};
use crate::provider::VaultProvider;
use crate::secret_store::RetrySettings;

generator! {
    /// Makes credentials by a call of any path of Vault.
    VaultDynamicSecret { plural: "vaultdynamicsecrets", scope: Namespaced, spec: VaultDynamicSecretSpec }
}

/// What a path of Vault answers: which path, and what to take from the answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct VaultDynamicSecretSpec {
    /// Whether an answer without content is fine.
    #[serde(default)]
    pub allow_empty_response: bool,
    /// The class of the controller that shall act on this generator. Without it, any does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub controller: Option<String>,
    /// The query of a GET.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub get_parameters: BTreeMap<String, Vec<String>>,
    /// GET (when absent), LIST or DELETE. Anything else writes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// The body of a write.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameters: Option<FreeJson>,
    /// The path to call, with the mount and without v1.
    pub path: String,
    /// The server and the login.
    pub provider: VaultProvider,
    /// Which part of the answer to take.
    #[serde(default)]
    pub result_type: VaultResultType,
    /// How often a failed call is tried again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_settings: Option<RetrySettings>,
}

/// A part of Vault's answer: Data is its data, Auth its auth, Raw all of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum VaultResultType {
    #[default]
    Data,
    Auth,
    Raw,
}
