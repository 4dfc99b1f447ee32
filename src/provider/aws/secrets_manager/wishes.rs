//! What the metadata of a push says to Secrets Manager. Pure.

use aws_sdk_secretsmanager::types::{ReplicaRegionType, Tag};
use serde::Deserialize;
use serde_json::Value;

use crate::engine::problem::Problem;
use crate::provider::aws::tags::{self, DESCRIPTION, Tags};
use crate::provider::push_metadata::{self, Metadata};

/// How errors in the metadata begin.
const FAILED: &str = "failed to parse push secret metadata";
/// The key of an account that nobody has to make.
const DEFAULT_KEY: &str = "alias/aws/secretsmanager";

#[derive(Debug)]
pub(super) struct Wishes {
    pub(super) tags: Tags,
    pub(super) description: String,
    pub(super) format: Format,
    pub(super) kms_key: String,
    pub(super) policy: Option<PolicyWish>,
    /// `None`: whatever there is, stays.
    pub(super) regions: Option<Vec<String>>,
}

/// In which of its two fields a secret keeps its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Binary,
    Text,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct PolicyWish {
    pub(super) block_public_policy: Option<bool>,
    pub(super) policy_source_ref: Option<PolicySource>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PolicySource {
    #[serde(default)]
    pub(super) kind: String,
    #[serde(default)]
    pub(super) name: String,
    #[serde(default)]
    pub(super) key: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Spec {
    tags: Tags,
    description: Option<String>,
    secret_push_format: Option<String>,
    kms_key_id: Option<String>,
    resource_policy: Option<PolicyWish>,
    replication_locations: Option<Vec<String>>,
}

impl Metadata for Spec {
    const FIELDS: &'static [&'static str] = &[
        "tags",
        "description",
        "secretPushFormat",
        "kmsKeyId",
        "resourcePolicy",
        "replicationLocations",
    ];
}

impl Wishes {
    pub(super) fn of(metadata: Option<&Value>) -> Result<Self, Problem> {
        let spec: Option<Spec> =
            push_metadata::open(metadata, &format!("{FAILED}: failed to parse metadata"))?;
        let spec = spec.unwrap_or_default();
        let bad = |why: String| Problem::BadData {
            why: format!("{FAILED}: {why}"),
        };
        tags::check(&spec.tags).map_err(bad)?;
        Ok(Self {
            format: match spec.secret_push_format.as_deref() {
                None | Some("binary") => Format::Binary,
                Some("string") => Format::Text,
                Some(other) => return Err(bad(format!("invalid secret push format: {other}"))),
            },
            tags: spec.tags,
            description: spec.description.unwrap_or_else(|| DESCRIPTION.to_owned()),
            kms_key: spec.kms_key_id.unwrap_or_else(|| DEFAULT_KEY.to_owned()),
            policy: spec.resource_policy,
            regions: spec.replication_locations,
        })
    }
}

pub(super) fn as_tags(tags: &Tags) -> Vec<Tag> {
    let tags = tags.iter();
    tags.map(|(key, value)| Tag::builder().key(key).value(value).build())
        .collect()
}

/// Where copies are to be, each under this key.
pub(super) fn as_replicas(regions: &[String], key: Option<&str>) -> Vec<ReplicaRegionType> {
    let regions = regions.iter().map(|region| {
        let replica = ReplicaRegionType::builder().region(region);
        replica.set_kms_key_id(key.map(str::to_owned)).build()
    });
    regions.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(spec: &Value) -> Result<Wishes, String> {
        let envelope = json!({
            "apiVersion": "kubernetes.external-secrets.io/v1alpha1", "kind": "PushSecretMetadata", "spec": spec,
        });
        Wishes::of(Some(&envelope)).map_err(|problem| problem.to_string())
    }

    #[test]
    fn what_is_not_said_is_as_in_eso() {
        for wishes in [Wishes::of(None).expect("sound"), of(&json!({})).expect("sound")] {
            assert_eq!(wishes.format, Format::Binary);
            assert_eq!(wishes.description, "secret 'managed-by:external-secrets'");
            assert_eq!(wishes.kms_key, "alias/aws/secretsmanager");
            assert!(wishes.tags.is_empty() && wishes.policy.is_none() && wishes.regions.is_none());
        }
        let wishes =
            of(&json!({"secretPushFormat": "string", "kmsKeyID": "mine", "replicationLocations": []}));
        let wishes = wishes.expect("sound");
        assert_eq!(
            (wishes.format, wishes.kms_key.as_str(), wishes.regions),
            (Format::Text, "mine", Some(vec![]))
        );
    }

    #[test]
    fn what_cannot_be_is_refused_in_eso_s_words() {
        for (spec, why) in [
            (
                json!({"secretPushFormat": "yaml"}),
                "failed to parse push secret metadata: invalid secret push format: yaml",
            ),
            (
                json!({"tags": {"managed-by": "me"}}),
                "failed to parse push secret metadata: error parsing tags in metadata: Cannot specify a 'managed-by' tag",
            ),
            (
                json!({"nope": 1}),
                "failed to parse push secret metadata: failed to parse metadata: failed to parse \
                 kubernetes.external-secrets.io/v1alpha1 PushSecretMetadata: error unmarshaling JSON: \
                 while decoding JSON: json: unknown field \"nope\"",
            ),
        ] {
            assert_eq!(of(&spec).map(|_| ()), Err(why.to_owned()));
        }
        assert!(of(&json!({"resourcePolicy": {"nope": 1}})).is_err());
    }
}
