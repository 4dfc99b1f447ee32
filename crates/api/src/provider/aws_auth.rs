//! Credentials for AWS, for stores and generators alike.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{SecretKeySelector, ServiceAccountSelector};

/// How to log in to AWS. Without any, the SDK's own chain decides; `jwt` wins over `secretRef`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct AwsAuth {
    /// With an access key kept in Secrets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<AwsSecretRef>,
    /// With the token of a service account (IRSA).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwt: Option<AwsJwtAuth>,
}

/// An AWS access key kept in Secrets.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct AwsSecretRef {
    /// The Secret's key that holds the access key id.
    #[serde(rename = "accessKeyIDSecretRef", skip_serializing_if = "Option::is_none")]
    pub access_key_id: Option<SecretKeySelector>,
    /// The Secret's key that holds the secret access key.
    #[serde(rename = "secretAccessKeySecretRef", skip_serializing_if = "Option::is_none")]
    pub secret_access_key: Option<SecretKeySelector>,
    /// The Secret's key that holds the session token of temporary credentials.
    #[serde(rename = "sessionTokenSecretRef", skip_serializing_if = "Option::is_none")]
    pub session_token: Option<SecretKeySelector>,
}

/// A service account whose token AWS STS accepts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct AwsJwtAuth {
    /// The service account; its annotation `eks.amazonaws.com/role-arn` names the role.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_account_ref: Option<ServiceAccountSelector>,
}
