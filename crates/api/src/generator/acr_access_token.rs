//! `ACRAccessToken`: a login for an Azure Container Registry.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::generator;
use crate::provider::AzureEnvironment;
use crate::{SecretKeySelector, ServiceAccountSelector};

generator! {
    /// Makes a login for an Azure Container Registry.
    ACRAccessToken { plural: "acraccesstokens", scope: Namespaced, spec: ACRAccessTokenSpec }
}

/// A login for an Azure Container Registry: which registry, and as whom.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct ACRAccessTokenSpec {
    /// The identity that asks for the token.
    pub auth: AcrAuth,
    /// The Azure cloud whose endpoints are used.
    #[serde(default)]
    pub environment_type: AzureEnvironment,
    /// The host name of the registry, such as example.azurecr.io.
    pub registry: String,
    /// What the token may do, such as repository:app:pull, all that the identity may when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// The Entra tenant of the identity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<String>,
}

/// The identity that asks for a token: set one of the members.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct AcrAuth {
    /// A service principal with a client secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_principal: Option<AcrServicePrincipal>,
    /// The managed identity of the node.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub managed_identity: Option<AcrManagedIdentity>,
    /// A service account that is federated with an Entra application.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workload_identity: Option<AcrWorkloadIdentity>,
}

/// A service principal with a client secret.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct AcrServicePrincipal {
    /// Where the credentials are.
    pub secret_ref: AcrServicePrincipalRef,
}

/// Where the credentials of a service principal are.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct AcrServicePrincipalRef {
    /// The Secret's key that holds the client id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<SecretKeySelector>,
    /// The Secret's key that holds the client secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<SecretKeySelector>,
}

/// A managed identity.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct AcrManagedIdentity {
    /// The client id or the resource id of the identity, if the node has several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity_id: Option<String>,
}

/// A service account that is federated with an Entra application.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct AcrWorkloadIdentity {
    /// The service account whose token is exchanged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_account_ref: Option<ServiceAccountSelector>,
}
