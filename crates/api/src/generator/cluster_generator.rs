//! `ClusterGenerator`: a generator that every namespace may use.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{
    ACRAccessTokenSpec, BeyondtrustWorkloadCredentialsDynamicSecretSpec, CloudsmithAccessTokenSpec,
    ECRAuthorizationTokenSpec, FakeSpec, GCRAccessTokenSpec, GithubAccessTokenSpec, GitlabDeployTokenSpec,
    GrafanaSpec, MFASpec, PasswordSpec, QuayAccessTokenSpec, SSHKeySpec, STSSessionTokenSpec, UUIDSpec,
    VaultDynamicSecretSpec, WebhookSpec, generator,
};
use crate::one_of::one_of;
use crate::{Fault, GeneratorKind, Kind, Parsed};

generator! {
    /// A generator that every namespace may use.
    ClusterGenerator { plural: "clustergenerators", scope: Cluster, spec: ClusterGeneratorSpec }
}

/// A generator of any kind that every namespace may use.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct ClusterGeneratorSpec {
    /// The kind of generator.
    pub kind: ClusterGeneratorKind,
    /// The generator itself, under the name of its kind.
    pub generator: GeneratorSpec,
}

impl ClusterGeneratorSpec {
    /// The generator, unless it is of another kind than the one that is named.
    pub fn generator(&self) -> Result<&GeneratorSpec, KindMismatch> {
        if self.generator.kind() == self.kind {
            Ok(&self.generator)
        } else {
            Err(KindMismatch {
                wanted: self.kind,
                found: self.generator.kind(),
            })
        }
    }

    fn into_generator(self) -> Parsed<GeneratorSpec> {
        match self.generator() {
            Ok(_) => Parsed::Sound(self.generator),
            Err(mismatch) => Parsed::Broken(Fault::new("generator", mismatch.to_string())),
        }
    }
}

/// A ClusterGenerator that names one kind and describes another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KindMismatch {
    pub wanted: ClusterGeneratorKind,
    pub found: ClusterGeneratorKind,
}

impl fmt::Display for KindMismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let wanted = self.wanted.as_str();
        write!(
            f,
            "invalid ClusterGenerator: when kind is {wanted}, {wanted}Spec must be set"
        )
    }
}

impl std::error::Error for KindMismatch {}

/// Declares, from one list, the kinds that a ClusterGenerator can have and the specs that go with them.
macro_rules! table {
    ($($key:literal => $kind:ident($spec:ty);)+) => {
        /// A kind of generator.
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
        )]
        #[schemars(inline)]
        pub enum ClusterGeneratorKind {
            $($kind),+
        }

        impl ClusterGeneratorKind {
            pub const ALL: &[Self] = &[$(Self::$kind),+];

            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$kind => stringify!($kind)),+
                }
            }

            /// The name of the kind in URLs.
            pub fn plural(self) -> &'static str {
                match self {
                    $(Self::$kind => <super::$kind as Kind>::PLURAL),+
                }
            }

            /// Every kind but the one that wraps the others.
            pub fn of(kind: GeneratorKind) -> Option<Self> {
                match kind {
                    $(GeneratorKind::$kind => Some(Self::$kind),)+
                    GeneratorKind::ClusterGenerator => None,
                }
            }
        }

        impl From<ClusterGeneratorKind> for GeneratorKind {
            fn from(kind: ClusterGeneratorKind) -> Self {
                match kind {
                    $(ClusterGeneratorKind::$kind => Self::$kind),+
                }
            }
        }

        one_of!(
            /// The spec of a generator of any kind.
            GeneratorSpec {
                $($key => $kind($spec),)+
            }
        );

        impl GeneratorSpec {
            fn of_kind(kind: ClusterGeneratorKind, spec: Value) -> Parsed<Self> {
                match kind {
                    $(ClusterGeneratorKind::$kind => {
                        Parsed::<$spec>::from_json(spec).and_then(|spec| Parsed::Sound(Self::$kind(spec)))
                    }),+
                }
            }

            pub fn kind(&self) -> ClusterGeneratorKind {
                match self {
                    $(Self::$kind(_) => ClusterGeneratorKind::$kind),+
                }
            }

            /// Where it stands below `generator` in a ClusterGenerator.
            pub fn key(&self) -> &'static str {
                match self {
                    $(Self::$kind(_) => $key),+
                }
            }
        }
    };
}

table! {
    "acrAccessTokenSpec" => ACRAccessToken(ACRAccessTokenSpec);
    "beyondtrustWorkloadCredentialsDynamicSecretSpec" =>
        BeyondtrustWorkloadCredentialsDynamicSecret(Box<BeyondtrustWorkloadCredentialsDynamicSecretSpec>);
    "cloudsmithAccessTokenSpec" => CloudsmithAccessToken(CloudsmithAccessTokenSpec);
    "ecrAuthorizationTokenSpec" => ECRAuthorizationToken(Box<ECRAuthorizationTokenSpec>);
    "fakeSpec" => Fake(FakeSpec);
    "gcrAccessTokenSpec" => GCRAccessToken(Box<GCRAccessTokenSpec>);
    "githubAccessTokenSpec" => GithubAccessToken(GithubAccessTokenSpec);
    "gitlabDeployTokenSpec" => GitlabDeployToken(GitlabDeployTokenSpec);
    "quayAccessTokenSpec" => QuayAccessToken(QuayAccessTokenSpec);
    "passwordSpec" => Password(PasswordSpec);
    "sshKeySpec" => SSHKey(SSHKeySpec);
    "stsSessionTokenSpec" => STSSessionToken(Box<STSSessionTokenSpec>);
    "uuidSpec" => UUID(UUIDSpec);
    "vaultDynamicSecretSpec" => VaultDynamicSecret(Box<VaultDynamicSecretSpec>);
    "webhookSpec" => Webhook(Box<WebhookSpec>);
    "grafanaSpec" => Grafana(GrafanaSpec);
    "mfaSpec" => MFA(MFASpec);
}

