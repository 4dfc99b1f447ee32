//! The list of providers, and what follows from it.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, IgnoredAny, MapAccess};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use super::{
    AwsProvider, AzureKvProvider, CrdProvider, DopplerProvider, FakeProvider, FileProvider, GcpsmProvider,
    GithubProvider, GitlabProvider, InfisicalProvider, KubernetesProvider, OnePasswordProvider,
    OpenBaoProvider, VaultProvider, WebhookProvider,
};
use Capability::{ReadOnly, ReadWrite, WriteOnly};
use Maintenance::{Maintained, NotMaintained};

/// What a store can be used for. Only reported, never enforced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum Capability {
    ReadOnly,
    WriteOnly,
    ReadWrite,
}

impl Capability {
    pub fn as_str(self) -> &'static str {
        match self {
            ReadOnly => "ReadOnly",
            WriteOnly => "WriteOnly",
            ReadWrite => "ReadWrite",
        }
    }
}

/// Whether someone looks after a provider; users of one that nobody does are warned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Maintenance {
    Maintained,
    NotMaintained,
}

/// A provider that this API does not describe, as it was written.
#[derive(Clone, PartialEq)]
pub struct UnsupportedProvider {
    /// The key below `spec.provider`.
    pub name: String,
    /// What stands under the key; may hold secrets.
    pub body: Value,
    /// Whether ESO has or had such a provider, in contrast to a misspelt key.
    pub known: bool,
}

impl fmt::Debug for UnsupportedProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnsupportedProvider")
            .field("name", &self.name)
            .field("known", &self.known)
            .finish_non_exhaustive()
    }
}

/// A provider without a schema here: its key, what it can do in ESO, and what it is.
struct Untyped {
    name: &'static str,
    capability: Capability,
    product: &'static str,
}

macro_rules! providers {
    (
        typed { $(
            $(#[doc = $doc:literal])+
            $key:literal => $variant:ident($type:ty), $capability:ident, $maintenance:ident;
        )+ }
        untyped { $( $name:literal, $can:ident, $product:literal; )+ }
    ) => {
        /// Where the values of a store are: exactly one backend.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Provider {
            $( $(#[doc = $doc])+ $variant(Box<$type>), )+
            /// A provider that lockstep does not implement.
            Unsupported(UnsupportedProvider),
        }

        impl Provider {
            /// The key below `spec.provider`.
            pub fn name(&self) -> &str {
                match self {
                    $( Self::$variant(_) => $key, )+
                    Self::Unsupported(provider) => &provider.name,
                }
            }

            /// What the provider can do, as the status of the store reports it. One that ESO has not can do nothing,
            /// which the API cannot say; it counts as read-only.
            pub fn capability(&self) -> Capability {
                match self {
                    $( Self::$variant(_) => $capability, )+
                    Self::Unsupported(provider) => {
                        untyped(&provider.name).map_or(ReadOnly, |provider| provider.capability)
                    }
                }
            }

            pub fn maintenance(&self) -> Maintenance {
                match self {
                    $( Self::$variant(_) => $maintenance, )+
                    Self::Unsupported(_) => Maintained,
                }
            }

            fn read<'de, A: MapAccess<'de>>(name: String, map: &mut A) -> Result<Self, A::Error> {
                Ok(match name.as_str() {
                    $( $key => Self::$variant(map.next_value()?), )+
                    _ => Self::Unsupported(UnsupportedProvider {
                        known: untyped(&name).is_some() || GONE.contains(&name.as_str()),
                        body: map.next_value()?,
                        name,
                    }),
                })
            }
        }

        impl Serialize for Provider {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self {
                    $( Self::$variant(body) => serializer.collect_map([($key, body)]), )+
                    Self::Unsupported(provider) => serializer.collect_map([(&provider.name, &provider.body)]),
                }
            }
        }

        /// The providers of v1 that have no schema here.
        const UNTYPED: &[Untyped] =
            &[$( Untyped { name: $name, capability: $can, product: $product }, )+];

        fn typed_schemas(generator: &mut SchemaGenerator) -> Vec<(&'static str, Schema)> {
            vec![$( ($key, described(generator.subschema_for::<$type>(), concat!($($doc),+))), )+]
        }
    };
}

providers! {
    typed {
        /// AWS Secrets Manager, Systems Manager Parameter Store or Certificate Manager.
        "aws" => Aws(AwsProvider), ReadWrite, Maintained;
        /// Azure Key Vault.
        "azurekv" => Azurekv(AzureKvProvider), ReadWrite, Maintained;
        /// Objects of any kind in a Kubernetes cluster.
        "crd" => Crd(CrdProvider), ReadOnly, Maintained;
        /// Doppler.
        "doppler" => Doppler(DopplerProvider), ReadOnly, Maintained;
        /// Values written into the store itself, for tests.
        "fake" => Fake(FakeProvider), ReadWrite, NotMaintained;
        /// Google Cloud Secret Manager.
        "gcpsm" => Gcpsm(GcpsmProvider), ReadWrite, Maintained;
        /// GitHub Actions secrets.
        "github" => Github(GithubProvider), WriteOnly, Maintained;
        /// GitLab CI/CD variables.
        "gitlab" => Gitlab(GitlabProvider), ReadOnly, Maintained;
        /// Infisical.
        "infisical" => Infisical(InfisicalProvider), ReadWrite, Maintained;
        /// Secrets of a Kubernetes cluster.
        "kubernetes" => Kubernetes(KubernetesProvider), ReadWrite, Maintained;
        /// 1Password, through a Connect server.
        "onepassword" => Onepassword(OnePasswordProvider), ReadWrite, Maintained;
        /// The KV engine of OpenBao.
        "openBao" => OpenBao(OpenBaoProvider), ReadOnly, Maintained;
        /// The KV engine of HashiCorp Vault.
        "vault" => Vault(VaultProvider), ReadWrite, Maintained;
        /// Any HTTP service that answers with secrets.
        "webhook" => Webhook(WebhookProvider), ReadWrite, Maintained;
        /// Files beside lockstep. Not a provider of ESO's.
        "lockstep.dev/file" => File(FileProvider), ReadOnly, Maintained;
    }
    untyped {
        "akeyless", ReadWrite, "Akeyless";
        "barbican", ReadOnly, "OpenStack Barbican";
        "beyondtrust", ReadWrite, "BeyondTrust Password Safe";
        "beyondtrustworkloadcredentials", ReadOnly, "BeyondTrust Workload Credentials";
        "bitwardensecretsmanager", ReadWrite, "Bitwarden Secrets Manager";
        "chef", ReadOnly, "Chef Infra Server data bags";
        "cloudrusm", ReadOnly, "Cloud.ru Secret Manager";
        "conjur", ReadOnly, "CyberArk Conjur";
        "delinea", ReadOnly, "Delinea DevOps Secrets Vault";
        "dvls", ReadWrite, "Devolutions Server";
        "fortanix", ReadOnly, "Fortanix DSM";
        "ibm", ReadOnly, "IBM Cloud Secrets Manager";
        "keepersecurity", ReadWrite, "Keeper Secrets Manager";
        "nebiusmysterybox", ReadOnly, "Nebius MysteryBox";
        "ngrok", WriteOnly, "ngrok vaults";
        "onboardbase", ReadOnly, "Onboardbase";
        "onepasswordSDK", ReadWrite, "1Password, through its SDK";
        "oracle", ReadWrite, "Oracle Cloud Infrastructure Vault";
        "ovh", ReadWrite, "OVHcloud Secret Manager";
        "passbolt", ReadOnly, "Passbolt";
        "passworddepot", ReadOnly, "Password Depot";
        "previder", ReadOnly, "Previder Vault";
        "pulumi", ReadOnly, "Pulumi ESC";
        "scaleway", ReadWrite, "Scaleway Secret Manager";
        "secretserver", ReadWrite, "Delinea Secret Server";
        "senhasegura", ReadOnly, "senhasegura";
        "volcengine", ReadOnly, "Volcengine KMS";
        "yandexcertificatemanager", ReadOnly, "Yandex Certificate Manager";
        "yandexlockbox", ReadOnly, "Yandex Lockbox";
    }
}

/// Providers that v1beta1 had and v1 has not.
const GONE: [&str; 2] = ["alibaba", "device42"];

fn untyped(name: &str) -> Option<&'static Untyped> {
    UNTYPED.iter().find(|provider| provider.name == name)
}

