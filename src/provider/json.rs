//! What several backends do with values that are JSON. Nothing here quotes what it reads.

use std::collections::BTreeMap;

use lockstep_gjson as gjson;
use lockstep_gostd::json::{self as go_json, Html, Numbers};

use super::Payload;
use crate::engine::json;
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::engine::values::Values;

/// The one value of a backend that has no others.
pub(super) fn single(payload: &Payload) -> Result<&SecretBytes, Problem> {
    match payload {
        Payload::Bytes(value) => Ok(value),
        Payload::Map(_) => Err(bad("the answer is a set of values, where one was expected")),
    }
}

/// What a gjson path leads to, as text. That it leads nowhere may make somebody delete something, so a path that is
/// too costly to follow is an error.
pub(super) fn at(value: &SecretBytes, path: &str) -> Result<Option<SecretBytes>, Problem> {
    let found =
        gjson::try_get(value.expose(), path).map_err(|limit| bad(&format!("property {path}: {limit}")))?;
    Ok(found.exists().then(|| found.text().into_owned().into()))
}

/// The members of an object: strings without their quotes, null as nothing, anything else as it is written.
pub(super) fn members(value: &SecretBytes) -> Result<Values, Problem> {
    json::raw_members(value).map_err(|fault| unusable(&fault))
}

/// The members of an object, each as JSON, encoded anew.
pub(super) fn encoded_members(value: &SecretBytes) -> Result<Values, Problem> {
    let members = go_json::Value::parse_object(value.expose(), Numbers::Float);
    let members = members.map_err(|fault| unusable(&fault))?;
    Ok(members
        .iter()
        .map(|(key, value)| (key.to_string(), go_json::encode(value, Html::Plain).into()))
        .collect())
}

/// A map as Go writes it: one that is not there is `null`.
pub(super) fn string_map(map: Option<&BTreeMap<String, String>>) -> SecretBytes {
    match map {
        Some(map) => {
            let values = map
                .iter()
                .map(|(key, value)| (key.clone(), value.as_str().into()));
            json::encode_values(&values.collect())
        }
        None => "null".into(),
    }
}

fn unusable(fault: &go_json::Fault) -> Problem {
    bad(&format!("unable to unmarshal secret: {fault}"))
}

fn bad(why: &str) -> Problem {
    Problem::BadData { why: why.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(values: Result<Values, Problem>) -> Result<Vec<(String, String)>, String> {
        let values = values.map_err(|problem| problem.to_string())?;
        let show = |value: &SecretBytes| String::from_utf8_lossy(value.expose()).into_owned();
        Ok(values
            .iter()
            .map(|(key, value)| (key.clone(), show(value)))
            .collect())
    }

    #[test]
    fn members_keep_their_text_or_are_encoded_anew() {
        let json = r#"{"s": "<\"b>", "n": 1.0, "o": {"b": 1e3,  "a": null}, "z": null}"#.into();
        let pairs =
            |pairs: [(&str, &str); 4]| Ok(pairs.map(|(key, value)| (key.into(), value.into())).to_vec());
        let raw = pairs([
            ("n", "1.0"),
            ("o", r#"{"b": 1e3,  "a": null}"#),
            ("s", "<\"b>"),
            ("z", ""),
        ]);
        assert_eq!(shown(members(&json)), raw);
        let anew = pairs([
            ("n", "1"),
            ("o", r#"{"a":null,"b":1000}"#),
            ("s", r#""<\"b>""#),
            ("z", "null"),
        ]);
        assert_eq!(shown(encoded_members(&json)), anew);
    }

    #[test]
    fn what_is_no_object_is_not_quoted() {
        for (json, why) in [
            (
                "plain canary",
                "unable to unmarshal secret: no valid JSON at byte 0",
            ),
            (
                "[1]",
                "unable to unmarshal secret: an array, where an object is needed",
            ),
        ] {
            assert_eq!(shown(members(&json.into())), Err(why.to_owned()));
            assert_eq!(shown(encoded_members(&json.into())), Err(why.to_owned()));
        }
    }

    #[test]
    fn a_path_that_costs_too_much_is_not_an_absent_value() {
        let endless = "a".repeat(gjson::MAX_PATH_LEN + 1);
        assert!(at(&"{}".into(), &endless).is_err());
        assert_eq!(at(&r#"{"a": 1}"#.into(), "b"), Ok(None));
        assert_eq!(at(&r#"{"a": null}"#.into(), "a"), Ok(Some("".into())));
    }

    #[test]
    fn maps_are_objects_or_null() {
        let map = BTreeMap::from([("k".to_owned(), "<\u{2028}".to_owned())]);
        assert_eq!(string_map(Some(&map)), r#"{"k":"<\u2028"}"#.into());
        assert_eq!(string_map(Some(&BTreeMap::new())), "{}".into());
        assert_eq!(string_map(None), "null".into());
    }
}
