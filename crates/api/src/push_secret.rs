//! `PushSecret`: writes Secrets of the cluster, or generated values, into stores.

use std::collections::BTreeMap;
use std::time::Duration;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::external_secret::Template;
use crate::generator::FreeJson;
use crate::kind::{Column, Kind, Scope, root};
use crate::one_of::one_of;
use crate::{Condition, GeneratorRef, GoDuration, ResourceName, StoreKind};

mod data_to;

pub use data_to::{PushDataTo, PushMatch, PushMode, PushRewrite};

root! {
    /// Writes Secrets of the cluster, or generated values, into stores.
    PushSecret {
        group: "external-secrets.io", version: "v1alpha1", plural: "pushsecrets", scope: Namespaced,
        spec: PushSecretSpec, status: PushSecretStatus
    }
}

impl Kind for PushSecret {
    const GROUP: &'static str = "external-secrets.io";
    const VERSION: &'static str = "v1alpha1";
    const KIND: &'static str = "PushSecret";
    const PLURAL: &'static str = "pushsecrets";
    const SCOPE: Scope = Scope::Namespaced;
    const SHORT_NAMES: &'static [&'static str] = &["ps"];

    type Spec = PushSecretSpec;
    type Status = PushSecretStatus;

    fn columns() -> Vec<Column> {
        vec![
            Column::age("AGE"),
            Column::ready_reason("Status"),
            Column::date("Last Sync", ".status.refreshTime"),
        ]
    }
}

/// What is pushed out of the cluster, and into which stores.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct PushSecretSpec {
    /// Single keys of the source, and where they go.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub data: Vec<PushSecretData>,
    /// Many keys of the source at once, and where they go. Keys that data names are left to it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub data_to: Vec<PushDataTo>,
    /// Whether what was pushed is deleted from the stores with this object.
    #[serde(default)]
    pub deletion_policy: PushDeletionPolicy,
    /// How long until it is pushed again, such as 15m or 24h. Zero pushes when this object changes only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "1h0m0s"))]
    pub refresh_interval: Option<GoDuration>,
    /// The stores that are written.
    pub secret_store_refs: Vec<PushStoreRef>,
    /// What is pushed: Secrets, or the values of a generator.
    pub selector: PushSource,
    /// What the pushed values are made of, when not of those of the source alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template: Option<Template>,
    /// What happens to a value that a store already has.
    #[serde(default)]
    pub update_policy: PushUpdatePolicy,
}

impl PushSecretSpec {
    /// Zero means never again.
    pub fn refresh_interval(&self) -> Duration {
        self.refresh_interval
            .as_ref()
            .map_or(Duration::from_hours(1), GoDuration::to_std)
    }

    /// The same spec with its durations as Go writes them.
    #[must_use]
    pub fn canonical(mut self) -> Self {
        self.refresh_interval = self.refresh_interval.as_ref().map(GoDuration::canonical);
        self
    }
}

/// Where a key of the source goes, or all of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct PushSecretData {
    /// How the names of the source's keys are changed first.
    #[serde(default)]
    pub conversion_strategy: PushConversionStrategy,
    /// The key, and the place in the store.
    #[serde(rename = "match")]
    pub entry: PushEntry,
    /// Further wishes, in the shape that the provider of the store asks for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<FreeJson>,
}

/// A key of the source, and the place in a store.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct PushEntry {
    /// The place in the store.
    pub remote_ref: PushRemoteRef,
    /// The key of the source. All of them together when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_key: Option<String>,
}

impl PushEntry {
    /// The key of the source; an empty one means what an absent one means.
    pub fn secret_key(&self) -> Option<&str> {
        self.secret_key.as_deref().filter(|key| !key.is_empty())
    }
}

/// A place in a store.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct PushRemoteRef {
    /// A member of the secret, if only that is written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub property: Option<String>,
    /// The store's name for the secret.
    pub remote_key: String,
}

impl PushRemoteRef {
    /// The member of the secret; an empty one means what an absent one means.
    pub fn property(&self) -> Option<&str> {
        self.property.as_deref().filter(|property| !property.is_empty())
    }

    /// The name under which the status remembers the place.
    pub fn status_key(&self) -> String {
        match self.property() {
            Some(property) => format!("{}/{property}", self.remote_key),
            None => self.remote_key.clone(),
        }
    }
}

/// Stores of one kind: one by its name, or all with certain labels.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct PushStoreRef {
    /// The kind of the stores.
    #[serde(default)]
    pub kind: StoreKind,
    /// The labels of the stores. Wins over name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label_selector: Option<LabelSelector>,
    /// The name of the store.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<ResourceName>,
}

impl PushStoreRef {
    /// Which objects are meant, if any.
    pub fn pick(&self) -> Option<Pick<'_>> {
        match &self.label_selector {
            Some(labels) => Some(Pick::Labels(labels)),
            None => self.name.as_ref().map(Pick::Name),
        }
    }
}

one_of!(
    /// What is pushed.
    PushSource {
        /// Secrets of the same namespace.
        "secret" => Secret(PushSourceSecret),
        /// A generator, whose values are pushed as if they stood in a Secret.
        "generatorRef" => Generator(GeneratorRef),
    }
);

/// Secrets of the same namespace: one by its name, or all with certain labels.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct PushSourceSecret {
    /// The name of the Secret. Wins over selector.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<ResourceName>,
    /// The labels of the Secrets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selector: Option<LabelSelector>,
}

impl PushSourceSecret {
    /// Which objects are meant, if any.
    pub fn pick(&self) -> Option<Pick<'_>> {
        match &self.name {
            Some(name) => Some(Pick::Name(name)),
            None => self.selector.as_ref().map(Pick::Labels),
        }
    }
}

/// How objects are picked: one by its name, or all with certain labels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pick<'a> {
    Name(&'a ResourceName),
    Labels(&'a LabelSelector),
}

/// Whether what was pushed is deleted from the stores.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum PushDeletionPolicy {
    /// It is deleted with this object, with its source, and when it is not pushed any more.
    Delete,
    /// It stays.
    #[default]
    None,
}

/// What happens to a value that a store already has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum PushUpdatePolicy {
    /// It is overwritten.
    #[default]
    Replace,
    /// It stays.
    IfNotExists,
}

/// How the names of keys are changed before they are pushed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum PushConversionStrategy {
    #[default]
    None,
    /// Every `_U<hex>_` becomes the character again that it stands for.
    ReverseUnicode,
}

/// What was pushed last, and how that went.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct PushSecretStatus {
    /// How the last push went.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    /// When it was last pushed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("nullable" = true))]
    pub refresh_time: Option<Time>,
    /// What was pushed, by store (as Kind/Name) and by place in the store (as key or key/property).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub synced_push_secrets: SyncedPushSecrets,
    /// The generation and metadata that were last pushed for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub synced_resource_version: Option<String>,
}

/// What was pushed, by store and by place in the store.
pub type SyncedPushSecrets = BTreeMap<String, BTreeMap<String, PushSecretData>>;

#[cfg(test)]
mod tests;
