//! `provider.aws`: Secrets Manager, Parameter Store and Certificate Manager.

use std::borrow::Cow;
use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::AwsAuth;
use super::rules::is_default;

/// Reads and writes one of the AWS services that hold secrets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct AwsProvider {
    /// The service to use.
    pub service: AwsService,
    /// The region to use.
    pub region: String,
    /// How to log in.
    #[serde(default, skip_serializing_if = "is_default")]
    pub auth: AwsAuth,
    /// The ARN of the role to assume, after the additional ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// ARNs of roles to assume one after the other, before `role`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub additional_roles: Vec<String>,
    /// The external id to show when assuming `role`.
    #[serde(rename = "externalID", skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// Tags of the session in which `role` is assumed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub session_tags: Vec<SessionTag>,
    /// Keys of session tags that stay when further roles are assumed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub transitive_tag_keys: Vec<String>,
    /// Which tags the operator adds to the session by itself; other than None, they replace `sessionTags`.
    #[serde(default)]
    pub session_tags_policy: SessionTagsPolicy,
    /// Tags to add to the operator's own, under the policy Custom.
    #[serde(default, skip_serializing_if = "is_default")]
    pub custom_session_tags: CustomSessionTags,
    /// What to put before every key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// How Secrets Manager deletes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secrets_manager: Option<AwsSecretsManager>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum AwsService {
    SecretsManager,
    ParameterStore,
    CertificateManager,
}

/// A tag of an STS session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct SessionTag {
    /// The tag's key.
    pub key: String,
    /// The tag's value.
    pub value: String,
}

// Simple tags with namespace, store and store kind; Custom adds the tags of the spec.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum SessionTagsPolicy {
    #[default]
    None,
    Simple,
    Custom,
}

/// Session tags of the user's choice: any but the operator's own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "BTreeMap<String, String>")]
pub struct CustomSessionTags(BTreeMap<String, String>);

impl CustomSessionTags {
    /// The tags that the operator sets itself.
    pub const RESERVED: [&'static str; 3] = ["esoNamespace", "esoStoreName", "esoStoreKind"];

    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }
}

impl TryFrom<BTreeMap<String, String>> for CustomSessionTags {
    type Error = String;

    fn try_from(tags: BTreeMap<String, String>) -> Result<Self, Self::Error> {
        match Self::RESERVED.iter().find(|key| tags.contains_key(**key)) {
            Some(key) => Err(format!("must not contain `{key}`, which the operator sets")),
            None => Ok(Self(tags)),
        }
    }
}

impl JsonSchema for CustomSessionTags {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "CustomSessionTags".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let absent = Self::RESERVED
            .map(|key| format!("!('{key}' in self)"))
            .join(" && ");
        json_schema!({
            "type": "object",
            "additionalProperties": {"type": "string"},
            "x-kubernetes-validations": [{
                "rule": absent,
                "message": format!("must not contain {}, which the operator sets", Self::RESERVED.join(", ")),
            }],
        })
    }
}

/// How Secrets Manager deletes secrets.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct AwsSecretsManager {
    /// Delete at once, without a way back. Not together with `recoveryWindowInDays`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub force_delete_without_recovery: bool,
    /// Days in which a deleted secret can be restored: 7 to 30.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recovery_window_in_days: Option<i64>,
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn parse(mut extra: Value) -> Result<AwsProvider, String> {
        extra["service"] = "SecretsManager".into();
        extra["region"] = "eu-central-1".into();
        serde_json::from_value(extra).map_err(|error| error.to_string())
    }

    #[test]
    fn little_is_needed() {
        let aws = parse(json!({})).expect("sound");
        assert_eq!(aws.session_tags_policy, SessionTagsPolicy::None);
        assert_eq!(aws.auth, AwsAuth::default());
    }

    #[test]
    fn credentials_keep_their_odd_names() {
        let body = json!({
            "auth": {"secretRef": {
                "accessKeyIDSecretRef": {"name": "aws", "key": "id"},
                "secretAccessKeySecretRef": {"name": "aws", "key": "secret"},
            }},
            "externalID": "x",
            "sessionTagsPolicy": "Custom",
            "customSessionTags": {"team": "a"},
        });
        let written = serde_json::to_value(parse(body.clone()).expect("sound")).expect("JSON");
        for (key, value) in body.as_object().expect("an object") {
            assert_eq!(&written[key], value, "{key}");
        }
    }

    #[test]
    fn the_operators_own_tags_are_refused() {
        let error = parse(json!({"customSessionTags": {"esoStoreName": "mine"}})).expect_err("reserved");
        assert!(error.contains("must not contain `esoStoreName`"), "{error}");
    }
}
