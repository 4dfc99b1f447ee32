//! `provider.openBao`: the KV engine of OpenBao.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::rules::{require, ruled};
use super::{CaBundle, KvVersion, NonEmptyText, VaultCertAuth, VaultJwtAuth, VaultKubernetesAuth};
use crate::{CaProvider, SecretKeySelector};

/// Reads a KV engine of OpenBao.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", remote = "Self")]
#[schemars(inline)]
#[schemars(extend("x-kubernetes-validations" = [{
    "rule": "!(has(self.caBundle) && has(self.caProvider))",
    "message": "only one of caBundle and caProvider may be set",
}]))]
pub struct OpenBaoProvider {
    /// The address of the server, such as `https://openbao.example.com:8200`.
    pub server: String,
    /// The mount of the KV engine; `kv` unless set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The version of the KV engine.
    #[serde(default)]
    pub version: KvVersion,
    /// The OpenBao namespace of the data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// How to log in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth: Option<OpenBaoAuth>,
    /// Base64 of the PEM certificates to trust. Not together with `caProvider`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_bundle: Option<CaBundle>,
    /// The Secret or ConfigMap that holds the certificates to trust. Not together with `caBundle`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_provider: Option<CaProvider>,
}

ruled!(OpenBaoProvider, |bao| require(
    bao.ca_bundle.is_none() || bao.ca_provider.is_none(),
    "only one of caBundle and caProvider may be set",
));

/// How to log in: exactly one of `tokenSecretRef`, `appRole`, `userPass`, `kubernetes`, `jwt`, `cert`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", remote = "Self")]
#[schemars(inline)]
#[schemars(extend("x-kubernetes-validations" = [{
    "rule": "[has(self.appRole), has(self.tokenSecretRef), has(self.userPass), has(self.kubernetes), has(self.jwt), has(self.cert)].exists_one(set, set)",
    "message": "exactly one of appRole, tokenSecretRef, userPass, kubernetes, jwt, cert must be set",
}]))]
pub struct OpenBaoAuth {
    /// The OpenBao namespace to log in to; by default that of the data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// With a token kept in a Secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_secret_ref: Option<SecretKeySelector>,
    /// By AppRole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app_role: Option<OpenBaoAppRole>,
    /// As a user of OpenBao.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_pass: Option<OpenBaoUserPass>,
    /// With the token of a service account, checked by OpenBao at the cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kubernetes: Option<VaultKubernetesAuth>,
    /// With a JSON web token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwt: Option<VaultJwtAuth>,
    /// With a client certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cert: Option<VaultCertAuth>,
}

ruled!(OpenBaoAuth, |auth| {
    let set = [
        auth.app_role.is_some(),
        auth.token_secret_ref.is_some(),
        auth.user_pass.is_some(),
        auth.kubernetes.is_some(),
        auth.jwt.is_some(),
        auth.cert.is_some(),
    ];
    let one = set.into_iter().filter(|set| *set).count() == 1;
    require(
        one,
        "exactly one of appRole, tokenSecretRef, userPass, kubernetes, jwt, cert must be set",
    )
});

/// AppRole: a role id, in the spec or in a Secret, and a secret id for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", remote = "Self")]
#[schemars(inline, extend("required" = ["path", "secretRef"]))]
#[schemars(extend("x-kubernetes-validations" = [{
    "rule": "has(self.roleId) != has(self.roleRef)",
    "message": "exactly one of roleId, roleRef must be set",
}]))]
pub struct OpenBaoAppRole {
    /// The mount of the method.
    #[serde(default = "approle")]
    pub path: String,
    /// The role id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role_id: Option<NonEmptyText>,
    /// The Secret's key that holds the role id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role_ref: Option<SecretKeySelector>,
    /// The Secret's key that holds the secret id.
    pub secret_ref: SecretKeySelector,
}

ruled!(OpenBaoAppRole, |role| require(
    role.role_id.is_some() != role.role_ref.is_some(),
    "exactly one of roleId, roleRef must be set",
));

/// A user of OpenBao and the password.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline, extend("required" = ["path", "username"]))]
pub struct OpenBaoUserPass {
    /// The mount of the method.
    #[serde(default = "userpass")]
    pub path: String,
    /// The name of the user.
    pub username: String,
    /// The Secret's key that holds the password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<SecretKeySelector>,
}

fn approle() -> String {
    "approle".to_owned()
}

fn userpass() -> String {
    "userpass".to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn parse(extra: Value) -> Result<OpenBaoProvider, String> {
        let mut body = json!({"server": "http://bao"});
        if let (Value::Object(body), Value::Object(extra)) = (&mut body, extra) {
            body.extend(extra);
        }
        serde_json::from_value(body).map_err(|error| error.to_string())
    }

    #[test]
    fn rules_over_several_fields_hold_without_an_api_server() {
        let token = json!({"name": "t", "key": "token"});
        let ca = json!({"type": "Secret", "name": "ca", "key": "ca.crt"});
        for (extra, rule) in [
            (
                json!({"caBundle": "", "caProvider": ca}),
                "only one of caBundle and caProvider",
            ),
            (
                json!({"auth": {"namespace": "n"}}),
                "exactly one of appRole, tokenSecretRef, userPass",
            ),
            (
                json!({"auth": {"tokenSecretRef": token, "userPass": {"username": "u"}}}),
                "exactly one of appRole, tokenSecretRef, userPass",
            ),
            (
                json!({"auth": {"jwt": {}, "kubernetes": {"role": "r"}}}),
                "exactly one of appRole, tokenSecretRef, userPass",
            ),
            (
                json!({"auth": {"appRole": {"secretRef": token}}}),
                "exactly one of roleId, roleRef",
            ),
            (
                json!({"auth": {"appRole": {"secretRef": token, "roleId": ""}}}),
                "must not be empty",
            ),
        ] {
            let error = parse(extra).expect_err(rule);
            assert!(error.contains(rule), "{error}");
        }
    }

    #[test]
    fn what_keeps_the_rules_is_written_as_it_was_read() {
        let auth = json!({"tokenSecretRef": {"name": "t", "key": "token"}});
        let bao = parse(json!({"auth": auth})).expect("sound");
        let written = serde_json::to_value(&bao).expect("JSON");
        assert_eq!(
            written,
            json!({"server": "http://bao", "version": "v2", "auth": auth})
        );
    }
}
