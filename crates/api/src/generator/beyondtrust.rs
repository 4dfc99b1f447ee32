//! `BeyondtrustWorkloadCredentialsDynamicSecret`: credentials that BeyondTrust makes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::generator;
use crate::provider::CaBundle;
use crate::secret_store::RetrySettings;
use crate::{CaProvider, SecretKeySelector};

generator! {
    /// Makes credentials with a dynamic secret of BeyondTrust Workload Credentials.
    BeyondtrustWorkloadCredentialsDynamicSecret {
        plural: "beyondtrustworkloadcredentialsdynamicsecrets",
        scope: Namespaced,
        spec: BeyondtrustWorkloadCredentialsDynamicSecretSpec
    }
}

/// A dynamic secret of BeyondTrust Workload Credentials: which one, and where.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct BeyondtrustWorkloadCredentialsDynamicSecretSpec {
    /// The class of the controller that shall act on this generator. Without it, any does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub controller: Option<String>,
    /// The service, the login and the folder of the secret.
    pub provider: BeyondtrustProvider,
    /// How often a failed call is tried again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_settings: Option<RetrySettings>,
}

/// A BeyondTrust Workload Credentials service.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct BeyondtrustProvider {
    /// How to log in.
    pub auth: BeyondtrustAuth,
    /// Base64 of the PEM certificates to trust; wins over caProvider.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_bundle: Option<CaBundle>,
    /// The Secret or ConfigMap that holds the certificates to trust.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_provider: Option<CaProvider>,
    /// The folder of the secret, and at its end the name of the secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub folder_path: Option<String>,
    /// Where the service is.
    pub server: BeyondtrustServer,
}

/// How to log in to BeyondTrust Workload Credentials.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct BeyondtrustAuth {
    /// With an API key.
    pub apikey: BeyondtrustApiKey,
}

/// An API key of BeyondTrust Workload Credentials.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct BeyondtrustApiKey {
    /// The Secret's key that holds the API key.
    pub token: SecretKeySelector,
}

/// Where a BeyondTrust Workload Credentials service is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct BeyondtrustServer {
    /// The address of the API.
    pub api_url: String,
    /// The id of the site.
    pub site_id: String,
}
