//! `provider.onepassword`: 1Password, through a Connect server.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::SecretKeySelector;

/// Reads and writes items of 1Password vaults through a Connect server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct OnePasswordProvider {
    /// How to log in.
    pub auth: OnePasswordAuth,
    /// The address of the Connect server.
    pub connect_host: String,
    /// The names of the vaults to search, each with its turn: the lowest number first.
    #[schemars(schema_with = "turns")]
    pub vaults: BTreeMap<String, i64>,
}

/// How to log in to a Connect server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct OnePasswordAuth {
    /// With a token kept in a Secret.
    pub secret_ref: OnePasswordSecretRef,
}

/// A Connect token kept in a Secret.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct OnePasswordSecretRef {
    /// The Secret's key that holds the token.
    #[serde(rename = "connectTokenSecretRef")]
    pub connect_token: SecretKeySelector,
}

fn turns(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "object", "additionalProperties": {"type": "integer"}})
}
