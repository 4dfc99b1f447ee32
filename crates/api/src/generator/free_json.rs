//! JSON that the API does not look into.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Parsed;
use crate::common::any_json;

/// Any JSON, kept as it was written. It may hold passwords, so that printing it shows nothing.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FreeJson(Value);

impl FreeJson {
    pub fn as_value(&self) -> &Value {
        &self.0
    }

    /// Reads it as an object of a known type.
    pub fn read<T: DeserializeOwned>(&self) -> Parsed<T> {
        Parsed::from_json(self.0.clone())
    }
}

impl From<Value> for FreeJson {
    fn from(value: Value) -> Self {
        Self(value)
    }
}

impl fmt::Debug for FreeJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FreeJson(…)")
    }
}

impl JsonSchema for FreeJson {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "FreeJson".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        any_json(generator)
    }
}
