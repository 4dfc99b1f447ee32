//! `ECRAuthorizationToken`: a login for a registry of AWS.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::generator;
use crate::provider::AwsAuth;

generator! {
    /// Makes a login for a container registry of AWS.
    ECRAuthorizationToken {
        plural: "ecrauthorizationtokens", scope: Namespaced, spec: ECRAuthorizationTokenSpec
    }
}

/// A login for a registry of AWS: which registry, and as whom.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct ECRAuthorizationTokenSpec {
    /// The credentials. Without them, those of the environment that lockstep runs in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth: Option<AwsAuth>,
    /// The AWS region of the registry.
    pub region: String,
    /// The ARN of a role to assume first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// The kind of registry: private (when absent) or public.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
}
