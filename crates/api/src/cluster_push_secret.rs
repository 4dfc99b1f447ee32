//! `ClusterPushSecret`: the same PushSecret in many namespaces.

use std::time::Duration;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::cluster_external_secret::{ChildMetadata, NamespaceFailure};
use crate::condition::Condition;
use crate::duration::GoDuration;
use crate::kind::{Column, Kind, Scope, root};
use crate::names::ResourceName;
use crate::push_secret::PushSecretSpec;

root! {
    /// A PushSecret that is kept in every namespace that matches.
    ClusterPushSecret {
        group: "external-secrets.io", version: "v1alpha1", plural: "clusterpushsecrets", scope: Cluster,
        spec: ClusterPushSecretSpec, status: ClusterPushSecretStatus
    }
}

/// A PushSecret, and the namespaces that get it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct ClusterPushSecretSpec {
    /// Labels of the namespaces. One matching selector is enough.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub namespace_selectors: Vec<LabelSelector>,
    /// Labels and annotations of the PushSecrets.
    #[serde(default, skip_serializing_if = "ChildMetadata::is_empty")]
    pub push_secret_metadata: ChildMetadata,
    /// The name of the PushSecrets, that of this object when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub push_secret_name: Option<ResourceName>,
    /// The spec of the PushSecrets.
    pub push_secret_spec: PushSecretSpec,
    /// How often to look at all namespaces again, one hour when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_time: Option<GoDuration>,
}

impl ClusterPushSecretSpec {
    pub fn refresh_time(&self) -> Duration {
        self.refresh_time
            .as_ref()
            .map_or(Duration::from_hours(1), GoDuration::to_std)
    }
}

/// Which namespaces have the PushSecret.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct ClusterPushSecretStatus {
    /// Whether all namespaces have it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    /// The namespaces that should have it and have not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failed_namespaces: Vec<NamespaceFailure>,
    /// The namespaces that have the PushSecret.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub provisioned_namespaces: Vec<String>,
    /// The name of the PushSecrets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub push_secret_name: Option<String>,
}

impl Kind for ClusterPushSecret {
    const GROUP: &'static str = "external-secrets.io";
    const VERSION: &'static str = "v1alpha1";
    const KIND: &'static str = "ClusterPushSecret";
    const PLURAL: &'static str = "clusterpushsecrets";
    const SCOPE: Scope = Scope::Cluster;

    type Spec = ClusterPushSecretSpec;
    type Status = ClusterPushSecretStatus;

    fn columns() -> Vec<Column> {
        vec![Column::age("AGE"), Column::ready_reason("Status")]
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn object(push_secret_spec: &Value) -> ClusterPushSecret {
        let value = json!({
            "metadata": {"name": "everywhere"},
            "spec": {
                "pushSecretSpec": push_secret_spec,
                "pushSecretName": "child",
                "pushSecretMetadata": {"labels": {"l": "v"}},
                "namespaceSelectors": [{"matchLabels": {"tier": "tin"}}],
            },
        });
        serde_json::from_value(value).expect("parses")
    }

    #[test]
    fn the_spec_of_the_push_secrets_is_kept_whole() {
        let inner = json!({
            "deletionPolicy": "Delete",
            "refreshInterval": "60m",
            "secretStoreRefs": [{"name": "s", "kind": "ClusterSecretStore"}],
            "selector": {"secret": {"name": "src"}},
            "dataTo": [{"storeRef": {"name": "s", "kind": "SecretStore"}, "conversionStrategy": "None"}],
            "updatePolicy": "IfNotExists",
        });
        let object = object(&inner);
        let spec = object.spec.as_ref().expect("sound");
        assert_eq!(spec.refresh_time(), Duration::from_hours(1));
        assert_eq!(spec.push_secret_metadata.labels["l"], "v");
        assert_eq!(
            serde_json::to_value(&spec.push_secret_spec).expect("serializes"),
            inner
        );
    }

    #[test]
    fn a_broken_push_secret_says_where() {
        let broken = object(&json!({"secretStoreRefs": [], "selector": {"secret": {}, "generatorRef": {}}}));
        let field = &broken.spec.as_ref().expect_err("broken").field;
        assert!(field.starts_with("pushSecretSpec.selector"), "{field}");
    }
}
