//! What of a target may be shown.

use std::collections::BTreeMap;

use lockstep_api::{ExternalSecret, ExternalSecretSpec};
use serde_json::Value;

use super::leaves::Path;
use crate::engine::labels;

/// Templates can make anything of secret values. What stands so in the ExternalSecret is no secret, and neither are our
/// own marks; but the hash of the data lets a weak value be guessed.
#[derive(Debug)]
pub struct Plain<'a> {
    data: Option<&'a BTreeMap<String, String>>,
    labels: Option<&'a BTreeMap<String, String>>,
    annotations: Option<&'a BTreeMap<String, String>>,
}

impl<'a> Plain<'a> {
    pub fn of(object: &'a ExternalSecret, spec: &'a ExternalSecretSpec) -> Self {
        match &spec.target.template {
            Some(template) => Self {
                data: Some(&template.data),
                labels: Some(&template.metadata.labels),
                annotations: Some(&template.metadata.annotations),
            },
            None => Self {
                data: None,
                labels: object.metadata.labels.as_ref(),
                annotations: object.metadata.annotations.as_ref(),
            },
        }
    }

    pub fn is_label(&self, key: &str, value: &str) -> bool {
        key == labels::MANAGED || key == labels::CREATED_BY || stands_in(self.labels, key, value)
    }

    /// Of a target that is no Secret: what a Secret holds is never shown.
    pub fn is_field(&self, path: &Path, value: &Value) -> bool {
        let entry = path.as_data_key().zip(value.as_str());
        entry.is_some_and(|(key, text)| stands_in(self.data, key, text))
    }

    pub fn is_annotation(&self, key: &str, value: &str) -> bool {
        key != labels::DATA_HASH && stands_in(self.annotations, key, value)
    }
}

fn stands_in(texts: Option<&BTreeMap<String, String>>, key: &str, value: &str) -> bool {
    texts
        .and_then(|texts| texts.get(key))
        .is_some_and(|text| text == value)
}
