//! `CloudsmithAccessToken`: a login for a Cloudsmith registry.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::generator;
use crate::ServiceAccountSelector;

generator! {
    /// Makes a login for a Cloudsmith registry.
    CloudsmithAccessToken {
        plural: "cloudsmithaccesstokens", scope: Namespaced, spec: CloudsmithAccessTokenSpec
    }
}

/// A login for a Cloudsmith registry: which one, and with which service account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct CloudsmithAccessTokenSpec {
    /// The address of the API, https://api.cloudsmith.io when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_url: Option<String>,
    /// The organization.
    pub org_slug: String,
    /// The service account whose token is exchanged.
    pub service_account_ref: ServiceAccountSelector,
    /// The service of the organization that the service account stands for.
    pub service_slug: String,
}
