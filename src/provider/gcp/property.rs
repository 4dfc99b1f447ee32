//! What is chosen out of a value, or out of what is said of a secret.

use lockstep_gjson as gjson;

use super::metadata;
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::provider::{Payload, json};

/// A property that is not there is an error and no absent secret, as in ESO: `deletionPolicy` has no say.
pub(super) fn select(payload: &Payload, property: Option<&str>) -> Result<SecretBytes, Problem> {
    let property = property.filter(|property| !property.is_empty());
    match (payload, property) {
        (Payload::Map(said), property) => metadata::select(said, property),
        (Payload::Bytes(value), None) => Ok(value.clone()),
        (Payload::Bytes(value), Some(property)) => {
            let found = at(value, property)?;
            found.ok_or_else(|| bad(format!("key {property} does not exist in the secret")))
        }
    }
}

/// A key with dots in its name comes before a path.
pub(super) fn at(value: &SecretBytes, property: &str) -> Result<Option<SecretBytes>, Problem> {
    if !gjson::is_valid(value.expose()) {
        let why = format!("property {property}: unable to unmarshal secret from JSON: it is none");
        return Err(bad(why));
    }
    if property.find('.').is_some_and(|at| at > 0)
        && let Some(found) = json::at(value, &property.replace('.', "\\."))?
    {
        return Ok(Some(found));
    }
    json::at(value, property)
}

fn bad(why: String) -> Problem {
    Problem::BadData { why }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_with_dots_comes_before_a_path() {
        let json = r#"{"a":{"b":"path","c":1.50},"a.b":"key",".x":"dot","n":null}"#;
        let select = |property: &str| {
            let value = select(&Payload::Bytes(json.into()), Some(property));
            value
                .map(|value| String::from_utf8_lossy(value.expose()).into_owned())
                .map_err(|problem| problem.to_string())
        };
        for (property, expected) in [("a.b", "key"), ("a.c", "1.5"), ("", json), ("n", "")] {
            assert_eq!(select(property), Ok(expected.to_owned()), "{property}");
        }
        let missing = |property: &str| Err(format!("key {property} does not exist in the secret"));
        assert_eq!(select("x"), missing("x"));
        // A dot at the beginning is no dot in the name, as in ESO.
        assert_eq!(select(".x"), missing(".x"));
    }

    #[test]
    fn what_is_no_json_has_no_properties_and_is_not_quoted() {
        let refused = select(&Payload::Bytes("canary".into()), Some("a")).expect_err("no JSON");
        assert_eq!(
            refused.to_string(),
            "property a: unable to unmarshal secret from JSON: it is none"
        );
    }
}
