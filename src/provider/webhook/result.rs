//! What is taken from an answer.

use lockstep_gostd::json::{self as go_json, Html, Number, Numbers, Value};
use lockstep_jsonpath::{Found, Path};

use crate::engine::json::to_secret;
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::engine::values::Values;

/// What a path leads to, as JSON; all that match are an array. `path` comes with whether it may be told.
pub(super) fn at(
    body: &SecretBytes,
    (path, is_told): (&SecretBytes, bool),
    field: &str,
    what: &str,
) -> Result<SecretBytes, Problem> {
    let bad = |error: &lockstep_jsonpath::Error, path: &str| Problem::BadData {
        why: if is_told {
            format!("{field}: failed to get response path {path}: {error}")
        } else {
            format!(
                "{field}: failed to get response path: {}",
                error.without_excerpts()
            )
        },
    };
    let text = str::from_utf8(path.expose()).unwrap_or_default();
    let path = Path::parse(text).map_err(|error| bad(&error, text))?;
    let document = parse(body, what)?;
    let found = path.find(&document).map_err(|error| bad(&error, text))?;
    let mut out = Vec::new();
    write(&mut out, &found);
    Ok(out.into())
}

fn write(out: &mut Vec<u8>, found: &Found) {
    match found {
        Found::One(value) => out.extend(go_json::encode(value, Html::Plain)),
        Found::Number(number) => out.extend_from_slice(go_json::float(*number).as_bytes()),
        Found::Many(many) => {
            out.push(b'[');
            for (nth, found) in many.iter().enumerate() {
                if nth > 0 {
                    out.push(b',');
                }
                write(out, found);
            }
            out.push(b']');
        }
    }
}

/// The value of a result: of an array, its first element.
pub(super) fn value(json: &SecretBytes) -> Result<SecretBytes, Problem> {
    let parsed = parse(json, "the result")?;
    let mut value = &parsed;
    while let Value::Array(elements) = value {
        value = elements.first().ok_or_else(|| Problem::BadData {
            why: "result.jsonPath leads to an empty list".to_owned(),
        })?;
    }
    Ok(to_secret(&as_eso(value.clone())))
}

/// The members of a result. A string may hold the object.
pub(super) fn members(json: &SecretBytes, what: &str) -> Result<Values, Problem> {
    match parse(json, what)? {
        Value::Text(text) => object(parse(&text.as_bytes().into(), what)?, what),
        value => object(value, what),
    }
}

fn object(value: Value, what: &str) -> Result<Values, Problem> {
    match value {
        Value::Object(members) => Ok(members
            .into_iter()
            .map(|(key, value)| (key.into_owned(), to_secret(&as_eso(value))))
            .collect()),
        other => Err(Problem::BadData {
            why: format!(
                "{what}: the result is {}, where an object is needed",
                other.kind()
            ),
        }),
    }
}

fn parse<'j>(json: &'j SecretBytes, what: &str) -> Result<Value<'j>, Problem> {
    Value::parse(json.expose(), Numbers::AsWritten).map_err(|fault| Problem::BadAnswer {
        what: what.to_owned(),
        why: format!("failed to parse response json: {fault}"),
    })
}

