//! Reads a manifest of any kind.

use lockstep_api::generator::{
    ACRAccessToken, BeyondtrustWorkloadCredentialsDynamicSecret, CloudsmithAccessToken, ClusterGenerator,
    ECRAuthorizationToken, Fake, GCRAccessToken, GeneratorState, GithubAccessToken, GitlabDeployToken,
    Grafana, MFA, Password, QuayAccessToken, SSHKey, STSSessionToken, UUID, VaultDynamicSecret, Webhook,
};
use lockstep_api::{
    ClusterExternalSecret, ClusterPushSecret, ClusterSecretStore, ExternalSecret, Fault, Parsed, PushSecret,
    SecretStore,
};
use serde_json::{Value, from_value};

/// What is wrong with the spec of a manifest.
pub fn fault(manifest: &Value) -> Option<Fault> {
    macro_rules! read_as {
        ($($kind:ident)+) => {
            match manifest["kind"].as_str() {
                $(Some(stringify!($kind)) => {
                    of(from_value::<$kind>(manifest.clone()).expect("reading an object never fails").spec)
                })+
                kind => panic!("a manifest of kind {kind:?}"),
            }
        };
    }
    read_as!(
        ExternalSecret ClusterExternalSecret SecretStore ClusterSecretStore PushSecret ClusterPushSecret
        ACRAccessToken BeyondtrustWorkloadCredentialsDynamicSecret CloudsmithAccessToken ClusterGenerator
        ECRAuthorizationToken Fake GCRAccessToken GeneratorState GithubAccessToken GitlabDeployToken Grafana MFA
        Password QuayAccessToken SSHKey STSSessionToken UUID VaultDynamicSecret Webhook
    )
}

fn of<T>(spec: Parsed<T>) -> Option<Fault> {
    match spec {
        Parsed::Sound(_) => None,
        Parsed::Broken(fault) => Some(fault),
    }
}
