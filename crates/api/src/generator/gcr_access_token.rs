//! `GCRAccessToken`: a login for a registry of Google Cloud.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::generator;
use crate::ServiceAccountSelector;
use crate::provider::{GcpSecretRef, GcpWorkloadIdentityFederation};

generator! {
    /// Makes a login for a container registry of Google Cloud.
    GCRAccessToken { plural: "gcraccesstokens", scope: Namespaced, spec: GCRAccessTokenSpec }
}

/// A login for a registry of Google Cloud: which project, and as whom.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct GCRAccessTokenSpec {
    /// The identity that asks for the token.
    pub auth: GcrAuth,
    /// The project of the registry.
    #[serde(rename = "projectID")]
    pub project_id: String,
}

/// The identity that asks for a token: set one of the members.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct GcrAuth {
    /// The key of a Google service account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<GcpSecretRef>,
    /// A service account of a GKE cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workload_identity: Option<GcrWorkloadIdentity>,
    /// An identity from outside Google Cloud.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workload_identity_federation: Option<GcpWorkloadIdentityFederation>,
}

/// A service account of a GKE cluster. The cluster has to be named, unlike in a store.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct GcrWorkloadIdentity {
    /// The service account whose token is exchanged.
    pub service_account_ref: ServiceAccountSelector,
    /// The location of the cluster.
    pub cluster_location: String,
    /// The name of the cluster.
    pub cluster_name: String,
    /// The project of the cluster; that of the machine when absent.
    #[serde(rename = "clusterProjectID", skip_serializing_if = "Option::is_none")]
    pub cluster_project_id: Option<String>,
}
