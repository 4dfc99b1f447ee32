//! `provider.kubernetes`: Secrets of a namespace, in this cluster or another.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::CaBundle;
use super::rules::is_default;
use crate::one_of::one_of;
use crate::{CaProvider, NamespaceName, SecretKeySelector, ServiceAccountSelector};

/// Reads and writes Secrets of one namespace of a Kubernetes cluster.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct KubernetesProvider {
    /// The API server to talk to.
    #[serde(default, skip_serializing_if = "is_default")]
    pub server: KubernetesServer,
    /// How to log in. Not together with `authRef`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth: Option<KubernetesAuth>,
    /// A Secret's key that holds a kubeconfig. Not together with `auth`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_ref: Option<SecretKeySelector>,
    /// The namespace whose Secrets the store serves.
    #[serde(default = "default_namespace")]
    pub remote_namespace: NamespaceName,
}

/// Where an API server is, and whom to trust there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct KubernetesServer {
    /// The address of the API server.
    #[serde(default = "default_url")]
    pub url: String,
    /// Base64 of the PEM certificates to trust; wins over `caProvider`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_bundle: Option<CaBundle>,
    /// The Secret or ConfigMap that holds the certificates to trust.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_provider: Option<CaProvider>,
}

impl Default for KubernetesServer {
    fn default() -> Self {
        Self {
            url: default_url(),
            ca_bundle: None,
            ca_provider: None,
        }
    }
}

one_of! {
    /// How to log in to an API server: exactly one way.
    KubernetesAuth {
        /// With a client certificate.
        "cert" => Cert(KubernetesCertAuth),
        /// With a bearer token.
        "token" => Token(KubernetesTokenAuth),
        /// As a service account of the cluster that lockstep runs in.
        "serviceAccount" => ServiceAccount(ServiceAccountSelector),
    }
}

/// A client certificate and its key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct KubernetesCertAuth {
    /// The Secret's key that holds the PEM certificate.
    pub client_cert: SecretKeySelector,
    /// The Secret's key that holds the PEM private key.
    pub client_key: SecretKeySelector,
}

/// A bearer token.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct KubernetesTokenAuth {
    /// The Secret's key that holds the token.
    pub bearer_token: SecretKeySelector,
}

fn default_url() -> String {
    "kubernetes.default".to_owned()
}

fn default_namespace() -> NamespaceName {
    NamespaceName::parse("default").expect("`default` is a DNS label")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parse(value: serde_json::Value) -> Result<KubernetesProvider, String> {
        serde_json::from_value(value).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_absent_has_the_defaults_of_the_schema() {
        let provider = parse(json!({"auth": {"serviceAccount": {"name": "reader"}}})).expect("sound");
        assert_eq!(provider.server.url, "kubernetes.default");
        assert_eq!(provider.remote_namespace.as_str(), "default");
        assert!(matches!(provider.auth, Some(KubernetesAuth::ServiceAccount(_))));
        assert_eq!(
            parse(json!({"server": {}})).expect("sound").server,
            KubernetesServer::default()
        );
    }

    #[test]
    fn there_is_exactly_one_way_to_log_in() {
        let token = json!({"bearerToken": {"name": "t", "key": "token"}});
        for auth in [
            json!({}),
            json!({"later": {}}),
            json!({"token": token, "serviceAccount": {"name": "a"}}),
        ] {
            let error = parse(json!({"auth": auth})).expect_err("not exactly one");
            assert!(error.starts_with("must have exactly one of"), "{error}");
        }
        let provider = parse(json!({"auth": {"token": token}})).expect("sound");
        let written = serde_json::to_value(&provider).expect("JSON");
        assert_eq!(
            written,
            json!({"auth": {"token": token}, "remoteNamespace": "default"})
        );
    }
}
