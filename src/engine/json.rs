//! JSON and secret values: what of a document becomes which value, as ESO has it.

use lockstep_gostd::json::{self, Fault, Html, Number, Value};

use super::problem::Problem;
use super::secret_bytes::SecretBytes;
use super::values::Values;

/// The value as a Secret has it: a text without its quotes, a number without exponent, null as nothing, an array or
/// object as JSON.
pub fn to_secret(value: &Value) -> SecretBytes {
    match value {
        Value::Null => SecretBytes::default(),
        Value::Bool(value) => value.to_string().into(),
        Value::Number(Number::Float(value)) => value.to_string().into(),
        Value::Number(Number::Literal(text)) => (*text).into(),
        Value::Text(text) => text.as_ref().into(),
        Value::Array(_) | Value::Object(_) => json::encode(value, Html::Escaped).into(),
    }
}

/// The members of an object: texts without their quotes, null as nothing, anything else exactly as it is written.
pub fn raw_members(json: &SecretBytes) -> Result<Values, Fault> {
    let members = json::raw_members(json.expose())?;
    Ok(members
        .into_iter()
        .map(|(key, value)| (key, value.into()))
        .collect())
}

/// Whether two values are the same; one document may be written in many ways.
pub fn is_same(one: &SecretBytes, other: &SecretBytes) -> bool {
    let document = |value: &SecretBytes| serde_json::from_slice::<serde_json::Value>(value.expose()).ok();
    one == other || document(one).is_some_and(|one| Some(one) == document(other))
}

/// All values as one object.
pub fn encode_values(values: &Values) -> SecretBytes {
    json::encode_texts(values.iter().map(|(key, value)| (key.as_str(), value.expose()))).into()
}

/// What pushing one key of a Secret sends, or with an empty key all of it as one object.
pub fn pushed(values: &Values, key: &str) -> Result<SecretBytes, Problem> {
    if key.is_empty() {
        return Ok(encode_values(values));
    }
    let why = || format!("failed to find secret key in secret with key: {key}");
    values
        .get(key)
        .cloned()
        .ok_or_else(|| Problem::BadData { why: why() })
}

#[cfg(test)]
mod tests {
    use lockstep_gostd::json::Numbers;

    use super::*;
    use crate::engine::vectors::{Tally, bytes, load, text, values};

    #[test]
    fn values_become_the_bytes_that_eso_makes_of_them() {
        let mut tally = Tally::default();
        for case in load("keys.json").iter().filter(|case| case["op"] == "value") {
            let got =
                Value::parse(text(case, "json").as_bytes(), Numbers::Float).map(|value| to_secret(&value));
            tally.expect(case, got, Some(bytes(&case["output"])));
        }
        tally.settle("keys.json, value", 0);
    }

    #[test]
    fn objects_become_the_maps_that_eso_makes_of_them() {
        let mut tally = Tally::default();
        for case in load("keys.json").iter().filter(|case| case["op"] == "json_map") {
            let wanted = case["error"].is_null().then(|| values(&case["output"]));
            tally.expect(case, raw_members(&text(case, "json").into()), wanted);
        }
        tally.settle("keys.json, json_map", 0);
    }

    #[test]
    fn secrets_become_the_json_that_eso_pushes() {
        let mut tally = Tally::default();
        for case in load("keys.json")
            .iter()
            .filter(|case| case["op"] == "secret_to_json")
        {
            let wanted = case["error"].is_null().then(|| bytes(&case["output"]));
            tally.expect(case, pushed(&values(&case["input"]), text(case, "key")), wanted);
        }
        tally.settle("keys.json, secret_to_json", 0);
    }

    #[test]
    fn numbers_are_floats_or_their_own_text() {
        for (json, float, written) in [
            ("9007199254740993", "9007199254740992", "9007199254740993"),
            ("1.50", "1.5", "1.50"),
            ("1e21", "1000000000000000000000", "1e21"),
            ("-0.0", "-0", "-0.0"),
            (
                "[1e21,1E-7,100e-2,-0]",
                "[1e+21,1e-7,1,-0]",
                "[1e21,1E-7,100e-2,-0]",
            ),
            (
                "[0.000001,0.0000009999999,123456789.5e12]",
                "[0.000001,9.999999e-7,123456789500000000000]",
                "[0.000001,0.0000009999999,123456789.5e12]",
            ),
        ] {
            for (numbers, wanted) in [(Numbers::Float, float), (Numbers::AsWritten, written)] {
                let value = Value::parse(json.as_bytes(), numbers).expect(json);
                assert_eq!(to_secret(&value), wanted.into(), "{json} {numbers:?}");
            }
        }
    }

    #[test]
    fn a_document_is_the_same_however_it_is_written() {
        for (one, other, same) in [
            ("a", "a", true),
            ("a", "b", false),
            (r#"{"a":1,"b":[2]}"#, "{ \"b\": [2], \"a\": 1 }", true),
            (r#"{"a":1}"#, r#"{"a":2}"#, false),
            ("1", "\"1\"", false),
        ] {
            assert_eq!(is_same(&one.into(), &other.into()), same, "{one} {other}");
        }
    }
}
