//! Certificates written into a spec.

use std::borrow::Cow;

use k8s_openapi::ByteString;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::StringDeserializer;
use serde::de::{Error as _, IntoDeserializer as _};
use serde::{Deserialize, Deserializer, Serialize};

/// The certificates to trust: base64 in JSON, of PEM or of base64 of PEM.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct CaBundle(ByteString);

impl CaBundle {
    pub fn as_bytes(&self) -> &[u8] {
        &self.0.0
    }
}

/// As Go reads bytes: the base64 may be broken into lines.
impl<'de> Deserialize<'de> for CaBundle {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut text = String::deserialize(deserializer)?;
        text.retain(|c| !matches!(c, '\r' | '\n'));
        let text: StringDeserializer<serde::de::value::Error> = text.into_deserializer();
        ByteString::deserialize(text)
            .map(Self)
            .map_err(|_| D::Error::custom("must be base64"))
    }
}

impl JsonSchema for CaBundle {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "CaBundle".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "format": "byte"})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_may_be_broken_into_lines() {
        let read = |text| serde_json::from_value::<CaBundle>(serde_json::Value::from(text));
        let bundle = read("LS0t\r\nLS1C\n").expect("base64");
        assert_eq!(bundle.as_bytes(), b"-----B");
        assert_eq!(serde_json::to_string(&bundle).expect("JSON"), r#""LS0tLS1C""#);
        assert_eq!(read("-----BEGIN").expect_err("PEM").to_string(), "must be base64");
    }
}
