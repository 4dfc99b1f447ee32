//! Numbers out of any value, as `spf13/cast` makes them for sprig: what is no number counts as zero.

use lockstep_gostd::float;
use lockstep_gostd::integer::{self, Base};

use super::Value;

/// `cast.ToInt64`, and `cast.ToInt` on our machines.
pub(crate) fn to_int64(value: &Value) -> i64 {
    match value {
        Value::Int(value, _) => *value,
        Value::Uint(value, _) => value.cast_signed(),
        Value::Float(value) => truncate(*value),
        Value::Bool(value) => (*value).into(),
        Value::Text(text) => integer::parse(whole_part(text), Base::Prefixed).unwrap_or(0),
        _ => 0,
    }
}

/// `cast.ToFloat64`
#[expect(clippy::cast_precision_loss, reason = "it is what Go does")]
pub(crate) fn to_float64(value: &Value) -> f64 {
    match value {
        Value::Float(value) => *value,
        Value::Int(value, _) => *value as f64,
        Value::Uint(value, _) => *value as f64,
        Value::Bool(value) => u8::from(*value).into(),
        Value::Text(text) => float::parse(text).unwrap_or(0.0),
        _ => 0.0,
    }
}

/// Go's `int64(value)`. For what does not fit Go leaves it to the processor; amd64 has one answer for all of it.
#[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
fn truncate(value: f64) -> i64 {
    const END: f64 = 9_223_372_036_854_775_808.0;
    if (-END..END).contains(&value) {
        value as i64
    } else {
        i64::MIN
    }
}

/// The part in front of the point of a decimal number without exponent; anything else as it is.
fn whole_part(text: &[u8]) -> &[u8] {
    let Some(point) = text.iter().position(|b| *b == b'.') else {
        return text;
    };
    let (whole, fraction) = (&text[..point], &text[point + 1..]);
    let digits = whole
        .strip_prefix(b"-")
        .or(whole.strip_prefix(b"+"))
        .unwrap_or(whole);
    match digits {
        _ if !digits.iter().chain(fraction).all(u8::is_ascii_digit) => text,
        [] => b"0",
        _ => whole,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers() {
        for (text, expected) in [
            ("42", 42),
            ("3.9", 3),
            ("-3.9", -3),
            (".5", 0),
            ("-.5", 0),
            ("5.", 5),
            (".", 0),
            ("0x1F", 31),
            ("010.9", 8),
            ("08", 0),
            ("1_000", 1000),
            ("1_0.5", 0),
            ("1e3", 0),
            ("1.5e3", 0),
            (" 7", 0),
            ("1.2.3", 0),
            ("9223372036854775808", 0),
            ("true", 0),
            ("", 0),
        ] {
            assert_eq!(to_int64(&Value::text(text)), expected, "{text}");
        }
        assert_eq!(to_int64(&Value::Float(-42.9)), -42);
        for odd in [f64::NAN, 1e19, -1e19, f64::INFINITY, 9_223_372_036_854_775_808.0] {
            assert_eq!(to_int64(&Value::Float(odd)), i64::MIN);
        }
        assert_eq!(to_int64(&Value::Bool(true)), 1);
        assert_eq!(to_int64(&Value::Nil), 0);
    }
}
