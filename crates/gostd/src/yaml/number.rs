//! Numbers as Go's `strconv` reads and prints them.

use super::Node;

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
pub(super) fn float(text: &str) -> Option<f64> {
    let (_, unsigned) = split_sign(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(split_sign(exponent).1)),
        None => (unsigned, None),
    };
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let sound = digits(whole)
        && digits(fraction)
        && !(whole.is_empty() && fraction.is_empty())
        && exponent.is_none_or(|exponent| !exponent.is_empty() && digits(exponent));
    let value: f64 = text.parse().ok().filter(|_| sound)?;
    value.is_finite().then_some(value)
}

/// The fewest digits that read back the same, with an exponent from a million on: `%g`.
pub(super) fn text(value: f64) -> String {
    if let Some(name) = not_finite(value) {
        return name.into();
    }
    let scientific = format!("{value:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..6).contains(&exponent) {
        return value.to_string();
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.unsigned_abs())
}

/// The same for the closest number of 32 bits, which is what becomes of numbers that are to be texts.
pub(super) fn short_text(value: f64) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "that is what Go does here")]
    let short = value as f32;
    text(short.to_string().parse().unwrap_or(value))
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
