//! What a push makes of a remote Secret. Pure.

use std::collections::BTreeMap;

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use lockstep_api::NamespaceName;
use serde::Deserialize;

use crate::engine::json::encode_values;
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::provider::Push;
use crate::provider::push_metadata::Metadata;

/// `spec.data[].metadata` of this provider.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct PushMetadata {
    target_merge_policy: Policy<TargetMergePolicy>,
    source_merge_policy: Policy<SourceMergePolicy>,
    labels: BTreeMap<String, String>,
    annotations: BTreeMap<String, String>,
    /// Only in a ClusterSecretStore.
    pub(super) remote_namespace: Option<NamespaceName>,
}

impl Metadata for PushMetadata {
    const FIELDS: &'static [&'static str] = &[
        "targetMergePolicy",
        "sourceMergePolicy",
        "labels",
        "annotations",
        "remoteNamespace",
    ];
}

/// One that is unknown is told by whoever comes to it.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum Policy<P> {
    Known(P),
    Unknown(String),
}

impl<P: Default> Default for Policy<P> {
    fn default() -> Self {
        Self::Known(P::default())
    }
}

impl<P: Copy> Policy<P> {
    /// `side`: whose it is.
    fn known(&self, side: &str) -> Result<P, Problem> {
        match self {
            Self::Known(policy) => Ok(*policy),
            Self::Unknown(policy) => Err(Problem::BadData {
                why: format!("failed to merge {side} metadata: unexpected {side} merge policy {policy:?}"),
            }),
        }
    }
}

/// What becomes of the labels and annotations that are there.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
enum TargetMergePolicy {
    #[default]
    Merge,
    Replace,
    /// They stay, and none is added.
    Ignore,
}

/// How the labels and annotations of the source and of the push come together.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
enum SourceMergePolicy {
    #[default]
    Merge,
    Replace,
}

/// The Secret as it has to be, given what is there.
pub(super) fn merged(
    existing: Option<&Secret>,
    push: &Push,
    metadata: &PushMetadata,
) -> Result<Secret, Problem> {
    let mut secret = existing.cloned().unwrap_or_default();
    let policies = (
        metadata.source_merge_policy.known("source")?,
        metadata.target_merge_policy.known("target")?,
    );
    let (labels, annotations) = (secret.metadata.labels.take(), secret.metadata.annotations.take());
    secret.metadata.labels = merge(labels, &push.source.labels, &metadata.labels, policies);
    let pushed = &metadata.annotations;
    secret.metadata.annotations = merge(annotations, &push.source.annotations, pushed, policies);
    let property = push
        .remote
        .property
        .as_deref()
        .filter(|property| !property.is_empty());
    match property {
        None => {
            let all = push.values.iter().map(|(key, value)| (key.clone(), bytes(value)));
            secret.data = Some(all.collect());
        }
        Some(property) => {
            let value = match push.single()? {
                Some(value) => bytes(value),
                None => bytes(&encode_values(&push.values)),
            };
            secret
                .data
                .get_or_insert_default()
                .insert(property.to_owned(), value);
        }
    }
    // One property more does not change what the others are for.
    if existing.is_none() || property.is_none() {
        let given = push
            .source
            .secret_type
            .as_deref()
            .filter(|given| !given.is_empty());
        secret.type_ = Some(given.unwrap_or("Opaque").to_owned());
    }
    Ok(secret)
}

fn merge(
    target: Option<BTreeMap<String, String>>,
    source: &BTreeMap<String, String>,
    pushed: &BTreeMap<String, String>,
    (sources, targets): (SourceMergePolicy, TargetMergePolicy),
) -> Option<BTreeMap<String, String>> {
    let mut from = match sources {
        SourceMergePolicy::Merge => source.clone(),
        SourceMergePolicy::Replace => BTreeMap::new(),
    };
    from.extend(pushed.clone());
    let merged = match targets {
        TargetMergePolicy::Ignore => return target,
        TargetMergePolicy::Replace => from,
        TargetMergePolicy::Merge => {
            let mut merged = target.unwrap_or_default();
            merged.extend(from);
            merged
        }
    };
    Some(merged).filter(|merged| !merged.is_empty())
}

