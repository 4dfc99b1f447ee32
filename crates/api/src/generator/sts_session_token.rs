//! `STSSessionToken`: temporary credentials for AWS.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::generator;
use crate::PlainText;
use crate::provider::AwsAuth;

generator! {
    /// Makes temporary credentials for AWS out of permanent ones.
    STSSessionToken { plural: "stssessiontokens", scope: Namespaced, spec: STSSessionTokenSpec }
}

/// Temporary credentials for AWS: whose, and for how long.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct STSSessionTokenSpec {
    /// The credentials. Without them, those of the environment that lockstep runs in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth: Option<AwsAuth>,
    /// The AWS region to ask in.
    pub region: String,
    /// What to ask for beyond the defaults of AWS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_parameters: Option<StsRequestParameters>,
    /// The ARN of a role to assume first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
}

/// What to ask AWS for beyond its defaults.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct StsRequestParameters {
    /// The serial number or ARN of the MFA device of the user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serial_number: Option<String>,
    /// For how many seconds the credentials are valid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_duration: Option<i32>,
    /// What the MFA device shows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_code: Option<PlainText>,
}
