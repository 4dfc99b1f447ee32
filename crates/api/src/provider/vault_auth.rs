//! How to log in to Vault.
//!
//! The API counts most mounts among the required fields although they have defaults; `extend("required")` says so.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::rules::is_default;
use super::{AwsJwtAuth, AwsSecretRef, GcpSecretRef, GcpWorkloadIdentity};
use crate::{SecretKeySelector, ServiceAccountSelector};

/// How to log in: the first that is set, in the order of `tokenSecretRef`, `appRole`, `kubernetes`, `ldap`,
/// `userPass`, `jwt`, `cert`, `iam`, `gcp`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct VaultAuth {
    /// The Vault namespace to log in to; by default that of the data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// With a token kept in a Secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_secret_ref: Option<SecretKeySelector>,
    /// By AppRole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app_role: Option<VaultAppRole>,
    /// With the token of a service account, checked by Vault at the cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kubernetes: Option<VaultKubernetesAuth>,
    /// As a user of LDAP.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ldap: Option<VaultLdapAuth>,
    /// As a user of Vault.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_pass: Option<VaultUserPass>,
    /// With a JSON web token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwt: Option<VaultJwtAuth>,
    /// With a client certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cert: Option<VaultCertAuth>,
    /// As an AWS identity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iam: Option<VaultIamAuth>,
    /// As a Google Cloud identity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gcp: Option<VaultGcpAuth>,
}

/// AppRole: a role id, and a secret id for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline, extend("required" = ["path", "secretRef"]))]
pub struct VaultAppRole {
    /// The mount of the method.
    #[serde(default = "approle")]
    pub path: String,
    /// The role id; wins over `roleRef`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role_id: Option<String>,
    /// The Secret's key that holds the role id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role_ref: Option<SecretKeySelector>,
    /// The Secret's key that holds the secret id.
    pub secret_ref: SecretKeySelector,
}

/// A service account's token: of `serviceAccountRef`, else in `secretRef`, else the operator's own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline, extend("required" = ["mountPath", "role"]))]
pub struct VaultKubernetesAuth {
    /// The mount of the method.
    #[serde(default = "kubernetes")]
    pub mount_path: String,
    /// The role to log in to.
    pub role: String,
    /// The service account to request a token for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_account_ref: Option<ServiceAccountSelector>,
    /// The Secret's key that holds a token; the key is `token` unless named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<SecretKeySelector>,
}

/// A user of LDAP and the password.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline, extend("required" = ["path", "username"]))]
pub struct VaultLdapAuth {
    /// The mount of the method.
    #[serde(default = "ldap")]
    pub path: String,
    /// The name of the user.
    pub username: String,
    /// The Secret's key that holds the password.
    #[serde(default, skip_serializing_if = "is_default")]
    pub secret_ref: SecretKeySelector,
}

/// A user of Vault and the password.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline, extend("required" = ["path", "username"]))]
pub struct VaultUserPass {
    /// The mount of the method.
    #[serde(default = "userpass")]
    pub path: String,
    /// The name of the user.
    pub username: String,
    /// The Secret's key that holds the password.
    #[serde(default, skip_serializing_if = "is_default")]
    pub secret_ref: SecretKeySelector,
}

/// A JSON web token: in `secretRef`, or requested for a service account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline, extend("required" = ["path"]))]
pub struct VaultJwtAuth {
    /// The mount of the method.
    #[serde(default = "jwt")]
    pub path: String,
    /// The role to log in to; without it, the default role of the method.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// The Secret's key that holds the token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<SecretKeySelector>,
    /// The service account to request a token for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kubernetes_service_account_token: Option<VaultKubernetesToken>,
}

/// A token to request for a service account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct VaultKubernetesToken {
    /// The service account.
    pub service_account_ref: ServiceAccountSelector,
    /// The token's audiences, in place of `vault`; `serviceAccountRef.audiences` are added.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audiences: Option<Vec<String>>,
    /// Seconds until the token expires; 600 unless set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expiration_seconds: Option<i64>,
}

/// A client certificate and its key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct VaultCertAuth {
    /// The mount of the method.
    #[serde(default = "cert")]
    pub path: String,
    /// The certificate role to log in to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vault_role: Option<String>,
    /// The Secret's key that holds the PEM certificate.
    #[serde(default, skip_serializing_if = "is_default")]
    pub client_cert: SecretKeySelector,
    /// The Secret's key that holds the PEM private key.
    #[serde(default, skip_serializing_if = "is_default")]
    pub secret_ref: SecretKeySelector,
}

/// An AWS identity: of `jwt`, else in `secretRef`, else that of the operator's pod.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct VaultIamAuth {
    /// The mount of the method; `aws` unless set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The region of STS; `us-east-1` unless set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// The ARN of a role to assume before logging in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// The external id to show when assuming `role`.
    #[serde(rename = "externalID", skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// The role of Vault to log in to.
    pub vault_role: String,
    /// The value of the header `X-Vault-AWS-IAM-Server-ID`, which Vault may demand.
    #[serde(rename = "vaultAwsIamServerID", skip_serializing_if = "Option::is_none")]
    pub vault_aws_iam_server_id: Option<String>,
    /// An access key kept in Secrets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<AwsSecretRef>,
    /// A service account whose token AWS accepts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwt: Option<AwsJwtAuth>,
}

/// A Google Cloud identity: in `secretRef`, of `workloadIdentity`, else that of the operator's pod.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct VaultGcpAuth {
    /// The mount of the method.
    #[serde(default = "gcp")]
    pub path: String,
    /// The role to log in to.
    pub role: String,
    /// The Google Cloud project.
    #[serde(rename = "projectID", skip_serializing_if = "Option::is_none")]
    pub project_id: Option<String>,
    /// Accepted and without effect, as in ESO.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// A service account key kept in a Secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<GcpSecretRef>,
    /// A service account of a GKE cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workload_identity: Option<GcpWorkloadIdentity>,
    /// Accepted and without effect, as in ESO.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_account_ref: Option<ServiceAccountSelector>,
}

/// Where each method is mounted unless the spec says otherwise.
macro_rules! mounts {
    ($($name:ident),+) => {
        $(fn $name() -> String {
            stringify!($name).to_owned()
        })+
    };
}

mounts!(approle, kubernetes, ldap, userpass, jwt, cert, gcp);
