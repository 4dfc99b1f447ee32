//! `provider.gcpsm`: Google Cloud Secret Manager.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::GcpAuth;
use super::rules::is_default;

/// Reads and writes Google Cloud Secret Manager.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct GcpsmProvider {
    /// How to log in.
    #[serde(default, skip_serializing_if = "is_default")]
    pub auth: GcpAuth,
    /// The project that the secrets are in; by default that of the cluster.
    #[serde(rename = "projectID", skip_serializing_if = "Option::is_none")]
    pub project_id: Option<String>,
    /// The location of regional secrets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// What to do if the latest version is disabled or destroyed: LatestOrFail, or LatestOrFetch for the last good one.
    #[serde(default = "latest_or_fail")]
    pub secret_version_selection_policy: String,
}

impl GcpsmProvider {
    /// Whether the last good version may stand in for a latest one that cannot be read.
    pub fn falls_back_to_older_versions(&self) -> bool {
        self.secret_version_selection_policy == "LatestOrFetch"
    }
}

fn latest_or_fail() -> String {
    "LatestOrFail".to_owned()
}
