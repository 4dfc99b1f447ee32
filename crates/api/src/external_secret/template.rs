//! How the target is made of the fetched values.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::common::DecodingStrategy;
use crate::names::{ResourceName, SecretKey};

/// What the target is made of. Without data and templateFrom, the values are taken as they are.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
#[expect(clippy::struct_field_names, reason = "the names of the API")]
pub struct Template {
    /// The Secret's type, Opaque when absent.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The template language.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "v2"))]
    pub engine_version: Option<EngineVersion>,
    /// Whether fetched values are kept beside what the templates make.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "Replace"))]
    pub merge_policy: Option<TemplateMergePolicy>,
    /// Metadata of the target.
    #[serde(default, skip_serializing_if = "TemplateMetadata::is_empty")]
    pub metadata: TemplateMetadata,
    /// Templates by the key they make.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub data: BTreeMap<String, String>,
    /// Templates kept elsewhere. Those in data win.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub template_from: Vec<TemplateFrom>,
}

impl Template {
    pub fn merge_policy(&self) -> TemplateMergePolicy {
        self.merge_policy.unwrap_or_default()
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum EngineVersion {
    #[default]
    #[serde(rename = "v2")]
    V2,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum TemplateMergePolicy {
    #[default]
    Replace,
    Merge,
}

/// Metadata of the target. The values of annotations and labels are templates.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct TemplateMetadata {
    /// Annotations, their values being templates.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// Labels, their values being templates.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Finalizers, which are added and never removed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub finalizers: Vec<String>,
}

impl TemplateMetadata {
    pub fn is_empty(&self) -> bool {
        self.annotations.is_empty() && self.labels.is_empty() && self.finalizers.is_empty()
    }
}

/// Templates kept in a ConfigMap, a Secret, or in one text.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct TemplateFrom {
    /// Templates in a ConfigMap.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config_map: Option<TemplateSource>,
    /// Templates in a Secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<TemplateSource>,
    /// A template of a whole YAML mapping.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub literal: Option<String>,
    /// What the templates make: Data, Annotations or Labels, or a path such as `spec.rules[0]` in an object that is
    /// no Secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "Data"))]
    pub target: Option<String>,
    /// How rendered values are decoded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub values_decoding_strategy: Option<DecodingStrategy>,
}

impl TemplateFrom {
    /// An empty target means what an absent one means.
    pub fn target(&self) -> &str {
        self.target
            .as_deref()
            .filter(|target| !target.is_empty())
            .unwrap_or("Data")
    }

    pub fn values_decoding_strategy(&self) -> DecodingStrategy {
        self.values_decoding_strategy.unwrap_or_default()
    }
}

/// A ConfigMap or Secret with templates, in the namespace of the target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct TemplateSource {
    /// The object's name.
    pub name: ResourceName,
    /// Which of its keys hold templates.
    pub items: Vec<TemplateItem>,
}

/// One template.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct TemplateItem {
    /// The key that holds the template.
    pub key: SecretKey,
    /// Values makes one value under the same key, KeysAndValues a whole YAML mapping.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "Values"))]
    pub template_as: Option<TemplateAs>,
}

impl TemplateItem {
    pub fn template_as(&self) -> TemplateAs {
        self.template_as.unwrap_or_default()
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum TemplateAs {
    #[default]
    Values,
    KeysAndValues,
}
