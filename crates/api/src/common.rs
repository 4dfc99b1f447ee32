//! Shapes that several kinds share.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};

use crate::names::{NamespaceName, ResourceName, SecretKey};

/// One key of a Secret. Which of the fields are needed depends on who asks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct SecretKeySelector {
    /// The Secret's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<ResourceName>,
    /// Where the Secret is; only cluster-wide stores may name a namespace other than their user's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<NamespaceName>,
    /// The key in the Secret's data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<SecretKey>,
}

/// A ServiceAccount whose tokens are requested.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct ServiceAccountSelector {
    /// The ServiceAccount's name.
    pub name: ResourceName,
    /// Where the ServiceAccount is; only cluster-wide stores may name a namespace other than their user's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<NamespaceName>,
    /// Audiences of the token, in addition to those the backend needs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub audiences: Vec<String>,
}

/// Where the certificates are that a server's certificate is checked against.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct CaProvider {
    /// The kind of object that holds the certificates.
    #[serde(rename = "type")]
    pub kind: CaProviderKind,
    /// The object's name.
    pub name: ResourceName,
    /// The key in the object's data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<SecretKey>,
    /// The object's namespace: required in a cluster-wide store, the store's own otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<NamespaceName>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum CaProviderKind {
    Secret,
    ConfigMap,
}

/// The store that is read or written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct StoreRef {
    /// The store's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<ResourceName>,
    /// The store's kind, SecretStore when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<StoreKind>,
}

impl StoreRef {
    pub fn kind(&self) -> StoreKind {
        self.kind.unwrap_or_default()
    }
}

#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[schemars(inline)]
pub enum StoreKind {
    #[default]
    SecretStore,
    ClusterSecretStore,
}

/// The generator whose values are used.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct GeneratorRef {
    /// The generator's group and version.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = GENERATOR_API_VERSION))]
    pub api_version: Option<String>,
    /// The generator's kind.
    pub kind: GeneratorKind,
    /// The generator's name.
    pub name: ResourceName,
}

pub const GENERATOR_API_VERSION: &str = "generators.external-secrets.io/v1alpha1";

impl GeneratorRef {
    pub fn api_version(&self) -> &str {
        self.api_version.as_deref().unwrap_or(GENERATOR_API_VERSION)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[expect(clippy::upper_case_acronyms, reason = "the names of kinds")]
#[schemars(inline)]
pub enum GeneratorKind {
    ACRAccessToken,
    BeyondtrustWorkloadCredentialsDynamicSecret,
    ClusterGenerator,
    CloudsmithAccessToken,
    ECRAuthorizationToken,
    Fake,
    GCRAccessToken,
    GithubAccessToken,
    GitlabDeployToken,
    QuayAccessToken,
    Password,
    SSHKey,
    STSSessionToken,
    UUID,
    VaultDynamicSecret,
    Webhook,
    Grafana,
    MFA,
}

/// How a backend's key becomes a key that Kubernetes allows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum ConversionStrategy {
    /// Every character that is not allowed becomes `_`.
    #[default]
    Default,
    /// Every character that is not allowed becomes `_U<hex>_`.
    Unicode,
}

/// What is done to a value before it is stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum DecodingStrategy {
    /// Whichever base64 alphabet fits, else the value as it is.
    Auto,
    Base64,
    #[serde(rename = "Base64URL")]
    Base64Url,
    #[default]
    None,
}

/// Whether a backend's own tags and labels are read in place of the value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum MetadataPolicy {
    #[default]
    None,
    Fetch,
}

/// What a NUL byte in a value means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum NullBytePolicy {
    #[default]
    Ignore,
    Fail,
}

/// Go writes structs that are not there as `{}`, and so do we read them.
pub(crate) fn absent_if_empty<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned + Default + PartialEq,
{
    let value = Option::<T>::deserialize(deserializer)?;
    Ok(value.filter(|value| *value != T::default()))
}

/// An integer without a declared width, which is how the API declares most of them.
pub(crate) fn integer(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "integer"})
}

/// Any JSON value, kept as it is.
pub(crate) fn any_json(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"x-kubernetes-preserve-unknown-fields": true})
}
