//! What an entry gets out of a secret: an object of JSON, with the digits of its numbers as the server wrote them.
//! Pure. Nothing here quotes what it reads.

use lockstep_gostd::json::{Fault, Numbers, Value};

use crate::engine::json::to_secret;
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::engine::values::Values;
use crate::provider::json;

/// All of it, or one property: the key as it is, then as a path if there are such.
pub(super) fn select(
    secret: &SecretBytes,
    property: Option<&str>,
    has_paths: bool,
) -> Result<SecretBytes, Problem> {
    let Some(property) = property.filter(|property| !property.is_empty()) else {
        return Ok(secret.clone());
    };
    let found = find(secret, property, has_paths)?;
    found.ok_or_else(|| bad(format!("cannot find secret data for key: {property:?}")))
}

pub(super) fn find(
    secret: &SecretBytes,
    property: &str,
    has_paths: bool,
) -> Result<Option<SecretBytes>, Problem> {
    let members = Value::parse_object(secret.expose(), Numbers::AsWritten).map_err(unusable)?;
    match members.get(property) {
        Some(value) => Ok(Some(to_secret(value))),
        None if has_paths => json::at(secret, property),
        None => Ok(None),
    }
}

/// The members of the secret, or of the object that a property holds. Numbers are floats here, as in ESO.
pub(super) fn explode(
    secret: &SecretBytes,
    property: Option<&str>,
    has_paths: bool,
) -> Result<Values, Problem> {
    let object = select(secret, property, has_paths)?;
    let members = Value::parse_object(object.expose(), Numbers::Float).map_err(unusable)?;
    let values = members
        .iter()
        .map(|(key, value)| (key.to_string(), to_secret(value)));
    Ok(values.collect())
}

fn unusable(fault: Fault) -> Problem {
    bad(format!("the secret is no JSON object: {fault}"))
}

fn bad(why: String) -> Problem {
    Problem::BadData { why }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = r#"{"a.b":"flat","a":{"b":"nested","list":[1,2]},"big":12345678901234567890,"exp":1e+21,
        "html":"<&>","json":"{\"user\":\"u\",\"n\":1}","nul":null,"text":"canary"}"#;

    fn selected(property: &str, has_paths: bool) -> Result<String, String> {
        let value =
            select(&SECRET.into(), Some(property), has_paths).map_err(|problem| problem.to_string())?;
        Ok(String::from_utf8_lossy(value.expose()).into_owned())
    }

    #[test]
    fn a_key_wins_over_a_path_and_keeps_its_digits() {
        for (property, expected) in [
            ("a.b", "flat"),
            ("a", r#"{"b":"nested","list":[1,2]}"#),
            ("a.list.1", "2"),
            ("a.list.#", "2"),
            ("big", "12345678901234567890"),
            ("exp", "1e+21"),
            ("@this.exp", "1000000000000000000000"),
            ("html", "<&>"),
            ("nul", ""),
        ] {
            assert_eq!(selected(property, true), Ok(expected.to_owned()), "{property}");
        }
        for (property, has_paths) in [("json.user", true), ("zz", true), ("a.list.1", false)] {
            let missing = format!("cannot find secret data for key: {property:?}");
            assert_eq!(selected(property, has_paths), Err(missing));
        }
    }

    #[test]
    fn extract_spreads_an_object_and_rounds_its_numbers() {
        let exploded = |property| {
            let values = explode(&SECRET.into(), property, true).map_err(|problem| problem.to_string())?;
            let text = |value: &SecretBytes| String::from_utf8_lossy(value.expose()).into_owned();
            Ok::<_, String>(
                values
                    .iter()
                    .map(|(key, value)| (key.clone(), text(value)))
                    .collect::<Vec<_>>(),
            )
        };
        let pair = |(key, value): (&str, &str)| (key.to_owned(), value.to_owned());
        assert_eq!(
            exploded(Some("json")),
            Ok([("n", "1"), ("user", "u")].map(pair).to_vec())
        );
        let all = exploded(None).expect("an object");
        assert!(all.contains(&pair(("big", "12345678901234567000"))), "{all:?}");
        assert!(all.contains(&pair(("exp", "1000000000000000000000"))), "{all:?}");
        for property in ["text", "a.list"] {
            let problem = exploded(Some(property)).expect_err("no object");
            assert!(problem.starts_with("the secret is no JSON object: ") && !problem.contains("canary"));
        }
    }
}
