//! `Password`: random text.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{at_least_one, generator};
use crate::common::integer;

generator! {
    /// Makes random passwords.
    Password { plural: "passwords", scope: Namespaced, spec: PasswordSpec }
}

/// Random passwords: how long they are, and what is in them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline, extend("required" = ["allowRepeat", "length", "noUpper"]))]
pub struct PasswordSpec {
    /// Whether a character may stand in a password twice.
    #[serde(default)]
    pub allow_repeat: bool,
    /// How many digits a password has, a quarter of its length when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "integer")]
    pub digits: Option<i64>,
    /// How the password is written down. The length counts the characters before that.
    #[serde(default)]
    pub encoding: PasswordEncoding,
    /// How many characters a password has.
    #[serde(default = "default_length")]
    #[schemars(schema_with = "integer")]
    pub length: i64,
    /// Whether capital letters are left out.
    #[serde(default)]
    pub no_upper: bool,
    /// The keys that get a password each, only password when absent.
    #[serde(
        default,
        deserialize_with = "at_least_one",
        skip_serializing_if = "Vec::is_empty"
    )]
    #[schemars(length(min = 1))]
    pub secret_keys: Vec<String>,
    /// The symbols to choose from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub symbol_characters: Option<String>,
    /// How many symbols a password has, a quarter of its length when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "integer")]
    pub symbols: Option<i64>,
}

/// How a password is written down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum PasswordEncoding {
    Base64,
    Base64Url,
    Base32,
    Hex,
    #[default]
    Raw,
}

fn default_length() -> i64 {
    24
}
