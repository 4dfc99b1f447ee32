//! `provider.fake`: values written into the store itself, for tests.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::PlainText;

/// Serves the values that stand in its own spec.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct FakeProvider {
    /// What the store serves.
    pub data: Vec<FakeData>,
    /// What checking the store answers: 0 is ready, 1 is unknown, 2 is an error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validation_result: Option<ValidationResult>,
}

/// One value of a fake store.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct FakeData {
    /// The key under which the value is found.
    pub key: String,
    /// The value, readable by all who can read the store.
    pub value: PlainText,
    /// The version under which the value is found; without it, the value answers requests without a version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "i64")]
pub enum ValidationResult {
    #[default]
    Ready,
    Unknown,
    Error,
}

impl TryFrom<i64> for ValidationResult {
    type Error = &'static str;

    fn try_from(number: i64) -> Result<Self, &'static str> {
        match number {
            0 => Ok(Self::Ready),
            1 => Ok(Self::Unknown),
            2 => Ok(Self::Error),
            _ => Err("must be 0 (ready), 1 (unknown) or 2 (error)"),
        }
    }
}

impl From<ValidationResult> for i64 {
    fn from(result: ValidationResult) -> Self {
        match result {
            ValidationResult::Ready => 0,
            ValidationResult::Unknown => 1,
            ValidationResult::Error => 2,
        }
    }
}

impl JsonSchema for ValidationResult {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "ValidationResult".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "integer"})
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_read_and_not_printed() {
        let fake: FakeProvider = serde_json::from_value(json!({
            "data": [{"key": "a", "value": "s3cret", "version": "v1"}],
            "validationResult": 2,
        }))
        .expect("a sound fake provider");
        assert_eq!(fake.data[0].value.expose(), "s3cret");
        assert_eq!(fake.validation_result, Some(ValidationResult::Error));
        assert!(!format!("{fake:?}").contains("s3cret"));
    }

    #[test]
    fn other_validation_results_are_refused() {
        let error = serde_json::from_value::<FakeProvider>(json!({"data": [], "validationResult": 3}));
        assert!(error.is_err());
    }
}
