//! `provider.vault`: the KV engine of HashiCorp Vault, and of what speaks its API.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::rules::is_default;
use super::{CaBundle, VaultAuth};
use crate::{CaProvider, PlainText, SecretKeySelector};

/// Reads and writes a KV engine of Vault.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct VaultProvider {
    /// The address of the server, such as `https://vault.example.com:8200`.
    pub server: String,
    /// The mount of the KV engine; without it, keys begin with the mount.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The version of the KV engine.
    #[serde(default)]
    pub version: KvVersion,
    /// The Vault namespace of the data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// How to log in; without it, requests carry no token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth: Option<VaultAuth>,
    /// Base64 of the PEM certificates to trust; wins over `caProvider`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_bundle: Option<CaBundle>,
    /// The Secret or ConfigMap that holds the certificates to trust.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_provider: Option<CaProvider>,
    /// The client certificate to show on every connection.
    #[serde(default, skip_serializing_if = "is_default")]
    pub tls: VaultClientTls,
    /// Headers to add to every request.
    #[serde(default, skip_serializing_if = "is_default")]
    pub headers: BTreeMap<String, PlainText>,
    /// Replay what earlier answers said of the server's state, so that a standby serves what was just written.
    #[serde(default, skip_serializing_if = "is_default")]
    pub read_your_writes: bool,
    /// With `readYourWrites`, have a standby that lags behind forward the request.
    #[serde(default, skip_serializing_if = "is_default")]
    pub forward_inconsistent: bool,
    /// How PushSecrets write; version v2 only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub check_and_set: Option<VaultCheckAndSet>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum KvVersion {
    V1,
    #[default]
    V2,
}

/// A client certificate and its key; both or neither.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct VaultClientTls {
    /// The Secret's key that holds the PEM certificate; the key is `tls.crt` unless named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cert_secret_ref: Option<SecretKeySelector>,
    /// The Secret's key that holds the PEM private key; the key is `tls.key` unless named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_secret_ref: Option<SecretKeySelector>,
}

/// Check-and-set: a write names the version that it replaces.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct VaultCheckAndSet {
    /// Whether writes use it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub required: bool,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_server_is_enough() {
        let vault: VaultProvider = serde_json::from_value(json!({"server": "http://vault"})).expect("sound");
        assert_eq!(vault.version, KvVersion::V2);
        assert_eq!(vault.auth, None);
        let written = serde_json::to_value(&vault).expect("JSON");
        assert_eq!(written, json!({"server": "http://vault", "version": "v2"}));
    }

    #[test]
    fn mounts_have_the_defaults_of_the_schema() {
        let vault: VaultProvider = serde_json::from_value(json!({
            "server": "http://vault",
            "version": "v1",
            "auth": {
                "appRole": {"roleId": "r", "secretRef": {"name": "s"}},
                "kubernetes": {"role": "r"},
                "jwt": {}, "ldap": {"username": "u"}, "userPass": {"username": "u"}, "cert": {}, "gcp": {"role": "r"},
            },
        }))
        .expect("sound");
        let auth = vault.auth.expect("there is one");
        let paths = [
            auth.app_role.map(|auth| auth.path),
            auth.kubernetes.map(|auth| auth.mount_path),
            auth.jwt.map(|auth| auth.path),
            auth.ldap.map(|auth| auth.path),
            auth.user_pass.map(|auth| auth.path),
            auth.cert.map(|auth| auth.path),
            auth.gcp.map(|auth| auth.path),
        ];
        let expected = ["approle", "kubernetes", "jwt", "ldap", "userpass", "cert", "gcp"];
        assert_eq!(paths.map(Option::unwrap_or_default), expected);
    }

    #[test]
    fn headers_are_not_printed() {
        let vault: VaultProvider =
            serde_json::from_value(json!({"server": "http://vault", "headers": {"authorization": "s3cret"}}))
                .expect("sound");
        assert!(!format!("{vault:?}").contains("s3cret"));
    }
}