impl Untyped {
    fn schema(&self) -> Schema {
        json_schema!({
            "description": format!("{}. Kept as written; lockstep does not implement it.", self.product),
            "type": "object",
            "x-kubernetes-preserve-unknown-fields": true,
        })
    }
}

fn described(mut schema: Schema, about: &str) -> Schema {
    schema.insert("description".to_owned(), about.trim().into());
    schema
}

impl JsonSchema for Provider {
    fn schema_name() -> Cow<'static, str> {
        "Provider".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let untyped = UNTYPED.iter().map(|provider| (provider.name, provider.schema()));
        let properties: Map<String, Value> = typed_schemas(generator)
            .into_iter()
            .chain(untyped)
            .map(|(name, schema)| (name.to_owned(), schema.to_value()))
            .collect();
        json_schema!({
            "type": "object",
            "minProperties": 1,
            "maxProperties": 1,
            "properties": properties,
        })
    }
}

impl<'de> Deserialize<'de> for Provider {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Visitor)
    }
}

struct Visitor;

impl<'de> de::Visitor<'de> for Visitor {
    type Value = Provider;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with one provider")
    }

    /// The body is read where it stands, so that an error inside it keeps its path. That the number of keys is
    /// wrong goes first wherever the input can tell it beforehand, as JSON values can.
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Provider, A::Error> {
        let mut names = Vec::new();
        if map.size_hint().is_none_or(|size| size == 1)
            && let Some(name) = map.next_key::<String>()?
        {
            names.push(name.clone());
            let provider = Provider::read(name, &mut map)?;
            if drain(&mut map, &mut names)? == 1 {
                return Ok(provider);
            }
        } else {
            drain(&mut map, &mut names)?;
        }
        names.sort_unstable();
        Err(de::Error::custom(NotOne(&names)))
    }
}

/// Skips the rest of `map`, adds its keys to `names` and says how many there are now.
fn drain<'de, A: MapAccess<'de>>(map: &mut A, names: &mut Vec<String>) -> Result<usize, A::Error> {
    while let Some((name, IgnoredAny)) = map.next_entry()? {
        names.push(name);
    }
    Ok(names.len())
}

/// The error of a store with no backend or with several.
struct NotOne<'a>(&'a [String]);

impl fmt::Display for NotOne<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(names) = self;
        write!(
            f,
            "secret stores must only have exactly one backend specified, found {}",
            names.len()
        )?;
        if names.is_empty() {
            Ok(())
        } else {
            write!(f, ": {}", names.join(", "))
        }
    }
}
