//! How to log in to Infisical.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::SecretKeySelector;

/// How to log in; one way.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct InfisicalAuth {
    /// With a client id and secret.
    #[serde(rename = "universalAuthCredentials", skip_serializing_if = "Option::is_none")]
    pub universal: Option<InfisicalUniversalAuth>,
    /// As an Azure managed identity.
    #[serde(rename = "azureAuthCredentials", skip_serializing_if = "Option::is_none")]
    pub azure: Option<InfisicalAzureAuth>,
    /// With a Google Cloud id token.
    #[serde(rename = "gcpIdTokenAuthCredentials", skip_serializing_if = "Option::is_none")]
    pub gcp_id_token: Option<InfisicalGcpIdTokenAuth>,
    /// As a Google Cloud service account.
    #[serde(rename = "gcpIamAuthCredentials", skip_serializing_if = "Option::is_none")]
    pub gcp_iam: Option<InfisicalGcpIamAuth>,
    /// With a JSON web token.
    #[serde(rename = "jwtAuthCredentials", skip_serializing_if = "Option::is_none")]
    pub jwt: Option<InfisicalJwtAuth>,
    /// As a user of LDAP.
    #[serde(rename = "ldapAuthCredentials", skip_serializing_if = "Option::is_none")]
    pub ldap: Option<InfisicalLdapAuth>,
    /// As a user of Oracle Cloud.
    #[serde(rename = "ociAuthCredentials", skip_serializing_if = "Option::is_none")]
    pub oci: Option<InfisicalOciAuth>,
    /// With the token of a Kubernetes service account.
    #[serde(rename = "kubernetesAuthCredentials", skip_serializing_if = "Option::is_none")]
    pub kubernetes: Option<InfisicalKubernetesAuth>,
    /// As an AWS identity.
    #[serde(rename = "awsAuthCredentials", skip_serializing_if = "Option::is_none")]
    pub aws: Option<InfisicalAwsAuth>,
    /// With an access token.
    #[serde(rename = "tokenAuthCredentials", skip_serializing_if = "Option::is_none")]
    pub token: Option<InfisicalTokenAuth>,
}

/// A machine identity with a client secret.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct InfisicalUniversalAuth {
    /// The Secret's key that holds the client id.
    pub client_id: SecretKeySelector,
    /// The Secret's key that holds the client secret.
    pub client_secret: SecretKeySelector,
}

/// An Azure managed identity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct InfisicalAzureAuth {
    /// The Secret's key that holds the id of the machine identity.
    pub identity_id: SecretKeySelector,
    /// The Secret's key that holds the resource to ask a token for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<SecretKeySelector>,
}

/// A Google Cloud identity, proven by an id token.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct InfisicalGcpIdTokenAuth {
    /// The Secret's key that holds the id of the machine identity.
    pub identity_id: SecretKeySelector,
}

/// A Google Cloud service account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct InfisicalGcpIamAuth {
    /// The Secret's key that holds the id of the machine identity.
    pub identity_id: SecretKeySelector,
    /// The Secret's key that holds the path of the service account key.
    pub service_account_key_file_path: SecretKeySelector,
}

/// A JSON web token.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct InfisicalJwtAuth {
    /// The Secret's key that holds the id of the machine identity.
    pub identity_id: SecretKeySelector,
    /// The Secret's key that holds the token.
    pub jwt: SecretKeySelector,
}

/// A user of LDAP.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct InfisicalLdapAuth {
    /// The Secret's key that holds the id of the machine identity.
    pub identity_id: SecretKeySelector,
    /// The Secret's key that holds the password.
    pub ldap_password: SecretKeySelector,
    /// The Secret's key that holds the name of the user.
    pub ldap_username: SecretKeySelector,
}

/// A user of Oracle Cloud.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct InfisicalOciAuth {
    /// The Secret's key that holds the id of the machine identity.
    pub identity_id: SecretKeySelector,
    /// The Secret's key that holds the API key.
    pub private_key: SecretKeySelector,
    /// The Secret's key that holds the passphrase of the API key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub private_key_passphrase: Option<SecretKeySelector>,
    /// The Secret's key that holds the fingerprint of the API key.
    pub fingerprint: SecretKeySelector,
    /// The Secret's key that holds the user's OCID.
    pub user_id: SecretKeySelector,
    /// The Secret's key that holds the tenancy's OCID.
    pub tenancy_id: SecretKeySelector,
    /// The Secret's key that holds the region.
    pub region: SecretKeySelector,
}

/// A service account of a Kubernetes cluster.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct InfisicalKubernetesAuth {
    /// The Secret's key that holds the id of the machine identity.
    pub identity_id: SecretKeySelector,
    /// The Secret's key that holds the path of the token; the operator's own token unless set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_account_token_path: Option<SecretKeySelector>,
}

/// An AWS identity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct InfisicalAwsAuth {
    /// The Secret's key that holds the id of the machine identity.
    pub identity_id: SecretKeySelector,
}

/// An access token of Infisical.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct InfisicalTokenAuth {
    /// The Secret's key that holds the token.
    pub access_token: SecretKeySelector,
}
