//! The data of Secrets and ConfigMaps as they stand in manifests. What is refused is named by its field, not quoted.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::engine::secret_bytes::SecretBytes;
use crate::engine::values::Values;

/// As the API server has it: `stringData` wins.
pub fn of_secret(data: Value, string_data: Value) -> Result<Values, String> {
    let mut values = decoded(data, "data")?;
    values.extend(plain(string_data, "stringData")?);
    Ok(values)
}

pub fn of_config_map(data: Value, binary_data: Value) -> Result<Values, String> {
    let mut values = plain(data, "data")?;
    values.extend(decoded(binary_data, "binaryData")?);
    Ok(values)
}

/// Strings as they are.
pub fn plain(map: Value, field: &str) -> Result<Values, String> {
    Ok(texts(map, field)?
        .into_iter()
        .map(|(key, text)| (key, SecretBytes::from(text)))
        .collect())
}

fn decoded(map: Value, field: &str) -> Result<Values, String> {
    let decode = |(key, text): (String, String)| {
        let text: String = text.split_whitespace().collect();
        let bytes = STANDARD
            .decode(text)
            .map_err(|_| format!("{field}.{key}: is not base64"))?;
        Ok((key, SecretBytes::from(bytes)))
    };
    texts(map, field)?.into_iter().map(decode).collect()
}

/// A map of strings. What stands in the place of one is not quoted.
pub fn texts(map: Value, field: &str) -> Result<BTreeMap<String, String>, String> {
    let entries = match map {
        Value::Null => return Ok(BTreeMap::new()),
        Value::Object(entries) => entries,
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            return Err(format!("{field}: must be a map of strings"));
        }
    };
    let text = |(key, value): (String, Value)| match value {
        Value::String(text) => Ok((key, text)),
        Value::Null => Ok((key, String::new())),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            Err(format!("{field}.{key}: must be a string; put it in quotes"))
        }
    };
    entries.into_iter().map(text).collect()
}
