//! What a property picks out of a Secret, and out of its labels and annotations. Pure.
//!
//! A property is the name of a key, or a key, a dot, and a JSON path into its value. The key is tried whole first;
//! then it ends at the first dot, as in ESO, and then at later ones, for keys that have dots themselves.

use std::borrow::Cow;

use lockstep_gjson as gjson;

use crate::engine::json::encode_values;
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::engine::values::Values;
use crate::provider::{Payload, json};

/// What an entry of `data` gets. A [`Payload::Map`] is a Secret's data, [`Payload::Bytes`] its metadata.
pub(super) fn select(payload: &Payload, property: Option<&str>) -> Result<SecretBytes, Problem> {
    match (payload, property) {
        (Payload::Map(data), None) => Ok(encode_values(data)),
        (Payload::Bytes(metadata), None) => Ok(metadata.clone()),
        (Payload::Map(data), Some(property)) => {
            value_at(data, property)?.ok_or_else(|| missing(property, "data of the secret"))
        }
        (Payload::Bytes(metadata), Some(property)) => {
            of_metadata(metadata, property)?.ok_or_else(|| missing(property, "metadata of the secret"))
        }
    }
}

/// What `extract` gets. The values of a property are JSON, so that strings keep their quotes: ESO's users have them.
pub(super) fn explode(payload: &Payload, property: Option<&str>) -> Result<Values, Problem> {
    let parts = match payload {
        Payload::Map(data) => Cow::Borrowed(data),
        Payload::Bytes(metadata) => Cow::Owned(raw_members(metadata)),
    };
    match property {
        None => Ok(parts.into_owned()),
        Some(property) => {
            let value = value_at(&parts, property)?.ok_or_else(|| missing(property, "the secret"))?;
            json::encoded_members(&value)
        }
    }
}

