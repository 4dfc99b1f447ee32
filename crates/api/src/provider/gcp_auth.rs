//! Credentials for Google Cloud, for stores and generators alike.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{AwsRegion, GcpServiceAccountEmail};
use crate::{NamespaceName, ResourceName, SecretKey, SecretKeySelector, ServiceAccountSelector};

/// How to log in to Google Cloud. Without any, the application default credentials decide.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct GcpAuth {
    /// With a service account key kept in a Secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<GcpSecretRef>,
    /// With a service account of a GKE cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workload_identity: Option<GcpWorkloadIdentity>,
    /// With an identity from outside Google Cloud.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workload_identity_federation: Option<GcpWorkloadIdentityFederation>,
}

/// A Google service account key kept in a Secret.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct GcpSecretRef {
    /// The Secret's key that holds the service account key as JSON.
    #[serde(rename = "secretAccessKeySecretRef", skip_serializing_if = "Option::is_none")]
    pub service_account_key: Option<SecretKeySelector>,
}

/// A service account of a GKE cluster, bound to one of Google Cloud. What is absent comes from the metadata server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct GcpWorkloadIdentity {
    /// The service account of the cluster.
    pub service_account_ref: ServiceAccountSelector,
    /// The location of the cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster_location: Option<String>,
    /// The name of the cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster_name: Option<String>,
    /// The project of the cluster.
    #[serde(rename = "clusterProjectID", skip_serializing_if = "Option::is_none")]
    pub cluster_project_id: Option<String>,
}

/// An identity from outside Google Cloud: one of `credConfig`, `serviceAccountRef`, `awsSecurityCredentials`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct GcpWorkloadIdentityFederation {
    /// The ConfigMap's key that holds the configuration of an external account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cred_config: Option<GcpCredConfig>,
    /// The service account whose token is exchanged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_account_ref: Option<ServiceAccountSelector>,
    /// The AWS identity that is exchanged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aws_security_credentials: Option<GcpAwsCredentials>,
    /// The workload identity pool provider; needed unless `credConfig` names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audience: Option<String>,
    /// Where the token of an external account comes from, if `credConfig` reads it from an address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_token_endpoint: Option<String>,
    /// The Google service account to act as.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gcp_service_account_email: Option<GcpServiceAccountEmail>,
}

/// A key of a ConfigMap.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct GcpCredConfig {
    /// The name of the ConfigMap.
    pub name: ResourceName,
    /// The key in its data.
    pub key: SecretKey,
    /// Its namespace; only for cluster stores.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<NamespaceName>,
}

/// An AWS identity that Google Cloud accepts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct GcpAwsCredentials {
    /// The AWS region.
    pub region: AwsRegion,
    /// The Secret that holds the access key.
    pub aws_credentials_secret_ref: GcpAwsCredentialsRef,
}

/// A Secret with an AWS access key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct GcpAwsCredentialsRef {
    /// The name of the Secret.
    pub name: ResourceName,
    /// Its namespace; only for cluster stores.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<NamespaceName>,
}
