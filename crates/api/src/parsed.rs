//! A part of an object that may be broken without breaking the object.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

/// A spec that was understood, or the reason why it was not.
///
/// Deserializing never fails: what the API server let through (an older CRD, a webhook that was off) must
/// still arrive, get a condition, and leave the other objects of its kind alone.
#[derive(Clone, Debug, PartialEq)]
pub enum Parsed<T> {
    Sound(T),
    Broken(Fault),
}

/// Where a spec is broken, and how. Holds no part of the value found there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The path below `spec`, such as `data[0].remoteRef.key`.
    pub field: String,
    pub why: String,
}

impl Fault {
    pub fn new(field: &str, why: impl Into<String>) -> Self {
        Self {
            field: field.to_owned(),
            why: why.into(),
        }
    }
}

impl<T> Parsed<T> {
    pub fn as_ref(&self) -> Result<&T, &Fault> {
        match self {
            Self::Sound(value) => Ok(value),
            Self::Broken(fault) => Err(fault),
        }
    }

    /// The same of another type, where that is possible.
    pub fn and_then<U>(self, further: impl FnOnce(T) -> Parsed<U>) -> Parsed<U> {
        match self {
            Self::Sound(value) => further(value),
            Self::Broken(fault) => Parsed::Broken(fault),
        }
    }
}

impl<T: DeserializeOwned> Parsed<T> {
    pub fn from_json(value: Value) -> Self {
        match serde_path_to_error::deserialize::<_, T>(value) {
            Ok(value) => Self::Sound(value),
            Err(error) => {
                let path = error.path().to_string();
                Self::Broken(Fault {
                    field: if path == "." { String::new() } else { path },
                    why: without_value(&error.into_inner().to_string()),
                })
            }
        }
    }
}

/// serde quotes what it found where it wanted something else. That may be a secret in the wrong place.
fn without_value(message: &str) -> String {
    let Some((found, expected)) = message.rsplit_once(", expected ") else {
        return message.to_owned();
    };
    let kind = ["invalid type: ", "invalid value: "].iter().find_map(|start| {
        let found = found.strip_prefix(start)?;
        // `string "…"`, `integer `5``: the kind comes first, the value is quoted.
        let kind = found.split(['"', '`']).next().unwrap_or_default().trim();
        Some(format!("{start}{kind}"))
    });
    kind.map_or_else(
        || message.to_owned(),
        |kind| format!("{kind}, expected {expected}"),
    )
}

impl<T: DeserializeOwned> Default for Parsed<T> {
    /// What an absent spec means: an empty one, which most kinds then refuse by naming the field they miss.
    fn default() -> Self {
        Self::from_json(Value::Object(serde_json::Map::new()))
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Parsed<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Value::deserialize(deserializer).map(|value| match value {
            Value::Null => Self::default(),
            value => Self::from_json(value),
        })
    }
}

impl<T: Serialize> Serialize for Parsed<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Sound(value) => value.serialize(serializer),
            Self::Broken(fault) => Err(serde::ser::Error::custom(format!(
                "a broken spec cannot be written: {fault}"
            ))),
        }
    }
}

impl<T: JsonSchema> JsonSchema for Parsed<T> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        T::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.field.as_str() {
            "" => write!(f, "spec: {}", self.why),
            field => write!(f, "spec.{field}: {}", self.why),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;

    #[test]
    fn a_fault_names_the_field_and_never_what_stands_there() {
        type Spec = BTreeMap<String, BTreeMap<String, u8>>;
        for (value, why) in [
            (
                json!({"data": "hunter2"}),
                "spec.data: invalid type: string, expected a map",
            ),
            (
                json!({"data": {"a": "hunter2, expected u8"}}),
                "spec.data.a: invalid type: string, expected u8",
            ),
            (
                json!({"data": {"a": 4711}}),
                "spec.data.a: invalid value: integer, expected u8",
            ),
            (
                json!({"data": {"a": [4711]}}),
                "spec.data.a: invalid type: sequence, expected u8",
            ),
        ] {
            let parsed = Parsed::<Spec>::from_json(value);
            assert_eq!(parsed.as_ref().map_err(Fault::to_string), Err(why.to_owned()));
        }
    }
}