fn value_at(values: &Values, property: &str) -> Result<Option<SecretBytes>, Problem> {
    if let Some(whole) = values.get(property) {
        return Ok(Some(whole.clone()));
    }
    for (key, path) in cuts(property) {
        if let Some(value) = values.get(key)
            && let Some(found) = json::at(value, path)?
        {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// `labels`, `labels.KEY`, or a path into the value of that label; the same of annotations.
fn of_metadata(metadata: &SecretBytes, property: &str) -> Result<Option<SecretBytes>, Problem> {
    let parts = raw_members(metadata);
    let Some((part, key)) = property.split_once('.') else {
        return Ok(parts.get(property).cloned());
    };
    let Some(entries) = parts.get(part) else {
        return Ok(None);
    };
    value_at(&json::members(entries)?, key)
}

fn raw_members(json: &SecretBytes) -> Values {
    let members = gjson::members(json.expose());
    members
        .map(|(key, value)| (String::from_utf8_lossy(&key).into_owned(), value.raw().into()))
        .collect()
}

/// Every way to take a property for a key and a path, the shortest key first.
fn cuts(property: &str) -> impl Iterator<Item = (&str, &str)> {
    let dots = property
        .match_indices('.')
        .map(|(at, _)| (&property[..at], &property[at + 1..]));
    dots.filter(|(key, path)| !key.is_empty() && !path.is_empty())
}

fn missing(property: &str, whereabouts: &str) -> Problem {
    Problem::BadData {
        why: format!("property {property} does not exist in {whereabouts}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data() -> Payload {
        let entries = [
            ("user", "admin"),
            ("tls.crt", "PEM"),
            (
                "cfg",
                r#"{"host": "h", "port": 5432, "n": {"x": "<y>"}, "list": [1, 2]}"#,
            ),
            ("cfg.json", r#"{"a": 1.0}"#),
            ("text", "plain"),
        ];
        Payload::Map(entries.map(|(key, value)| (key.to_owned(), value.into())).into())
    }

    fn metadata() -> Payload {
        let json = r#"{"annotations":{"js":"{\"a\":{\"b\":\"c\"}}","note":"n"},"labels":{"app.kubernetes.io/name":"shop","team":"blue"}}"#;
        Payload::Bytes(json.into())
    }

    fn selected(payload: &Payload, property: Option<&str>) -> Result<String, String> {
        let value = select(payload, property).map_err(|problem| problem.to_string())?;
        Ok(String::from_utf8_lossy(value.expose()).into_owned())
    }

    fn exploded(payload: &Payload, property: Option<&str>) -> Result<Vec<(String, String)>, String> {
        let values = explode(payload, property).map_err(|problem| problem.to_string())?;
        let text = |value: &SecretBytes| String::from_utf8_lossy(value.expose()).into_owned();
        Ok(values
            .iter()
            .map(|(key, value)| (key.clone(), text(value)))
            .collect())
    }

    #[test]
    fn properties_of_data() {
        for (property, expected) in [
            ("user", Some("admin")),
            ("tls.crt", Some("PEM")),
            ("cfg.host", Some("h")),
            ("cfg.n", Some(r#"{"x": "<y>"}"#)),
            ("cfg.n.x", Some("<y>")),
            ("cfg.list.1", Some("2")),
            ("cfg.json", Some(r#"{"a": 1.0}"#)),
            ("cfg.json.a", Some("1")),
            ("nope", None),
            ("cfg.nope", None),
            ("text.a", None),
            (".user", None),
            ("user.", None),
        ] {
            let expected = expected.map(str::to_owned).ok_or(format!(
                "property {property} does not exist in data of the secret"
            ));
            assert_eq!(selected(&data(), Some(property)), expected, "{property}");
        }
    }

    #[test]
    fn without_a_property_it_is_all_of_it_as_json() {
        let two = Values::from([
            ("k".to_owned(), SecretBytes::from("a\"b")),
            ("b".to_owned(), "<".into()),
        ]);
        assert_eq!(
            selected(&Payload::Map(two), None),
            Ok(r#"{"b":"<","k":"a\"b"}"#.to_owned())
        );
        let Payload::Bytes(whole) = metadata() else {
            panic!("metadata is bytes")
        };
        assert_eq!(select(&metadata(), None), Ok(whole));
    }

    #[test]
    fn properties_of_metadata() {
        for (property, expected) in [
            ("labels.team", Some("blue")),
            ("labels.app.kubernetes.io/name", Some("shop")),
            ("annotations.js", Some(r#"{"a":{"b":"c"}}"#)),
            ("annotations.js.a", Some(r#"{"b":"c"}"#)),
            ("annotations.js.a.b", Some("c")),
            (
                "labels",
                Some(r#"{"app.kubernetes.io/name":"shop","team":"blue"}"#),
            ),
            ("labels.nope", None),
            ("team", None),
            ("other.team", None),
        ] {
            let expected = expected.map(str::to_owned).ok_or(format!(
                "property {property} does not exist in metadata of the secret"
            ));
            assert_eq!(selected(&metadata(), Some(property)), expected, "{property}");
        }
    }

    #[test]
    fn extract_spreads_data_or_the_json_under_a_property() {
        let pair = |(key, value): (&str, &str)| (key.to_owned(), value.to_owned());
        let keys: Vec<_> = exploded(&data(), None)
            .expect("data")
            .into_iter()
            .map(|(key, _)| key)
            .collect();
        assert_eq!(keys, ["cfg", "cfg.json", "text", "tls.crt", "user"]);
        let cfg = [
            ("host", r#""h""#),
            ("list", "[1,2]"),
            ("n", r#"{"x":"<y>"}"#),
            ("port", "5432"),
        ];
        assert_eq!(exploded(&data(), Some("cfg")), Ok(cfg.map(pair).to_vec()));
        assert_eq!(
            exploded(&data(), Some("cfg.n")),
            Ok(vec![pair(("x", r#""<y>""#))])
        );
        assert_eq!(
            exploded(&data(), Some("text")),
            Err("unable to unmarshal secret: no valid JSON at byte 0".to_owned())
        );
        assert_eq!(
            exploded(&data(), Some("no")),
            Err("property no does not exist in the secret".to_owned())
        );
    }

    #[test]
    fn extract_of_metadata_has_null_for_what_is_not_there() {
        let payload = Payload::Bytes(r#"{"annotations":null,"labels":{"team":"blue"}}"#.into());
        let pair = |(key, value): (&str, &str)| (key.to_owned(), value.to_owned());
        let all = [("annotations", "null"), ("labels", r#"{"team":"blue"}"#)].map(pair);
        assert_eq!(exploded(&payload, None), Ok(all.to_vec()));
        assert_eq!(
            exploded(&payload, Some("labels")),
            Ok(vec![pair(("team", r#""blue""#))])
        );
        assert_eq!(exploded(&payload, Some("annotations")), Ok(Vec::new()));
        assert_eq!(selected(&payload, Some("annotations")), Ok("null".to_owned()));
    }
}
