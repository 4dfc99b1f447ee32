//! The generators of `generators.external-secrets.io`: objects that describe how to make a value instead of
//! where to read one. One file a kind.
//!
//! A generator is read by whoever refers to it and never reconciled, so that none has a status. The one
//! exception, [`GeneratorState`], is no generator: it remembers what one made elsewhere, to undo it later.
//!
//! [`cluster_generator`] holds the only list of the kinds.

#![expect(
    clippy::upper_case_acronyms,
    reason = "the kinds are named as the API names them"
)]

mod acr_access_token;
mod beyondtrust;
mod cloudsmith_access_token;
mod cluster_generator;
mod ecr_authorization_token;
mod fake;
mod free_json;
mod gcr_access_token;
mod generator_state;
mod github_access_token;
mod gitlab_deploy_token;
mod grafana;
mod mfa;
mod password;
mod quay_access_token;
mod ssh_key;
mod sts_session_token;
mod uuid;
mod vault_dynamic_secret;
mod webhook;

pub use acr_access_token::{
    ACRAccessToken, ACRAccessTokenSpec, AcrAuth, AcrManagedIdentity, AcrServicePrincipal,
    AcrServicePrincipalRef, AcrWorkloadIdentity,
};
pub use beyondtrust::{
    BeyondtrustApiKey, BeyondtrustAuth, BeyondtrustProvider, BeyondtrustServer,
    BeyondtrustWorkloadCredentialsDynamicSecret, BeyondtrustWorkloadCredentialsDynamicSecretSpec,
};
pub use cloudsmith_access_token::{CloudsmithAccessToken, CloudsmithAccessTokenSpec};
pub use cluster_generator::{
    ClusterGenerator, ClusterGeneratorKind, ClusterGeneratorSpec, GeneratorSpec, KindMismatch,
};
pub use ecr_authorization_token::{ECRAuthorizationToken, ECRAuthorizationTokenSpec};
pub use fake::{Fake, FakeSpec};
pub use free_json::FreeJson;
pub use gcr_access_token::{GCRAccessToken, GCRAccessTokenSpec, GcrAuth, GcrWorkloadIdentity};
pub use generator_state::{GeneratorState, GeneratorStateSpec, GeneratorStateStatus};
pub use github_access_token::{GithubAccessToken, GithubAccessTokenSpec, GithubAppAuth, GithubAppKey};
pub use gitlab_deploy_token::{
    GitlabDeployScope, GitlabDeployToken, GitlabDeployTokenAuth, GitlabDeployTokenSpec, GitlabOwner,
    GitlabTokenRef,
};
pub use grafana::{Grafana, GrafanaAuth, GrafanaBasicAuth, GrafanaServiceAccount, GrafanaSpec};
pub use mfa::{MFA, MFASpec};
pub use password::{Password, PasswordEncoding, PasswordSpec};
pub use quay_access_token::{QuayAccessToken, QuayAccessTokenSpec};
pub use ssh_key::{SSHKey, SSHKeySpec, SshKeySize, SshKeyType};
pub use sts_session_token::{STSSessionToken, STSSessionTokenSpec, StsRequestParameters};
pub use uuid::{UUID, UUIDSpec};
pub use vault_dynamic_secret::{VaultDynamicSecret, VaultDynamicSecretSpec, VaultResultType};
pub use webhook::{Webhook, WebhookGeneratorSecret, WebhookSpec};

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use crate::{ResourceName, SecretKey};

/// Declares a generator: its root object and what the API server needs to know of it.
macro_rules! generator {
    ($(#[$doc:meta])* $kind:ident { plural: $plural:literal, scope: $scope:ident, spec: $spec:ty }) => {
        $crate::kind::root! {
            $(#[$doc])*
            $kind {
                group: "generators.external-secrets.io",
                version: "v1alpha1",
                plural: $plural,
                scope: $scope,
                spec: $spec,
                status: ()
            }
        }

        impl $crate::Kind for $kind {
            const GROUP: &'static str = "generators.external-secrets.io";
            const VERSION: &'static str = "v1alpha1";
            const KIND: &'static str = stringify!($kind);
            const PLURAL: &'static str = $plural;
            const SCOPE: $crate::Scope = $crate::Scope::$scope;
            const CATEGORIES: &'static [&'static str] = $crate::generator::CATEGORIES;

            type Spec = $spec;
            type Status = ();
        }
    };
}
use generator;

const CATEGORIES: &[&str] = &["external-secrets", "external-secrets-generators"];

/// A key of a Secret in the namespace of the object that uses the generator.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct LocalSecretKeySelector {
    /// The name of the Secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<ResourceName>,
    /// The key in the data of the Secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<SecretKey>,
}

/// A list that, where it stands, is not empty.
fn at_least_one<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    let list = Vec::deserialize(deserializer)?;
    if list.is_empty() {
        return Err(serde::de::Error::custom("must have at least one entry"));
    }
    Ok(list)
}

#[cfg(test)]
mod tests;
