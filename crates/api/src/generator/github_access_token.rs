//! `GithubAccessToken`: a token of an installed GitHub app.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::generator;
use crate::SecretKeySelector;

generator! {
    /// Makes a short-lived token of an installed GitHub app.
    GithubAccessToken { plural: "githubaccesstokens", scope: Namespaced, spec: GithubAccessTokenSpec }
}

/// A token of an installed GitHub app: of which installation, and what it may do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct GithubAccessTokenSpec {
    /// The id of the app.
    #[serde(rename = "appID")]
    pub app_id: String,
    /// How the app proves who it is.
    pub auth: GithubAppAuth,
    /// The id of the installation.
    #[serde(rename = "installID")]
    pub install_id: String,
    /// What the token may do. Without it, all that the installation may.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub permissions: BTreeMap<String, String>,
    /// The repositories that the token may reach. Without them, all that the installation may.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub repositories: Vec<String>,
    /// The address of the API, https://api.github.com when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// How a GitHub app proves who it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct GithubAppAuth {
    /// The private key of the app.
    pub private_key: GithubAppKey,
}

/// The private key of a GitHub app.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct GithubAppKey {
    /// The Secret's key that holds the key as PEM.
    pub secret_ref: SecretKeySelector,
}
