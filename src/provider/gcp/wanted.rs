//! What is to stand in Secret Manager, and whether it does. Pure.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::property;
use super::secret::Secret;
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::provider::{Push, change, mark, push_metadata};

pub(super) const NAME: &str = "gcp secret manager";
/// How ESO begins what it says of metadata that it cannot read.
const FAILED: &str = "failed to parse PushSecret metadata";

/// What users say of a push, beside the value.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct PushMetadata {
    annotations: BTreeMap<String, String>,
    labels: BTreeMap<String, String>,
    topics: Vec<String>,
    merge_policy: MergePolicy,
    cmek_key_name: Option<String>,
    replication_location: Option<String>,
    replication_locations: Vec<String>,
}

/// What becomes of labels that somebody else put there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
enum MergePolicy {
    Merge,
    #[default]
    #[serde(other)]
    Replace,
}

impl push_metadata::Metadata for PushMetadata {
    const FIELDS: &'static [&'static str] = &[
        "annotations",
        "labels",
        "topics",
        "mergePolicy",
        "cmekKeyName",
        "replicationLocation",
        "replicationLocations",
    ];
}

pub(super) struct Wanted {
    value: SecretBytes,
    property: Option<String>,
    metadata: PushMetadata,
}

impl Wanted {
    pub(super) fn of(push: &Push) -> Result<Self, Problem> {
        let metadata = push_metadata::open(push.remote.metadata.as_ref(), FAILED)?;
        let property = push
            .remote
            .property
            .clone()
            .filter(|property| !property.is_empty());
        if property.is_some() && metadata.is_some() {
            return Err(Problem::BadData {
                why: "cannot specify metadata and property at the same time".to_owned(),
            });
        }
        Ok(Self {
            // A property becomes a text in JSON.
            value: if property.is_some() {
                push.text()?
            } else {
                push.value()?
            },
            property,
            metadata: metadata.unwrap_or_default(),
        })
    }

    /// A push of a property says nothing of the secret as a whole.
    pub(super) fn is_said_of(&self, secret: &Secret) -> bool {
        self.property.is_some()
            || self.labels(&secret.labels) == secret.labels && self.metadata.annotations == secret.annotations
    }

    /// What is to be a new version; `None`: it is there.
    pub(super) fn value(&self, current: Option<&SecretBytes>) -> Result<Option<SecretBytes>, Problem> {
        let (Some(property), Some(there)) = (&self.property, current) else {
            let is_same = self.property.is_none() && current == Some(&self.value);
            let value = change::with(None, self.property.as_deref(), &self.value, NAME)?;
            return Ok((!is_same).then_some(value));
        };
        let changed = change::with(Some(there), Some(property), &self.value, NAME)?;
        let is_same = property::at(there, property)?.is_some_and(|found| found == self.value);
        Ok((!is_same).then_some(changed))
    }

    /// The document of a secret that is not there yet.
    pub(super) fn creation(&self, location: Option<&str>) -> Value {
        let metadata = &self.metadata;
        let topics = metadata.topics.iter().map(|name| json!({ "name": name }));
        let mut secret = json!({
            "labels": self.labels(&BTreeMap::new()), "annotations": metadata.annotations,
            "topics": topics.collect::<Vec<_>>(),
        });
        let key = metadata.cmek_key_name.as_ref();
        let encrypted = |mut place: Value| {
            if let Some(key) = key {
                place["customerManagedEncryption"] = json!({ "kmsKeyName": key });
            }
            place
        };
        if location.is_some() {
            // What is in one place is replicated nowhere.
            return encrypted(secret);
        }
        let mut places = metadata.replication_locations.clone();
        if places.is_empty() {
            places.extend(metadata.replication_location.clone());
        }
        let replicas = places.iter().map(|place| encrypted(json!({ "location": place })));
        secret["replication"] = if places.is_empty() {
            json!({ "automatic": encrypted(json!({})) })
        } else {
            json!({"userManaged": {"replicas": replicas.collect::<Vec<_>>()}})
        };
        secret
    }

    /// What is to change of one that is; its etag says what it was when we looked.
    pub(super) fn update(&self, secret: &Secret) -> Value {
        json!({
            "name": secret.name, "etag": secret.etag, "labels": self.labels(&secret.labels),
            "annotations": self.metadata.annotations,
        })
    }

    /// Under Merge those that are there win, as in ESO.
    fn labels(&self, there: &BTreeMap<String, String>) -> BTreeMap<String, String> {
        let mut labels = self.metadata.labels.clone();
        if self.metadata.merge_policy == MergePolicy::Merge {
            labels.extend(there.clone());
        }
        labels.insert(mark::KEY.to_owned(), mark::OURS.to_owned());
        labels
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::ask::{PushSource, Remote};
    use crate::engine::values::Values;

    #[test]
    fn a_change_says_what_it_was_made_over() {
        let push = Push {
            remote: Remote {
                key: "app".to_owned(),
                property: None,
                metadata: None,
            },
            secret_key: Some("k".to_owned()),
            values: Values::from([("k".to_owned(), "v".into())]),
            source: PushSource::default(),
        };
        let wanted = Wanted::of(&push).expect("sound");
        let secret = Secret {
            name: "projects/p/secrets/app".to_owned(),
            etag: Some("e1".to_owned()),
            ..Secret::default()
        };
        assert!(!wanted.is_said_of(&secret), "it lacks the mark");
        let labels = json!({mark::KEY: mark::OURS});
        assert_eq!(
            wanted.update(&secret),
            json!({"name": "projects/p/secrets/app", "etag": "e1", "labels": labels, "annotations": {}})
        );
    }
}
