//! The objects of `external-secrets.io` and `generators.external-secrets.io`, one file a kind.
//!
//! What is read here is hostile: every string that the API constrains has a type that parses at the door,
//! and an object that does not parse becomes [`Parsed::Broken`] with the field and the reason, so that one bad
//! manifest never stops a watch or hides its neighbours.
//!
//! Nothing here talks to a cluster. The same types produce the CRDs ([`crds`]).

#![expect(
    clippy::doc_markdown,
    reason = "`kubectl explain` prints these comments as they stand"
)]

pub mod cluster_external_secret;
pub mod cluster_push_secret;
mod common;
mod condition;
mod crds;
mod duration;
pub mod external_secret;
pub mod generator;
mod kind;
mod names;
mod one_of;
mod parsed;
mod plain_text;
pub mod provider;
pub mod push_secret;
mod schema;
pub mod secret_store;
mod v1beta1;

pub use cluster_external_secret::{
    ClusterExternalSecret, ClusterExternalSecretSpec, ClusterExternalSecretStatus,
};
pub use cluster_push_secret::ClusterPushSecret;
pub use common::{
    CaProvider, CaProviderKind, ConversionStrategy, DecodingStrategy, GENERATOR_API_VERSION, GeneratorKind,
    GeneratorRef, MetadataPolicy, NullBytePolicy, SecretKeySelector, ServiceAccountSelector, StoreKind,
    StoreRef,
};
pub use condition::{Condition, ConditionStatus, ConditionType};
pub use crds::crds;
pub use duration::GoDuration;
pub use external_secret::{ExternalSecret, ExternalSecretSpec, ExternalSecretStatus};
pub use kind::{Column, ColumnType, Kind, Scope};
pub use names::{NamespaceName, ResourceName, SecretKey};
pub use parsed::{Fault, Parsed};
pub use plain_text::PlainText;
pub use push_secret::PushSecret;
pub use secret_store::{
    ClusterSecretStore, RetrySettings, SecretStore, SecretStoreSpec, SecretStoreStatus, StoreCondition,
    StoreInterval,
};