fn bytes(value: &SecretBytes) -> ByteString {
    ByteString(value.expose().to_vec())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::engine::values::Values;
    use crate::provider::{PushSource, Remote, push_metadata};

    fn push(secret_key: Option<&str>, property: Option<&str>) -> Push {
        let values = Values::from([
            ("user".to_owned(), SecretBytes::from("u")),
            ("pass".to_owned(), "p".into()),
        ]);
        let map = |key: &str, value: &str| BTreeMap::from([(key.to_owned(), value.to_owned())]);
        Push {
            remote: Remote {
                key: "dest".into(),
                property: property.map(str::to_owned),
                metadata: None,
            },
            secret_key: secret_key.map(str::to_owned),
            values,
            source: PushSource {
                labels: map("team", "blue"),
                annotations: map("note", "n"),
                ..PushSource::default()
            },
        }
    }

    fn existing() -> Secret {
        serde_json::from_value(json!({
            "metadata": {"name": "dest", "resourceVersion": "7", "labels": {"theirs": "1", "team": "red"}},
            "type": "example.org/custom",
            "data": {"old": "MQ==", "p": "eA=="},
        }))
        .expect("a Secret")
    }

    fn shown(secret: &Secret) -> Value {
        let text = |value: &ByteString| String::from_utf8_lossy(&value.0).into_owned();
        let data: BTreeMap<_, _> = secret
            .data
            .iter()
            .flatten()
            .map(|(key, value)| (key, text(value)))
            .collect();
        json!({
            "type": secret.type_, "data": data,
            "labels": secret.metadata.labels, "annotations": secret.metadata.annotations,
        })
    }

    #[test]
    fn what_is_pushed_is_one_property_or_all() {
        let (labels, annotations) = (json!({"team": "blue"}), json!({"note": "n"}));
        for (push, data) in [
            (push(Some("user"), Some("p")), json!({"p": "u"})),
            (
                push(None, Some("all")),
                json!({"all": r#"{"pass":"p","user":"u"}"#}),
            ),
            (push(None, None), json!({"user": "u", "pass": "p"})),
            (push(None, Some("")), json!({"user": "u", "pass": "p"})),
        ] {
            let secret = merged(None, &push, &PushMetadata::default()).expect("a Secret");
            let expected =
                json!({"type": "Opaque", "data": data, "labels": labels, "annotations": annotations});
            assert_eq!(shown(&secret), expected);
        }
        let missing = merged(None, &push(Some("nope"), Some("p")), &PushMetadata::default());
        assert_eq!(
            missing.expect_err("refused").to_string(),
            "secret key nope does not exist"
        );
    }

    #[test]
    fn what_is_there_stays_unless_all_is_pushed() {
        let property = merged(
            Some(&existing()),
            &push(Some("user"), Some("p")),
            &PushMetadata::default(),
        );
        let property = property.expect("a Secret");
        assert_eq!(property.metadata.resource_version.as_deref(), Some("7"));
        let expected = json!({
            "type": "example.org/custom", "data": {"old": "1", "p": "u"},
            "labels": {"team": "blue", "theirs": "1"}, "annotations": {"note": "n"},
        });
        assert_eq!(shown(&property), expected);
        let all = merged(Some(&existing()), &push(None, None), &PushMetadata::default()).expect("a Secret");
        assert_eq!(shown(&all)["data"], json!({"pass": "p", "user": "u"}));
        assert_eq!(shown(&all)["type"], "Opaque");
    }

    #[test]
    fn a_policy_that_does_not_exist_is_told_as_eso_tells_it() {
        for (spec, why) in [
            (
                json!({"sourceMergePolicy": "Keep"}),
                r#"failed to merge source metadata: unexpected source merge policy "Keep""#,
            ),
            (
                json!({"targetMergePolicy": "Keep"}),
                r#"failed to merge target metadata: unexpected target merge policy "Keep""#,
            ),
        ] {
            let envelope = json!({
                "apiVersion": "kubernetes.external-secrets.io/v1alpha1", "kind": "PushSecretMetadata", "spec": spec,
            });
            let metadata: PushMetadata = push_metadata::open(Some(&envelope), "failed")
                .expect("sound")
                .expect("some");
            let refused = merged(None, &push(Some("user"), Some("p")), &metadata);
            assert_eq!(refused.expect_err("refused").to_string(), why);
        }
    }

    #[test]
    fn policies_say_whose_labels_there_are() {
        for (spec, labels, annotations) in [
            (
                json!({"labels": {"l": "v"}}),
                json!({"l": "v", "team": "blue", "theirs": "1"}),
                json!({"note": "n"}),
            ),
            (
                json!({"sourceMergePolicy": "Replace", "labels": {"l": "v"}}),
                json!({"l": "v", "team": "red", "theirs": "1"}),
                json!(null),
            ),
            (
                json!({"targetMergePolicy": "Replace", "sourceMergePolicy": "Replace", "labels": {"l": "v"}}),
                json!({"l": "v"}),
                json!(null),
            ),
            (
                json!({"targetMergePolicy": "Replace"}),
                json!({"team": "blue"}),
                json!({"note": "n"}),
            ),
            (
                json!({"targetMergePolicy": "Ignore", "labels": {"l": "v"}}),
                json!({"team": "red", "theirs": "1"}),
                json!(null),
            ),
        ] {
            let envelope = json!({
                "apiVersion": "kubernetes.external-secrets.io/v1alpha1", "kind": "PushSecretMetadata", "spec": spec,
            });
            let metadata: PushMetadata = push_metadata::open(Some(&envelope), "failed")
                .expect("sound")
                .expect("some");
            let secret =
                merged(Some(&existing()), &push(Some("user"), Some("p")), &metadata).expect("a Secret");
            assert_eq!(shown(&secret)["labels"], labels, "{spec}");
            assert_eq!(shown(&secret)["annotations"], annotations, "{spec}");
        }
    }
}
