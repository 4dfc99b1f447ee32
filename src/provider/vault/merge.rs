//! What a push makes of a secret, and a deletion. Pure. A secret is an object of JSON; numbers of others keep the
//! digits that the server wrote.

use std::borrow::Cow;
use std::collections::BTreeMap;

use lockstep_api::provider::KvVersion;
use lockstep_gostd::json::{Html, Numbers, Object, Value, encode_object};

use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::provider::mark;

/// In version 1 of the engine, what users say of a secret is a member of it.
pub(super) const CUSTOM: &str = "custom_metadata";

/// What is left of a secret that a property is taken from.
#[derive(Debug, PartialEq)]
pub(super) enum Rest {
    /// The property is not there.
    Same,
    Less(SecretBytes),
    Nothing,
}

/// The secret as it has to be, unless that is what it is. `value` is text; without a property it is all of the
/// secret.
pub(super) fn merged(
    existing: Option<&SecretBytes>,
    value: &SecretBytes,
    property: Option<&str>,
    version: KvVersion,
) -> Result<Option<SecretBytes>, Problem> {
    match property {
        Some(property) => with(existing, property, value),
        None => replaced(existing, value, version),
    }
}

fn replaced(
    existing: Option<&SecretBytes>,
    value: &SecretBytes,
    version: KvVersion,
) -> Result<Option<SecretBytes>, Problem> {
    let what = match existing {
        Some(_) => "incoming secret value",
        None => "vault secret",
    };
    let wanted = Value::parse_object(value.expose(), Numbers::AsWritten)
        .map_err(|_| bad(format!("error unmarshalling {what}: invalid JSON format")))?;
    if existing.is_some_and(|existing| is_same(existing, value, version)) {
        return Ok(None);
    }
    Ok(Some(encoded(&wanted)))
}

/// Version 2 of the engine rounds numbers: what they were before must not look like another secret for ever.
fn is_same(one: &SecretBytes, other: &SecretBytes, version: KvVersion) -> bool {
    let equal = |numbers| {
        let [one, other] = [one, other].map(|json| Value::parse_object(json.expose(), numbers).ok());
        one.is_some() && one == other
    };
    equal(Numbers::AsWritten) || version == KvVersion::V2 && equal(Numbers::Float)
}

fn with(
    existing: Option<&SecretBytes>,
    property: &str,
    value: &SecretBytes,
) -> Result<Option<SecretBytes>, Problem> {
    let mut members = existing.map_or_else(|| Ok(Object::new()), members)?;
    let value = Value::Text(String::from_utf8_lossy(value.expose()));
    match members.get(property) {
        Some(same) if *same == value => return Ok(None),
        None | Some(Value::Text(_)) => {}
        Some(_) => return Err(bad(format!("error converting {property} to string"))),
    }
    members.insert(Cow::Borrowed(property), value);
    Ok(Some(encoded(&members)))
}

pub(super) fn without(existing: &SecretBytes, property: Option<&str>) -> Result<Rest, Problem> {
    let Some(property) = property else {
        return Ok(Rest::Nothing);
    };
    let mut members = members(existing)?;
    let was_there = members.remove(property).is_some();
    Ok(match (members.is_empty(), was_there) {
        (true, _) => Rest::Nothing,
        (false, true) => Rest::Less(encoded(&members)),
        (false, false) => Rest::Same,
    })
}

/// The secret with the mark in it, beside what is said already.
pub(super) fn marked(
    secret: &SecretBytes,
    mut said: BTreeMap<String, String>,
) -> Result<SecretBytes, Problem> {
    said.insert(mark::KEY.to_owned(), mark::OURS.to_owned());
    let said = said
        .into_iter()
        .map(|(name, text)| (name.into(), Value::Text(text.into())));
    let mut members = members(secret)?;
    members.insert(CUSTOM.into(), Value::Object(said.collect()));
    Ok(encoded(&members))
}

fn members(secret: &SecretBytes) -> Result<Object<'_>, Problem> {
    let members = Value::parse_object(secret.expose(), Numbers::AsWritten);
    members.map_err(|fault| bad(format!("the secret is no JSON object: {fault}")))
}

