//! What is chosen out of a value, and tags in the form in which they are chosen from.

use std::borrow::Cow;

use lockstep_gostd::json::{self as go_json, Html, Value};

use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::engine::values::Values;
use crate::provider::{Payload, json};

/// A key with dots in its name comes before a path. A property that is not there is an error and no absent secret, as
/// in ESO: `deletionPolicy` has no say.
pub(super) fn select(payload: &Payload, property: Option<&str>) -> Result<SecretBytes, Problem> {
    let value = json::single(payload)?;
    let Some(path) = property.filter(|path| !path.is_empty()) else {
        return Ok(value.clone());
    };
    if path.contains('.')
        && let Some(found) = json::at(value, &path.replace('.', "\\."))?
    {
        return Ok(found);
    }
    json::at(value, path)?.ok_or_else(|| Problem::BadData {
        why: format!("key {path} does not exist in the secret"),
    })
}

pub(super) fn explode(payload: &Payload, property: Option<&str>) -> Result<Values, Problem> {
    json::members(&select(payload, property)?)
}

/// Tags as Go writes a map.
pub(super) fn tags<'t>(tags: impl Iterator<Item = (&'t str, &'t str)>) -> Payload {
    let members = tags.map(|(key, value)| (Cow::Borrowed(key), Value::Text(Cow::Borrowed(value))));
    let object = Value::Object(members.collect());
    Payload::Bytes(go_json::encode(&object, Html::Escaped).into())
}
