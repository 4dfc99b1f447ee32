//! `QuayAccessToken`: a login for a Quay registry.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::generator;
use crate::ServiceAccountSelector;

generator! {
    /// Makes a login for a Quay registry.
    QuayAccessToken { plural: "quayaccesstokens", scope: Namespaced, spec: QuayAccessTokenSpec }
}

/// A login for a Quay registry: as which robot account, and with which service account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct QuayAccessTokenSpec {
    /// The robot account, such as org+robot.
    pub robot_account: String,
    /// The service account whose token is exchanged.
    pub service_account_ref: ServiceAccountSelector,
    /// The host name of the registry, quay.io when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}