pub(super) fn encoded(members: &Object<'_>) -> SecretBytes {
    let members = members.iter().map(|(key, value)| (key.as_ref(), value));
    encode_object(members, Html::Plain).into()
}

fn bad(why: String) -> Problem {
    Problem::BadData { why }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(result: Result<Option<SecretBytes>, Problem>) -> Result<Option<String>, String> {
        let text = |secret: SecretBytes| String::from_utf8_lossy(secret.expose()).into_owned();
        result
            .map(|secret| secret.map(text))
            .map_err(|problem| problem.to_string())
    }

    #[test]
    fn a_property_is_put_beside_what_others_wrote() {
        let existing = r#"{"n": 12345678901234567890, "o": {"deep": [1.50, null]}, "x": "old<"}"#;
        let merge = |existing: Option<&str>, property, value: &str| {
            let existing = existing.map(SecretBytes::from);
            shown(merged(
                existing.as_ref(),
                &value.into(),
                Some(property),
                KvVersion::V2,
            ))
        };
        let merged = |text: &str| Ok(Some(text.to_owned()));
        assert_eq!(merge(None, "x", "<new"), merged(r#"{"x":"<new"}"#));
        assert_eq!(
            merge(Some(existing), "x", "new"),
            merged(r#"{"n":12345678901234567890,"o":{"deep":[1.50,null]},"x":"new"}"#)
        );
        assert_eq!(merge(Some(existing), "x", "old<"), Ok(None));
        for property in ["n", "o"] {
            let refused = Err(format!("error converting {property} to string"));
            assert_eq!(merge(Some(existing), property, "canary"), refused);
        }
    }

    #[test]
    fn a_whole_secret_is_replaced_unless_it_is_the_same() {
        use KvVersion::{V1, V2};
        let merge = |existing: Option<&str>, value: &str, version| {
            let existing = existing.map(SecretBytes::from);
            shown(merged(existing.as_ref(), &value.into(), None, version))
        };
        let (one, other) = (
            r#"{"b":[1,{"c":"d"}],"a":"1"}"#,
            r#"{ "a": "1", "b": [1.0, {"c":"d"}]}"#,
        );
        assert_eq!(merge(Some(one), one, V1), Ok(None));
        assert_eq!(merge(Some(one), other, V2), Ok(None));
        // Here the engine keeps what it is given, to the digit.
        let written = r#"{"a":"1","b":[1.0,{"c":"d"}]}"#;
        assert_eq!(merge(Some(one), other, V1), Ok(Some(written.to_owned())));
        assert_eq!(merge(Some(one), "{}", V2), Ok(Some("{}".to_owned())));
        for (existing, what) in [(None, "vault secret"), (Some(one), "incoming secret value")] {
            for value in ["canary", "[1]", "\"canary\""] {
                let refused = Err(format!("error unmarshalling {what}: invalid JSON format"));
                assert_eq!(merge(existing, value, V2), refused);
            }
        }
    }

    #[test]
    fn with_the_last_property_the_secret_goes() {
        let rest = |secret: &str, property| without(&secret.into(), property).expect("an object");
        assert_eq!(
            rest(r#"{"a":1.50,"b":"2"}"#, Some("b")),
            Rest::Less(r#"{"a":1.50}"#.into())
        );
        assert_eq!(rest(r#"{"a":"1"}"#, Some("b")), Rest::Same);
        assert_eq!(rest(r#"{"b":"2"}"#, Some("b")), Rest::Nothing);
        assert_eq!(rest("{}", Some("b")), Rest::Nothing);
        assert_eq!(rest(r#"{"a":"1"}"#, None), Rest::Nothing);
    }

    #[test]
    fn the_mark_stands_beside_what_is_said_already() {
        let said = BTreeMap::from([("owner".to_owned(), "team".to_owned())]);
        assert_eq!(
            shown(marked(&r#"{"a":"1"}"#.into(), said).map(Some)),
            Ok(Some(
                r#"{"a":"1","custom_metadata":{"managed-by":"external-secrets","owner":"team"}}"#.to_owned()
            ))
        );
    }
}
