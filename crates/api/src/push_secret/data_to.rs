//! Entries that push many keys of the source at once.

use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::json;

use super::{PushConversionStrategy, PushStoreRef};
use crate::external_secret::{RewriteRegexp, RewriteTransform};
use crate::generator::FreeJson;
use crate::one_of::one_of;

/// Many keys of the source, and where they go: each to a place of its own, or all into one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", remote = "Self")]
#[schemars(inline, transform = state_rules)]
pub struct PushDataTo {
    /// How the names of the source's keys are changed first.
    #[serde(default)]
    pub conversion_strategy: PushConversionStrategy,
    /// Which keys are pushed, all when absent.
    #[serde(rename = "match", skip_serializing_if = "Option::is_none")]
    pub keys: Option<PushMatch>,
    /// Further wishes, in the shape that the provider of the store asks for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<FreeJson>,
    /// The store's name for one secret that takes all the keys. When absent, each key makes a secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remote_key: Option<String>,
    /// Changes to the keys, one after the other, that make the store's names. Not together with remoteKey.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(transform = state_one_change)]
    pub rewrite: Vec<PushRewrite>,
    /// Which of secretStoreRefs are written.
    pub store_ref: PushStoreRef,
}

impl PushDataTo {
    pub fn mode(&self) -> PushMode<'_> {
        match self.remote_key.as_deref() {
            Some(key) if !key.is_empty() => PushMode::Bundle(key),
            _ => PushMode::EachKey(&self.rewrite),
        }
    }

    /// A regular expression (RE2) that has to match somewhere in a key, if not every key is pushed.
    pub fn regexp(&self) -> Option<&str> {
        self.keys
            .as_ref()?
            .regexp
            .as_deref()
            .filter(|regexp| !regexp.is_empty())
    }

    fn check(&self) -> Result<(), &'static str> {
        if self.store_ref.pick().is_none() {
            return Err(STORE_RULE);
        }
        if self.remote_key.is_some() && !self.rewrite.is_empty() {
            return Err(MODE_RULE);
        }
        Ok(())
    }
}

/// Where the keys of an entry go.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PushMode<'a> {
    /// All into the secret of this name.
    Bundle(&'a str),
    /// Each into a secret of its own, whose name is the key after these changes.
    EachKey(&'a [PushRewrite]),
}

/// Which keys are meant.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct PushMatch {
    /// A regular expression (RE2) that has to match somewhere in the key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub regexp: Option<String>,
}

one_of!(
    /// One change to the keys.
    PushRewrite {
        /// Replaces what a regular expression matches in each key.
        "regexp" => Regexp(RewriteRegexp),
        /// Renders each key with a template.
        "transform" => Transform(RewriteTransform),
    }
);

impl<'de> Deserialize<'de> for PushDataTo {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let entry = Self::deserialize(deserializer)?;
        entry.check().map_err(serde::de::Error::custom)?;
        Ok(entry)
    }
}

impl Serialize for PushDataTo {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

const STORE_RULE: &str = "storeRef must have a name or a labelSelector";
const MODE_RULE: &str = "only one of remoteKey and rewrite may be set";

/// The API has these as rules, and no member of an entry as required.
fn state_rules(schema: &mut Schema) {
    schema.remove("required");
    schema.insert(
        "x-kubernetes-validations".to_owned(),
        json!([
            {
                "rule": "has(self.storeRef) && (has(self.storeRef.labelSelector) || has(self.storeRef.name))",
                "message": STORE_RULE,
            },
            {
                "rule": "!(has(self.remoteKey) && has(self.rewrite) && size(self.rewrite) > 0)",
                "message": MODE_RULE,
            },
        ]),
    );
}

/// The API has a rule here, and no bounds on the number of members.
fn state_one_change(schema: &mut Schema) {
    let Some(change) = schema
        .pointer_mut("/items")
        .and_then(serde_json::Value::as_object_mut)
    else {
        return;
    };
    change.remove("minProperties");
    change.remove("maxProperties");
    change.insert(
        "x-kubernetes-validations".to_owned(),
        json!([{
            "rule": "has(self.regexp) != has(self.transform)",
            "message": "exactly one of regexp and transform must be set",
        }]),
    );
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::Parsed;

    fn entry(value: Value) -> Parsed<PushDataTo> {
        Parsed::from_json(value)
    }

    #[test]
    fn an_entry_pushes_each_key_or_a_bundle() {
        let store = json!({"name": "s"});
        let bundle =
            entry(json!({"storeRef": store, "remoteKey": "all", "match": {"regexp": "^a"}, "rewrite": []}));
        let bundle = bundle.as_ref().expect("sound");
        assert_eq!(
            (bundle.mode(), bundle.regexp()),
            (PushMode::Bundle("all"), Some("^a"))
        );

        let each =
            entry(json!({"storeRef": store, "rewrite": [{"regexp": {"source": "^", "target": "app-"}}]}));
        let each = each.as_ref().expect("sound");
        assert!(matches!(each.mode(), PushMode::EachKey([PushRewrite::Regexp(_)])));
        assert_eq!(each.regexp(), None);
    }

    #[test]
    fn an_entry_that_breaks_a_rule_is_broken() {
        let why = |value| entry(value).as_ref().expect_err("broken").why.clone();
        let change = json!({"transform": {"template": "{{ .value }}"}});
        assert_eq!(
            why(json!({"storeRef": {"name": "s"}, "remoteKey": "a", "rewrite": [change]})),
            MODE_RULE
        );
        assert_eq!(why(json!({"storeRef": {"kind": "SecretStore"}})), STORE_RULE);
        assert!(why(json!({})).contains("storeRef"));

        let both = json!({"regexp": {"source": "a", "target": "b"}, "transform": {"template": "x"}});
        let broken = entry(json!({"storeRef": {"name": "s"}, "rewrite": [change, both]}));
        assert_eq!(broken.as_ref().expect_err("broken").field, "rewrite[1]");
    }
}
