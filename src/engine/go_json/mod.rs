//! JSON as Go's `encoding/json` reads and prints it: keys sorted, floats in their shortest form, `<`, `>` and `&`
//! escaped or not, and what is no text in a string made U+FFFD.
//!
//! `serde_json` does none of that, and rounds integers beyond 64 bits even where Go keeps the text of numbers.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use thiserror::Error;

use super::problem::Problem;
use super::secret_bytes::SecretBytes;
use super::values::Values;

mod read;
mod write;

pub use write::{encode, encode_object, encode_texts};

/// A decoded value. It borrows from the text where it can.
#[derive(Clone, PartialEq)]
pub enum Value<'j> {
    Null,
    Bool(bool),
    Number(Number<'j>),
    Text(Cow<'j, str>),
    Array(Vec<Value<'j>>),
    Object(Object<'j>),
}

/// Of a repeated key the last value counts.
pub type Object<'j> = BTreeMap<Cow<'j, str>, Value<'j>>;

#[derive(Clone, Copy, PartialEq)]
pub enum Number<'j> {
    Float(f64),
    Literal(&'j str),
}

/// What becomes of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Numbers {
    /// `float64`, Go's default. One that is too large for it is an error.
    Float,
    /// Kept as they are written, as by a decoder that was told `UseNumber`.
    AsWritten,
}

/// Whether `<`, `>` and `&` are written as `\u003c`, `\u003e` and `\u0026`, Go's default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Html {
    Escaped,
    Plain,
}

/// Why a text is not what it should be. Tells places and kinds, nothing of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Fault {
    #[error("no valid JSON at byte {at}")]
    Malformed { at: usize },
    #[error("nested more than {MAX_DEPTH} deep")]
    TooDeep,
    #[error("the number at byte {at} is out of range")]
    OutOfRange { at: usize },
    #[error("{found}, where an object is needed")]
    NotAnObject { found: &'static str },
}

/// How deep arrays and objects may nest. Go allows 10000; our stack is the limit, and nothing sensible comes near.
pub const MAX_DEPTH: usize = 500;

impl<'j> Value<'j> {
    /// Reads one document.
    pub fn parse(json: &'j [u8], numbers: Numbers) -> Result<Self, Fault> {
        read::document(json, numbers)
    }

    /// Reads a document that has to be an object. `null` is one without members.
    pub fn parse_object(json: &'j [u8], numbers: Numbers) -> Result<Object<'j>, Fault> {
        match Self::parse(json, numbers)? {
            Self::Object(members) => Ok(members),
            Self::Null => Ok(Object::new()),
            other => Err(Fault::NotAnObject { found: other.kind() }),
        }
    }

    /// The value as a Secret has it: a text without its quotes, a number without exponent, null as nothing, an array
    /// or object as JSON.
    pub fn to_secret(&self) -> SecretBytes {
        match self {
            Self::Null => SecretBytes::default(),
            Self::Bool(value) => value.to_string().into(),
            Self::Number(Number::Float(value)) => value.to_string().into(),
            Self::Number(Number::Literal(text)) => (*text).into(),
            Self::Text(text) => text.as_ref().into(),
            Self::Array(_) | Self::Object(_) => encode(self, Html::Escaped),
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::Text(_) => "a string",
            Self::Array(_) => "an array",
            Self::Object(_) => "an object",
        }
    }
}

/// The members of an object: texts without their quotes, null as nothing, anything else exactly as it is written.
pub fn raw_members(json: &SecretBytes) -> Result<Values, Fault> {
    read::raw_members(json.expose())
}

/// What pushing one key of a Secret sends, or with an empty key all of it as one object.
pub fn pushed(values: &Values, key: &str) -> Result<SecretBytes, Problem> {
    if key.is_empty() {
        return Ok(encode_texts(values));
    }
    let why = || format!("failed to find secret key in secret with key: {key}");
    values
        .get(key)
        .cloned()
        .ok_or_else(|| Problem::BadData { why: why() })
}

/// Shows the kind only, for the content may be a secret.
impl fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Value({})", self.kind())
    }
}

