//! `SecretStore` and `ClusterSecretStore`: a backend, and who may read it.

use std::fmt;
use std::time::Duration;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use crate::condition::Condition;
use crate::duration::GoDuration;
use crate::kind::{Column, Kind, Scope, root};
use crate::names::NamespaceName;
use crate::provider::{Capability, Provider};

root! {
    /// A backend for the ExternalSecrets of its own namespace.
    SecretStore {
        group: "external-secrets.io", version: "v1", plural: "secretstores", scope: Namespaced,
        spec: SecretStoreSpec, status: SecretStoreStatus
    }
}

root! {
    /// A backend for the ExternalSecrets of many namespaces.
    ClusterSecretStore {
        group: "external-secrets.io", version: "v1", plural: "clustersecretstores", scope: Cluster,
        spec: SecretStoreSpec, status: SecretStoreStatus
    }
}

/// A backend, and who may read it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct SecretStoreSpec {
    /// The class of controller that serves this store, any when empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub controller: Option<String>,
    /// The backend: exactly one.
    pub provider: Provider,
    /// How often a failed request is repeated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_settings: Option<RetrySettings>,
    /// How often the store is checked: a duration such as `10m`, or a number of seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_interval: Option<StoreInterval>,
    /// The namespaces that a ClusterSecretStore serves: those that match any entry, all when there is none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<StoreCondition>,
}

/// How failed requests are repeated.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct RetrySettings {
    /// How often at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_retries: Option<i32>,
    /// How long to wait in between. Only read by the backends that repeat requests, so a bad one is no fault elsewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_interval: Option<String>,
}

impl RetrySettings {
    pub fn retry_interval(&self) -> Result<Option<Duration>, String> {
        let interval = self
            .retry_interval
            .as_deref()
            .map(GoDuration::parse)
            .transpose()?;
        Ok(interval.as_ref().map(GoDuration::to_std))
    }
}

/// A number of seconds, as older stores have it, or a duration. Never negative.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreInterval {
    Seconds(u32),
    Text(GoDuration),
}

impl StoreInterval {
    pub fn to_std(&self) -> Duration {
        match self {
            Self::Seconds(seconds) => Duration::from_secs(u64::from(*seconds)),
            Self::Text(duration) => duration.to_std(),
        }
    }
}

impl fmt::Display for StoreInterval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Seconds(seconds) => write!(f, "{seconds}s"),
            Self::Text(duration) => duration.fmt(f),
        }
    }
}

impl<'de> Deserialize<'de> for StoreInterval {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let fault = |why: String| serde::de::Error::custom(why);
        match Value::deserialize(deserializer)? {
            Value::String(text) => {
                let duration = GoDuration::parse(text).map_err(fault)?;
                if duration.nanos() < 0 {
                    return Err(fault(format!("must not be negative, is {:?}", duration.text())));
                }
                Ok(Self::Text(duration))
            }
            Value::Number(number) => match number.as_i64().map(u32::try_from) {
                Some(Ok(seconds)) if i32::try_from(seconds).is_ok() => Ok(Self::Seconds(seconds)),
                _ => Err(fault(format!(
                    "must be between 0 and {} seconds, is {number}",
                    i32::MAX
                ))),
            },
            _ => Err(fault(
                "must be a number of seconds or a duration such as \"10m\"".to_owned(),
            )),
        }
    }
}

impl Serialize for StoreInterval {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Seconds(seconds) => serializer.serialize_u32(*seconds),
            Self::Text(duration) => duration.serialize(serializer),
        }
    }
}

impl JsonSchema for StoreInterval {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "StoreInterval".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"x-kubernetes-int-or-string": true})
    }
}

/// Namespaces that a ClusterSecretStore serves. One matching member is enough.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct StoreCondition {
    /// Namespaces with these labels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace_selector: Option<LabelSelector>,
    /// Namespaces of these names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub namespaces: Vec<NamespaceName>,
    /// Namespaces in whose name one of these regular expressions (RE2) matches somewhere.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub namespace_regexes: Vec<String>,
}

/// Whether the backend can be reached.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct SecretStoreStatus {
    /// Whether the backend can be reached.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    /// ReadOnly, WriteOnly or ReadWrite.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub capabilities: Option<Capability>,
}

impl Kind for SecretStore {
    const GROUP: &'static str = "external-secrets.io";
    const VERSION: &'static str = "v1";
    const KIND: &'static str = "SecretStore";
    const PLURAL: &'static str = "secretstores";
    const SCOPE: Scope = Scope::Namespaced;
    const SHORT_NAMES: &'static [&'static str] = &["ss"];

    type Spec = SecretStoreSpec;
    type Status = SecretStoreStatus;

    fn columns() -> Vec<Column> {
        columns()
    }
}

impl Kind for ClusterSecretStore {
    const GROUP: &'static str = "external-secrets.io";
    const VERSION: &'static str = "v1";
    const KIND: &'static str = "ClusterSecretStore";
    const PLURAL: &'static str = "clustersecretstores";
    const SCOPE: Scope = Scope::Cluster;
    const SHORT_NAMES: &'static [&'static str] = &["css"];

    type Spec = SecretStoreSpec;
    type Status = SecretStoreStatus;

    fn columns() -> Vec<Column> {
        columns()
    }
}

fn columns() -> Vec<Column> {
    vec![
        Column::age("AGE"),
        Column::ready_reason("Status"),
        Column::text("Capabilities", ".status.capabilities"),
        Column::ready_status(),
    ]
}