/// Numbers as ESO writes them, except where that would be another number: `1.0` is `1`, and 12345678901234567890
/// stays what it is.
fn as_eso(value: Value<'_>) -> Value<'_> {
    match value {
        Value::Number(Number::Literal(text)) => match text.parse::<f64>() {
            Ok(float) if is_same_number(text, &float.to_string()) => Value::Number(Number::Float(float)),
            _ => Value::Number(Number::Literal(text)),
        },
        Value::Array(elements) => Value::Array(elements.into_iter().map(as_eso).collect()),
        Value::Object(members) => {
            let members = members.into_iter();
            Value::Object(members.map(|(key, value)| (key, as_eso(value))).collect())
        }
        other => other,
    }
}

fn is_same_number(one: &str, other: &str) -> bool {
    match (Decimal::read(one), Decimal::read(other)) {
        (Some(one), Some(other)) => one == other,
        _ => false,
    }
}

/// A number by its digits, from the first to the last that is not zero.
#[derive(PartialEq)]
struct Decimal {
    negative: bool,
    digits: String,
    /// Of the last digit.
    exponent: i64,
}

impl Decimal {
    /// Not if its exponent is beyond reason.
    fn read(text: &str) -> Option<Self> {
        let (negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all = format!("{whole}{fraction}");
        let shorter = all.trim_end_matches('0');
        let places = i64::try_from(fraction.len()).ok()? - i64::try_from(all.len() - shorter.len()).ok()?;
        let digits = shorter.trim_start_matches('0').to_owned();
        let exponent: i64 = exponent.parse::<i32>().ok()?.into();
        Some(Self {
            negative,
            exponent: if digits.is_empty() { 0 } else { exponent - places },
            digits,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::vectors::{Tally, bytes, load, text};

    /// Where ESO rounds, and so changes what it was asked to hand on.
    const ROUNDED: [&str; 5] = [
        "jsonpath-1",
        "jsonpath-21",
        "jsonpath-doc-10",
        "jsonpath-doc-11",
        "jsonpath-doc-13",
    ];

    fn taken(json: &str, path: &str) -> Result<SecretBytes, Problem> {
        let found = at(&json.into(), (&path.into(), true), "result.jsonPath", "key")?;
        value(&found)
    }

    #[test]
    fn results_are_those_of_eso() {
        let mut tally = Tally::default();
        for case in &load("jsonpath.json") {
            if ROUNDED.contains(&text(case, "name")) {
                tally.leave_out(case, "ESO rounds");
            } else if case["any_order"] != true {
                let got = taken(text(case, "json"), text(case, "path"));
                tally.expect(
                    case,
                    got,
                    case["secret"].is_string().then(|| bytes(&case["secret"])),
                );
            }
        }
        tally.settle("jsonpath.json, secrets", ROUNDED.len());
    }

    #[test]
    fn numbers_are_written_as_by_eso_but_never_changed() {
        for (json, expected) in [
            ("1.0", "1"),
            ("-0", "-0"),
            ("0.00", "0"),
            ("1.50", "1.5"),
            ("1e3", "1000"),
            ("12e-1", "1.2"),
            ("9007199254740993", "9007199254740993"),
            ("12345678901234567890", "12345678901234567890"),
            ("0.1234567890123456789", "0.1234567890123456789"),
            ("1e400", "1e400"),
            ("1e99999999999", "1e99999999999"),
            (
                r#"{"b":[1.0,9007199254740993],"a":"<"}"#,
                r#"{"a":"\u003c","b":[1,9007199254740993]}"#,
            ),
        ] {
            assert_eq!(taken(json, "$"), Ok(expected.into()), "{json}");
        }
    }

    #[test]
    fn members_may_stand_in_a_string() {
        let expected = Values::from([
            ("a".to_owned(), "1".into()),
            ("f".to_owned(), "1.25".into()),
            ("n".to_owned(), "".into()),
            ("o".to_owned(), r#"{"x":[1]}"#.into()),
        ]);
        for json in [
            r#"{"a": "1", "f": 1.25, "n": null, "o": {"x": [1.0]}}"#,
            r#""{\"a\": 1, \"f\": 1.250, \"n\": null, \"o\": {\"x\": [1]}}""#,
        ] {
            assert_eq!(members(&json.into(), "key"), Ok(expected.clone()), "{json}");
        }
    }

    #[test]
    fn what_is_wrong_is_told_without_a_word_of_the_answer() {
        for body in ["canary", "[\"canary\"]", "\"canary\"", "{\"canary\": canary}"] {
            let told = members(&body.into(), "key").expect_err(body).to_string();
            assert!(!told.contains("canary"), "{told}");
        }
        let path = SecretBytes::from("$.canary");
        let hidden = at(&"{}".into(), (&path, false), "f", "key").expect_err("no such key");
        assert_eq!(hidden.to_string(), "f: failed to get response path: unknown key");
        let told = at(&"{}".into(), (&path, true), "f", "key").expect_err("no such key");
        assert_eq!(
            told.to_string(),
            "f: failed to get response path $.canary: unknown key canary"
        );
    }
}
