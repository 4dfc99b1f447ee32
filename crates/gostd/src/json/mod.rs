//! JSON as Go's `encoding/json` reads and prints it: keys sorted, floats in their shortest form, `<`, `>` and `&`
//! escaped or not, and what is no text in a string made U+FFFD.
//!
//! `serde_json` does none of that, and rounds integers beyond 64 bits even where Go keeps the text of numbers.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use thiserror::Error;

mod read;
mod write;

pub use write::{encode, encode_object, encode_texts, float, write_text};

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
    /// The same, but one that is too large becomes null: what Go leaves where it was, beside its error.
    FloatOrNull,
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

    /// Reads the first of several documents, and tells where it ends.
    pub fn parse_first(json: &'j [u8], numbers: Numbers) -> Result<(Self, usize), Fault> {
        read::first(json, numbers)
    }

    /// Reads a document that has to be an object. `null` is one without members.
    pub fn parse_object(json: &'j [u8], numbers: Numbers) -> Result<Object<'j>, Fault> {
        match Self::parse(json, numbers)? {
            Self::Object(members) => Ok(members),
            Self::Null => Ok(Object::new()),
            other => Err(Fault::NotAnObject { found: other.kind() }),
        }
    }

    /// What it is, in words.
    pub fn kind(&self) -> &'static str {
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
pub fn raw_members(json: &[u8]) -> Result<BTreeMap<String, Vec<u8>>, Fault> {
    read::raw_members(json)
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
            assert_eq!(round(json, Html::Escaped), escaped.as_bytes());
            assert_eq!(round(json, Html::Plain), plain.as_bytes());
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
                    let again = Value::parse(&printed, Numbers::Float);
                    prop_assert!(again.as_ref() == Ok(&value), "{json}");
                    let theirs = serde_json::from_slice::<serde_json::Value>(&printed);
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
