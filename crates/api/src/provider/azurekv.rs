//! `provider.azurekv`: Azure Key Vault.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{SecretKeySelector, ServiceAccountSelector};

/// Reads and writes secrets, keys and certificates of an Azure Key Vault.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct AzureKvProvider {
    /// The address of the vault.
    pub vault_url: String,
    /// The tenant to log in to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<String>,
    /// The cloud that the vault is in.
    #[serde(default)]
    pub environment_type: AzureEnvironment,
    /// How to log in.
    #[serde(default)]
    pub auth_type: AzureAuthType,
    /// Credentials of a service principal, or client and tenant of a workload identity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_secret_ref: Option<AzureSecretRef>,
    /// The service account of a workload identity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_account_ref: Option<ServiceAccountSelector>,
    /// The client id of a managed identity, where there are several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity_id: Option<String>,
    /// Chooses between two clients in ESO; needed there, and so here, for `customCloudConfig`.
    #[serde(rename = "useAzureSDK", default)]
    pub use_azure_sdk: bool,
    /// Endpoints of a cloud of one's own, for AzureStackCloud.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_cloud_config: Option<AzureCustomCloud>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum AzureAuthType {
    #[default]
    ServicePrincipal,
    ManagedIdentity,
    WorkloadIdentity,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
#[expect(clippy::enum_variant_names, reason = "the words of the API")]
pub enum AzureEnvironment {
    #[default]
    PublicCloud,
    USGovernmentCloud,
    ChinaCloud,
    GermanCloud,
    AzureStackCloud,
}

/// Credentials for Azure kept in Secrets.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct AzureSecretRef {
    /// The Secret's key that holds the client id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<SecretKeySelector>,
    /// The Secret's key that holds the tenant id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<SecretKeySelector>,
    /// The Secret's key that holds the client secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<SecretKeySelector>,
    /// The Secret's key that holds a PEM certificate together with its private key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_certificate: Option<SecretKeySelector>,
}

/// Endpoints of a private Azure cloud.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct AzureCustomCloud {
    /// Where to log in.
    pub active_directory_endpoint: String,
    /// The audience of tokens for key vaults.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_vault_endpoint: Option<String>,
    /// What the host names of vaults end in.
    #[serde(rename = "keyVaultDNSSuffix", skip_serializing_if = "Option::is_none")]
    pub key_vault_dns_suffix: Option<String>,
    /// Where resources are managed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_manager_endpoint: Option<String>,
}
