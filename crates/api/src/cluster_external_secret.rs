//! `ClusterExternalSecret`: the same ExternalSecret in many namespaces.

use std::collections::BTreeMap;
use std::time::Duration;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::condition::Condition;
use crate::duration::GoDuration;
use crate::external_secret::ExternalSecretSpec;
use crate::kind::{Column, Kind, Scope, root};
use crate::names::{NamespaceName, ResourceName};

root! {
    /// An ExternalSecret that is kept in every namespace that matches.
    ClusterExternalSecret {
        group: "external-secrets.io", version: "v1", plural: "clusterexternalsecrets", scope: Cluster,
        spec: ClusterExternalSecretSpec, status: ClusterExternalSecretStatus
    }
}

/// An ExternalSecret, and the namespaces that get it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct ClusterExternalSecretSpec {
    /// The spec of the ExternalSecrets.
    pub external_secret_spec: ExternalSecretSpec,
    /// The name of the ExternalSecrets, that of this object when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_secret_name: Option<ResourceName>,
    /// Labels and annotations of the ExternalSecrets.
    #[serde(default, skip_serializing_if = "ChildMetadata::is_empty")]
    pub external_secret_metadata: ChildMetadata,
    /// Deprecated: one entry of namespaceSelectors.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace_selector: Option<LabelSelector>,
    /// Labels of the namespaces. One matching selector is enough.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub namespace_selectors: Vec<LabelSelector>,
    /// Deprecated: namespaces by name, in addition to those that the selectors match.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub namespaces: Vec<NamespaceName>,
    /// How often to look at all namespaces again, one hour when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_time: Option<GoDuration>,
}

impl ClusterExternalSecretSpec {
    pub fn refresh_time(&self) -> Duration {
        self.refresh_time
            .as_ref()
            .map_or(Duration::from_hours(1), GoDuration::to_std)
    }

    /// All selectors, the deprecated one first.
    pub fn selectors(&self) -> impl Iterator<Item = &LabelSelector> {
        self.namespace_selector.iter().chain(&self.namespace_selectors)
    }
}

/// Labels and annotations of objects that are made in many namespaces.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct ChildMetadata {
    /// Annotations.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// Labels.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
}

impl ChildMetadata {
    pub fn is_empty(&self) -> bool {
        self.annotations.is_empty() && self.labels.is_empty()
    }
}

/// Which namespaces have the ExternalSecret.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct ClusterExternalSecretStatus {
    /// The name of the ExternalSecrets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_secret_name: Option<String>,
    /// The namespaces that have the ExternalSecret.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub provisioned_namespaces: Vec<String>,
    /// The namespaces that should have it and have not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failed_namespaces: Vec<NamespaceFailure>,
    /// Whether all namespaces have it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
}

/// A namespace that should have an object and has not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct NamespaceFailure {
    /// The namespace's name.
    pub namespace: String,
    /// The cause in a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Kind for ClusterExternalSecret {
    const GROUP: &'static str = "external-secrets.io";
    const VERSION: &'static str = "v1";
    const KIND: &'static str = "ClusterExternalSecret";
    const PLURAL: &'static str = "clusterexternalsecrets";
    const SCOPE: Scope = Scope::Cluster;
    const SHORT_NAMES: &'static [&'static str] = &["ces"];

    type Spec = ClusterExternalSecretSpec;
    type Status = ClusterExternalSecretStatus;

    fn columns() -> Vec<Column> {
        vec![
            Column::text("Store", ".spec.externalSecretSpec.secretStoreRef.name"),
            Column::text("Refresh Interval", ".spec.refreshTime"),
            Column::ready_status(),
        ]
    }
}
