//! `provider.crd`: fields of any object in a Kubernetes cluster.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::rules::{is_default, require, ruled};
use super::{KubernetesAuth, KubernetesServer, NonEmptyText};
use crate::SecretKeySelector;

/// Reads fields of objects of one kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", remote = "Self")]
#[schemars(inline)]
#[schemars(extend("x-kubernetes-validations" = [
    {"rule": "has(self.auth) || has(self.authRef)", "message": "one of auth and authRef must be set"},
    {"rule": "!(has(self.auth) && has(self.authRef))", "message": "only one of auth and authRef may be set"},
]))]
pub struct CrdProvider {
    /// The API server to talk to.
    #[serde(default, skip_serializing_if = "is_default")]
    pub server: KubernetesServer,
    /// How to log in. Not together with `authRef`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth: Option<KubernetesAuth>,
    /// A Secret's key that holds a kubeconfig. Not together with `auth`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_ref: Option<SecretKeySelector>,
    /// The kind of the objects. Secrets are refused.
    pub resource: CrdResource,
    /// Which objects and fields may be read; all, if there are no rules.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub whitelist: Option<CrdWhitelist>,
}

ruled!(CrdProvider, |crd| {
    require(
        crd.auth.is_some() || crd.auth_ref.is_some(),
        "one of auth and authRef must be set",
    )?;
    require(
        crd.auth.is_none() || crd.auth_ref.is_none(),
        "only one of auth and authRef may be set",
    )
});

/// A kind of objects.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct CrdResource {
    /// The API group; empty for the core.
    pub group: String,
    /// The version of the API group.
    pub version: NonEmptyText,
    /// The kind.
    pub kind: NonEmptyText,
}

/// Which objects and fields may be read.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct CrdWhitelist {
    /// A read is allowed if one of these matches.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<CrdWhitelistRule>,
}

/// Matches if all its regular expressions do; one that is absent always does.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct CrdWhitelistRule {
    /// A regular expression for the object's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// A regular expression for the object's namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Regular expressions for the field; one must match.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub properties: Vec<String>,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn credentials_are_needed_once() {
        let resource = json!({"group": "", "version": "v1", "kind": "ConfigMap"});
        let auth = json!({"serviceAccount": {"name": "reader"}});
        let auth_ref = json!({"name": "kubeconfig", "key": "config"});
        let error = |body| {
            serde_json::from_value::<CrdProvider>(body)
                .err()
                .map_or(String::new(), |error| error.to_string())
        };
        assert_eq!(error(json!({"resource": resource, "auth": auth})), "");
        assert!(error(json!({"resource": resource})).contains("one of auth and authRef must be set"));
        assert!(
            error(json!({"resource": resource, "auth": auth, "authRef": auth_ref}))
                .contains("only one of auth and authRef may be set")
        );
    }
}
