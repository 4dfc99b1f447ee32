//! Numbers as Go's `strconv` reads and prints them.

use std::sync::LazyLock;

use regex::Regex;

use super::Node;
use crate::float;

/// With the prefixes `0x`, `0b`, `0o` and `0`, which is octal, too.
pub(super) fn integer(text: &str) -> Option<Node> {
    let (sign, unsigned) = split_sign(text);
    let lower = unsigned.get(..2).map(str::to_ascii_lowercase);
    let (radix, digits) = match lower.as_deref() {
        Some("0x") => (16, &unsigned[2..]),
        Some("0b") => (2, &unsigned[2..]),
        Some("0o") => (8, &unsigned[2..]),
        Some(_) if unsigned.starts_with('0') => (8, &unsigned[1..]),
        _ => (10, unsigned),
    };
    let size = digits_of(digits, radix)?;
    signed(sign, size)
        .map(Node::Int)
        .or_else(|| sign.is_empty().then_some(Node::Uint(size)))
}

/// Binary digits with a sign, which may stand behind the prefix alone.
pub(super) fn binary(text: &str) -> Option<Node> {
    let (sign, digits) = split_sign(text);
    signed(sign, digits_of(digits, 2)?).map(Node::Int)
}

fn split_sign(text: &str) -> (&str, &str) {
    text.split_at(usize::from(text.starts_with(['+', '-'])))
}

/// One digit or more. (The standard library would take a sign.)
fn digits_of(text: &str, radix: u32) -> Option<u64> {
    let digits = text.starts_with(|c: char| c.is_digit(radix));
    u64::from_str_radix(text, radix).ok().filter(|_| digits)
}

fn signed(sign: &str, size: u64) -> Option<i64> {
    match sign {
        "-" => 0_i64.checked_sub_unsigned(size),
        _ => i64::try_from(size).ok(),
    }
}

/// As YAML writes them: digits, with a point and an exponent or without. Not if it is too large.
pub(super) fn decimal(text: &str) -> Option<f64> {
    static DECIMAL: LazyLock<Regex> = LazyLock::new(|| {
        let pattern = r"\A[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\z";
        Regex::new(pattern).expect("a valid pattern")
    });
    let value = float::parse(text.as_bytes()).ok()?;
    DECIMAL.is_match(text).then_some(value)
}

/// What becomes of a number that is to be a text: the shortest form of the closest number of 32 bits.
pub(super) fn short_text(value: f64) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "that is what Go does here")]
    let short = value as f32;
    float::text(short.to_string().parse().unwrap_or(value))
}

/// Go's names for what is no number, in YAML.
pub(super) fn in_yaml(text: String) -> String {
    match text.as_str() {
        "+Inf" => ".inf".into(),
        "-Inf" => "-.inf".into(),
        "NaN" => ".nan".into(),
        _ => text,
    }
}

pub(super) fn not_finite(value: f64) -> Option<&'static str> {
    match value {
        f64::INFINITY => Some("+Inf"),
        f64::NEG_INFINITY => Some("-Inf"),
        _ => value.is_nan().then_some("NaN"),
    }
}
