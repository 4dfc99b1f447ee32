//! `provider.github`: secrets of GitHub Actions.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::SecretKeySelector;

/// Writes secrets of a GitHub organization, repository or environment; what is there cannot be read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct GithubProvider {
    /// How to log in.
    pub auth: GithubAuth,
    /// The id of the GitHub App to log in as.
    #[serde(rename = "appID")]
    pub app_id: i64,
    /// The id of the app's installation.
    #[serde(rename = "installationID")]
    pub installation_id: i64,
    /// The address of GitHub, or of a GitHub Enterprise server.
    #[serde(default = "github_com")]
    pub url: String,
    /// The address for uploads of a GitHub Enterprise server.
    #[serde(rename = "uploadURL", skip_serializing_if = "Option::is_none")]
    pub upload_url: Option<String>,
    /// The organization, or the owner of the repository.
    pub organization: String,
    /// The repository; without it, secrets belong to the organization.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repository: Option<String>,
    /// The environment of the repository; without it, secrets belong to the repository.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// Which repositories see the organization's secrets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub org_secret_visibility: Option<OrgSecretVisibility>,
}

/// How to log in to GitHub.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct GithubAuth {
    /// The Secret's key that holds the app's PEM private key.
    pub private_key: SecretKeySelector,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum OrgSecretVisibility {
    All,
    Private,
}

fn github_com() -> String {
    "https://github.com/".to_owned()
}
