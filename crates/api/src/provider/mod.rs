//! The backends that a store can name: the one-of below `spec.provider`.
//!
//! `table` is the only list of providers. From it come the enum, its JSON keys, its schema, and what each
//! provider can do, so that these cannot drift apart. A provider that ESO has and lockstep has not is kept as it
//! was written ([`UnsupportedProvider`]): the store gets a condition, and nothing of its spec is lost.
//!
//! One file a provider; `aws_auth` and `gcp_auth` hold the credentials that generators share with them.

mod aws;
mod aws_auth;
mod azurekv;
mod ca_bundle;
mod crd;
mod doppler;
mod fake;
mod file;
mod gcp_auth;
mod gcpsm;
mod github;
mod gitlab;
mod infisical;
mod infisical_auth;
mod kubernetes;
mod onepassword;
mod openbao;
mod rules;
mod table;
mod text;
mod vault;
mod vault_auth;
mod webhook;

pub use aws::{AwsProvider, AwsSecretsManager, AwsService, CustomSessionTags, SessionTag, SessionTagsPolicy};
pub use aws_auth::{AwsAuth, AwsJwtAuth, AwsSecretRef};
pub use azurekv::{AzureAuthType, AzureCustomCloud, AzureEnvironment, AzureKvProvider, AzureSecretRef};
pub use ca_bundle::CaBundle;
pub use crd::{CrdProvider, CrdResource, CrdWhitelist, CrdWhitelistRule};
pub use doppler::{
    DopplerAuth, DopplerFormat, DopplerNameTransformer, DopplerOidc, DopplerProvider, DopplerSecretRef,
};
pub use fake::{FakeData, FakeProvider, ValidationResult};
pub use file::{FileProvider, FileSource};
pub use gcp_auth::{
    GcpAuth, GcpAwsCredentials, GcpAwsCredentialsRef, GcpCredConfig, GcpSecretRef, GcpWorkloadIdentity,
    GcpWorkloadIdentityFederation,
};
pub use gcpsm::GcpsmProvider;
pub use github::{GithubAuth, GithubProvider, OrgSecretVisibility};
pub use gitlab::{GitlabAuth, GitlabProvider, GitlabSecretRef};
pub use infisical::{InfisicalProvider, InfisicalSecretsScope};
pub use infisical_auth::{
    InfisicalAuth, InfisicalAwsAuth, InfisicalAzureAuth, InfisicalGcpIamAuth, InfisicalGcpIdTokenAuth,
    InfisicalJwtAuth, InfisicalKubernetesAuth, InfisicalLdapAuth, InfisicalOciAuth, InfisicalTokenAuth,
    InfisicalUniversalAuth,
};
pub use kubernetes::{
    KubernetesAuth, KubernetesCertAuth, KubernetesProvider, KubernetesServer, KubernetesTokenAuth,
};
pub use onepassword::{OnePasswordAuth, OnePasswordProvider, OnePasswordSecretRef};
pub use openbao::{OpenBaoAppRole, OpenBaoAuth, OpenBaoProvider, OpenBaoUserPass};
pub use table::{Capability, Maintenance, Provider, UnsupportedProvider};
pub use text::{AwsRegion, FilePath, GcpServiceAccountEmail, NonEmptyText};
pub use vault::{KvVersion, VaultCheckAndSet, VaultClientTls, VaultProvider};
pub use vault_auth::{
    VaultAppRole, VaultAuth, VaultCertAuth, VaultGcpAuth, VaultIamAuth, VaultJwtAuth, VaultKubernetesAuth,
    VaultKubernetesToken, VaultLdapAuth, VaultUserPass,
};
pub use webhook::{WebhookAuth, WebhookNtlm, WebhookProvider, WebhookResult, WebhookSecret};

#[cfg(test)]
mod tests;
