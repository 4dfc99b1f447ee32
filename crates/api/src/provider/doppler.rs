//! `provider.doppler`: Doppler.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::rules::{require, ruled};
use crate::{SecretKeySelector, ServiceAccountSelector};

/// Reads the secrets of a Doppler configuration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct DopplerProvider {
    /// How to log in.
    pub auth: DopplerAuth,
    /// The project; not needed if the token belongs to one configuration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// The configuration; not needed if the token belongs to one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config: Option<String>,
    /// How Doppler rewrites the names of secrets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name_transformer: Option<DopplerNameTransformer>,
    /// Have all secrets as one file in this format.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<DopplerFormat>,
}

/// How to log in: exactly one of `secretRef`, `oidcConfig`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", remote = "Self")]
#[schemars(inline)]
#[schemars(extend("x-kubernetes-validations" = [{
    "rule": "has(self.secretRef) != has(self.oidcConfig)",
    "message": "exactly one of secretRef, oidcConfig must be set",
}]))]
pub struct DopplerAuth {
    /// With a token kept in a Secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<DopplerSecretRef>,
    /// With the token of a service account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oidc_config: Option<DopplerOidc>,
}

ruled!(DopplerAuth, |auth| require(
    auth.secret_ref.is_some() != auth.oidc_config.is_some(),
    "exactly one of secretRef, oidcConfig must be set",
));

/// A Doppler token kept in a Secret.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct DopplerSecretRef {
    /// The Secret's key that holds the token; the key is `dopplerToken` unless named.
    pub doppler_token: SecretKeySelector,
}

/// A service account that Doppler trusts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct DopplerOidc {
    /// The id of the service account identity at Doppler.
    pub identity: String,
    /// The service account of the cluster.
    pub service_account_ref: ServiceAccountSelector,
    /// Seconds until the token expires.
    #[serde(default = "ten_minutes")]
    pub expiration_seconds: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(inline)]
pub enum DopplerNameTransformer {
    UpperCamel,
    Camel,
    LowerSnake,
    TfVar,
    DotnetEnv,
    LowerKebab,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(inline)]
pub enum DopplerFormat {
    Json,
    DotnetJson,
    Env,
    Yaml,
    Docker,
}

fn ten_minutes() -> i64 {
    600
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn there_is_exactly_one_way_to_log_in() {
        let parse = |auth| serde_json::from_value::<DopplerProvider>(json!({"auth": auth}));
        let secret = json!({"dopplerToken": {"name": "doppler"}});
        let oidc = json!({"identity": "i", "serviceAccountRef": {"name": "a"}});
        assert!(parse(json!({})).is_err());
        assert!(parse(json!({"secretRef": secret, "oidcConfig": oidc})).is_err());
        assert!(parse(json!({"secretRef": secret})).is_ok());
        let doppler = parse(json!({"oidcConfig": oidc})).expect("sound");
        assert_eq!(
            doppler.auth.oidc_config.map(|oidc| oidc.expiration_seconds),
            Some(600)
        );
    }
}