impl fmt::Debug for Number<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Number")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::engine::vectors::{Tally, bytes, load, text, values};

    #[test]
    fn values_become_the_bytes_that_eso_makes_of_them() {
        let mut tally = Tally::default();
        for case in load("keys.json").iter().filter(|case| case["op"] == "value") {
            let got =
                Value::parse(text(case, "json").as_bytes(), Numbers::Float).map(|value| value.to_secret());
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
                assert_eq!(value.to_secret(), wanted.into(), "{json} {numbers:?}");
            }
        }
    }

    #[test]
    fn only_sound_json_is_read() {
        fn parse(json: &str) -> Result<Value<'_>, Fault> {
            Value::parse(json.as_bytes(), Numbers::Float)
        }
        for (json, at) in [
            ("", 0),
            ("  ", 2),
            ("{", 1),
            ("{\"a\"", 4),
            ("{\"a\":1,}", 7),
            ("[1,]", 3),
            ("[1 2]", 3),
            ("tru", 0),
            ("nulll", 4),
            ("01", 1),
            ("1.", 2),
            (".5", 0),
            ("+1", 0),
            ("-", 1),
            ("1e", 2),
            ("1e+", 3),
            ("\"a", 2),
            ("\"\n\"", 1),
            ("\"\\x\"", 2),
            ("\"\\u12g4\"", 5),
            ("{1:2}", 1),
            ("1 1", 2),
            ("\u{feff}1", 0),
            ("'a'", 0),
            ("NaN", 0),
        ] {
            assert_eq!(parse(json), Err(Fault::Malformed { at }), "{json:?}");
        }
        assert_eq!(parse("[1,1e400]"), Err(Fault::OutOfRange { at: 3 }));
        assert_eq!(parse("1e-400"), Ok(Value::Number(Number::Float(0.0))));
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert!(parse(&nested(MAX_DEPTH)).is_ok());
        assert_eq!(parse(&nested(MAX_DEPTH + 1)), Err(Fault::TooDeep));
        assert_eq!(parse(&"[".repeat(1_000_000)), Err(Fault::TooDeep));
    }

    #[test]
    fn texts_are_read_and_written_as_in_go() {
        let round = |json: &[u8], html| encode(&Value::parse(json, Numbers::Float).expect("JSON"), html);
        for (json, escaped, plain) in [
            (
                br#""<a>&\u003c""#.as_slice(),
                r#""\u003ca\u003e\u0026\u003c""#,
                r#""<a>&<""#,
            ),
            (
                br#""\u0000\b\f\n\r\t\u001f\u007f\/""#,
                "\"\\u0000\\b\\f\\n\\r\\t\\u001f\u{7f}/\"",
                "\"\\u0000\\b\\f\\n\\r\\t\\u001f\u{7f}/\"",
            ),
            (
                br#""\ud83d\ude00\ud83dx\ude00\ud83d\u0041""#,
                "\"😀\u{fffd}x\u{fffd}\u{fffd}A\"",
                "\"😀\u{fffd}x\u{fffd}\u{fffd}A\"",
            ),
            (
                b"\"\xe2\x82 \xff\xfe\"",
                "\"\u{fffd}\u{fffd} \u{fffd}\u{fffd}\"",
                "\"\u{fffd}\u{fffd} \u{fffd}\u{fffd}\"",
            ),
            (
                br#"{"b":1,"a":{"d":"\u2029","c":[]},"b":2}"#,
                r#"{"a":{"c":[],"d":"\u2029"},"b":2}"#,
                r#"{"a":{"c":[],"d":"\u2029"},"b":2}"#,
            ),
        ] {
            assert_eq!(round(json, Html::Escaped).expose(), escaped.as_bytes());
            assert_eq!(round(json, Html::Plain).expose(), plain.as_bytes());
        }
    }

    proptest! {
        /// What is printed reads back as the same, and is JSON for others too.
        #[test]
        fn what_is_read_can_be_printed_and_read(json in r#"[\[\]{},:"0-9a-z.e+\\ -]{0,40}"#, text in "\\PC*", number in any::<f64>()) {
            let quoted = serde_json::json!({ "t": text, "n": number }).to_string();
            for json in [json, quoted] {
                let Ok(value) = Value::parse(json.as_bytes(), Numbers::Float) else { continue };
                for html in [Html::Escaped, Html::Plain] {
                    let printed = encode(&value, html);
                    let again = Value::parse(printed.expose(), Numbers::Float);
                    prop_assert!(again.as_ref() == Ok(&value), "{json}");
                    let theirs = serde_json::from_slice::<serde_json::Value>(printed.expose());
                    prop_assert!(theirs.is_ok(), "{json}");
                }
            }
        }

        #[test]
        fn no_bytes_are_too_odd(json in proptest::collection::vec(any::<u8>(), 0..40)) {
            let quoted: Vec<u8> = [b"[\"", json.as_slice(), b"\"]"].concat();
            for json in [json, quoted] {
                let sound = Value::parse(&json, Numbers::AsWritten).is_ok();
                prop_assert_eq!(sound, lockstep_gjson::is_valid(&json));
            }
        }
    }

    #[test]
    fn debug_shows_no_content() {
        let value = Value::parse(br#"{"canary": 5}"#, Numbers::Float).expect("JSON");
        assert_eq!(format!("{value:?}"), "Value(an object)");
    }
}
