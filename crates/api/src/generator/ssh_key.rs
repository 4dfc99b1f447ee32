//! `SSHKey`: a key pair for SSH.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::generator;

generator! {
    /// Makes a key pair for SSH.
    SSHKey { plural: "sshkeys", scope: Namespaced, spec: SSHKeySpec }
}

/// A key pair for SSH, and its kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct SSHKeySpec {
    /// The text at the end of the public key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// How many bits the key has: 2048 (rsa) or 256 (ecdsa) when absent. An ed25519 key has but one size.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_size: Option<SshKeySize>,
    /// The kind of key.
    #[serde(default)]
    pub key_type: SshKeyType,
}

/// A kind of SSH key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum SshKeyType {
    #[default]
    Rsa,
    Ecdsa,
    Ed25519,
}

/// A number of bits between 256 and 8192.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "i64")]
pub struct SshKeySize(u16);

impl SshKeySize {
    const MIN: u16 = 256;
    const MAX: u16 = 8192;

    pub fn bits(self) -> u16 {
        self.0
    }
}

impl TryFrom<i64> for SshKeySize {
    type Error = String;

    fn try_from(bits: i64) -> Result<Self, String> {
        match u16::try_from(bits) {
            Ok(bits @ Self::MIN..=Self::MAX) => Ok(Self(bits)),
            _ => Err(format!(
                "must be between {} and {}, is {bits}",
                Self::MIN,
                Self::MAX
            )),
        }
    }
}

impl From<SshKeySize> for i64 {
    fn from(size: SshKeySize) -> Self {
        size.0.into()
    }
}

impl JsonSchema for SshKeySize {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "SshKeySize".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "integer", "minimum": Self::MIN, "maximum": Self::MAX})
    }
}
