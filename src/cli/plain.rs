//! Which labels and annotations of a target may be shown.

use std::collections::BTreeMap;

use lockstep_api::{ExternalSecret, ExternalSecretSpec};

use crate::engine::labels;

/// Templates can make labels and annotations of secret values. What stands so in the ExternalSecret is no secret, and
/// neither are our own marks; but the hash of the data lets a weak value be guessed.
#[derive(Debug)]
pub struct Plain<'a> {
    labels: Option<&'a BTreeMap<String, String>>,
    annotations: Option<&'a BTreeMap<String, String>>,
}

impl<'a> Plain<'a> {
    pub fn of(object: &'a ExternalSecret, spec: &'a ExternalSecretSpec) -> Self {
        match &spec.target.template {
            Some(template) => Self {
                labels: Some(&template.metadata.labels),
                annotations: Some(&template.metadata.annotations),
            },
            None => Self {
                labels: object.metadata.labels.as_ref(),
                annotations: object.metadata.annotations.as_ref(),
            },
        }
    }

    pub fn is_label(&self, key: &str, value: &str) -> bool {
        key == labels::MANAGED || key == labels::CREATED_BY || stands_in(self.labels, key, value)
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