impl GeneratorSpec {
    /// The spec of an object of this kind; that of a ClusterGenerator is the one inside it.
    pub fn of_object(kind: GeneratorKind, spec: Value) -> Parsed<Self> {
        // An absent spec is an empty one, and most kinds then name what they miss.
        let spec = if spec.is_null() {
            Value::Object(Map::new())
        } else {
            spec
        };
        match ClusterGeneratorKind::of(kind) {
            Some(kind) => Self::of_kind(kind, spec),
            None => {
                Parsed::<ClusterGeneratorSpec>::from_json(spec).and_then(ClusterGeneratorSpec::into_generator)
            }
        }
    }

    /// The class of the controller that shall act on it, for those kinds that have one.
    pub fn controller(&self) -> Option<&str> {
        match self {
            Self::Fake(spec) => spec.controller.as_deref(),
            Self::VaultDynamicSecret(spec) => spec.controller.as_deref(),
            Self::BeyondtrustWorkloadCredentialsDynamicSecret(spec) => spec.controller.as_deref(),
            _ => None,
        }
    }

    /// Controllers share a cluster and divide its generators among them. Where there is but one, nobody asks.
    #[must_use]
    pub fn for_any_controller(mut self) -> Self {
        match &mut self {
            Self::Fake(spec) => spec.controller = None,
            Self::VaultDynamicSecret(spec) => spec.controller = None,
            Self::BeyondtrustWorkloadCredentialsDynamicSecret(spec) => spec.controller = None,
            _ => {}
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn spec(value: Value) -> Parsed<ClusterGeneratorSpec> {
        Parsed::from_json(value)
    }

    #[test]
    fn the_generator_has_the_kind_that_is_named() {
        let fake = spec(json!({"kind": "Fake", "generator": {"fakeSpec": {"data": {"c": "1"}}}}));
        let generator = fake.as_ref().expect("sound").generator().expect("of one kind");
        assert!(matches!(generator, GeneratorSpec::Fake(fake) if fake.data["c"].expose() == "1"));
    }

    #[test]
    fn another_kind_than_the_named_one_is_sound_and_an_error() {
        let mixed = spec(json!({"kind": "UUID", "generator": {"fakeSpec": {}}}));
        let mismatch = mixed.as_ref().expect("sound").generator().expect_err("two kinds");
        assert_eq!(
            mismatch.to_string(),
            "invalid ClusterGenerator: when kind is UUID, UUIDSpec must be set"
        );
        assert_eq!(mismatch.found, ClusterGeneratorKind::Fake);
    }

    #[test]
    fn a_spec_is_read_by_the_kind_of_its_object() {
        let uuid = GeneratorSpec::of_object(GeneratorKind::UUID, Value::Null);
        assert!(matches!(uuid, Parsed::Sound(GeneratorSpec::UUID(_))));
        let fake = json!({"kind": "Fake", "generator": {"fakeSpec": {"controller": "c"}}});
        let fake = GeneratorSpec::of_object(GeneratorKind::ClusterGenerator, fake);
        let fake = fake.as_ref().expect("sound");
        assert_eq!(fake.controller(), Some("c"));
        assert_eq!(fake.clone().for_any_controller().controller(), None);
        let mixed = json!({"kind": "UUID", "generator": {"fakeSpec": {}}});
        let mixed = GeneratorSpec::of_object(GeneratorKind::ClusterGenerator, mixed);
        assert_eq!(mixed.as_ref().expect_err("two kinds").field, "generator");
    }

    #[test]
    fn there_is_exactly_one_generator_of_a_known_kind() {
        for (value, field) in [
            (json!({"kind": "Fake", "generator": {}}), "generator"),
            (
                json!({"kind": "Fake", "generator": {"fakeSpec": {}, "uuidSpec": {}}}),
                "generator",
            ),
            (
                json!({"kind": "ClusterGenerator", "generator": {"fakeSpec": {}}}),
                "kind",
            ),
            (
                json!({"kind": "SSHKey", "generator": {"sshKeySpec": {"keySize": 1}}}),
                "generator.sshKeySpec.keySize",
            ),
        ] {
            assert_eq!(spec(value).as_ref().expect_err("broken").field, field);
        }
    }

    #[test]
    fn every_kind_has_its_key() {
        let schema = schemars::schema_for!(GeneratorSpec);
        let keys = schema
            .get("properties")
            .and_then(Value::as_object)
            .expect("properties");
        assert_eq!(keys.len(), ClusterGeneratorKind::ALL.len());
        for kind in ClusterGeneratorKind::ALL {
            let wanted = format!("{}Spec", kind.as_str());
            assert!(
                keys.keys().any(|key| key.eq_ignore_ascii_case(&wanted)),
                "{wanted}"
            );
        }
    }
}
