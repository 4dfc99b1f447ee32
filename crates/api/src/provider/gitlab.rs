//! `provider.gitlab`: GitLab CI/CD variables.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::CaBundle;
use super::rules::is_default;
use crate::{CaProvider, SecretKeySelector};

/// Reads CI/CD variables of a GitLab project and of groups.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct GitlabProvider {
    /// How to log in.
    pub auth: GitlabAuth,
    /// The address of the server; `https://gitlab.com/` unless set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The project to read.
    #[serde(rename = "projectID", skip_serializing_if = "Option::is_none")]
    pub project_id: Option<String>,
    /// Groups to read after the project, the last one first.
    #[serde(rename = "groupIDs", default, skip_serializing_if = "Vec::is_empty")]
    pub group_ids: Vec<String>,
    /// Read the groups that the project is in. Not together with `groupIDs`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub inherit_from_groups: bool,
    /// The scope of the variables; `*` unless set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// Base64 of the PEM certificates to trust; wins over `caProvider`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_bundle: Option<CaBundle>,
    /// The Secret or ConfigMap that holds the certificates to trust.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_provider: Option<CaProvider>,
}

/// How to log in to GitLab.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct GitlabAuth {
    /// With a token kept in a Secret.
    #[serde(rename = "SecretRef")]
    pub secret_ref: GitlabSecretRef,
}

/// A GitLab token kept in a Secret.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct GitlabSecretRef {
    /// The Secret's key that holds the token.
    #[serde(default, skip_serializing_if = "is_default")]
    pub access_token: SecretKeySelector,
}
