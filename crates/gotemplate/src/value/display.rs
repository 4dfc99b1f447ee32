//! Values as text.

use std::borrow::Cow;

use super::{IntType, Text, Value};
use crate::fault::Outcome;
use crate::fmt;

/// What a template prints for `{{ value }}`.
pub(crate) fn display(out: &mut Vec<u8>, value: &Value) -> Outcome<()> {
    match value {
        Value::Nil => out.extend_from_slice(b"<no value>"),
        Value::Text(text) => out.extend_from_slice(text),
        _ => fmt::write_value(out, value)?,
    }
    Ok(())
}

/// Sprig's `toString`, which is also how it joins and quotes: as Go's `%v`.
pub(crate) fn strval(value: &Value) -> Outcome<Text> {
    if let Value::Text(text) = value {
        return Ok(text.clone());
    }
    let mut out = Vec::new();
    fmt::write_value(&mut out, value)?;
    Ok(out.into())
}

/// What the type's own `String` method says, for types that have one.
pub(crate) fn own_text(value: &Value) -> Option<Cow<'static, str>> {
    Some(match value {
        Value::Int(nanos, IntType::Duration) => duration(*nanos).into(),
        Value::Int(month, IntType::Month) => nth(&MONTHS, month.wrapping_sub(1)).map_or_else(
            || format!("%!Month({})", month.cast_unsigned()).into(),
            Cow::Borrowed,
        ),
        Value::Int(day, IntType::Weekday) => nth(&WEEKDAYS, *day).map_or_else(
            || format!("%!Weekday({})", day.cast_unsigned()).into(),
            Cow::Borrowed,
        ),
        Value::Time(time) => time.display().into(),
        Value::Version(version) => version.display().into(),
        _ => return None,
    })
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

const WEEKDAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];

fn nth<const N: usize>(names: &[&'static str; N], index: i64) -> Option<&'static str> {
    names.get(usize::try_from(index).ok()?).copied()
}

/// Go's `Duration.String`: `1h0m0s`, `1.5ms`, `0s`.
pub(crate) fn duration(nanos: i64) -> String {
    const SECOND: u64 = 1_000_000_000;
    let size = nanos.unsigned_abs();
    let sign = if nanos < 0 { "-" } else { "" };
    if size < SECOND {
        let (unit, scale) = match size {
            0 => return "0s".to_owned(),
            1..1_000 => ("ns", 1),
            1_000..1_000_000 => ("µs", 1_000),
            _ => ("ms", 1_000_000),
        };
        return format!("{sign}{}{unit}", decimal(size, scale));
    }
    let seconds = decimal(size % (60 * SECOND), SECOND);
    let minutes = size / (60 * SECOND);
    match (minutes / 60, minutes % 60) {
        (0, 0) => format!("{sign}{seconds}s"),
        (0, minutes) => format!("{sign}{minutes}m{seconds}s"),
        (hours, minutes) => format!("{sign}{hours}h{minutes}m{seconds}s"),
    }
}

/// `size / scale`, with as many digits behind the point as it takes. The scale is a power of ten.
fn decimal(size: u64, scale: u64) -> String {
    let (whole, rest) = (size / scale, size % scale);
    if rest == 0 {
        return whole.to_string();
    }
    let places = usize::try_from(scale.ilog10()).unwrap_or(0);
    let fraction = format!("{rest:0places$}");
    format!("{whole}.{}", fraction.trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        for (nanos, expected) in [
            (0, "0s"),
            (1, "1ns"),
            (-1_100, "-1.1µs"),
            (2_200_000, "2.2ms"),
            (3_300_000_000, "3.3s"),
            (60_000_000_000, "1m0s"),
            (3_600_000_000_001, "1h0m0.000000001s"),
            (i64::MAX, "2562047h47m16.854775807s"),
            (i64::MIN, "-2562047h47m16.854775808s"),
        ] {
            assert_eq!(duration(nanos), expected);
        }
    }

    #[test]
    fn months_and_weekdays() {
        for (number, kind, expected) in [
            (1, IntType::Month, "January"),
            (12, IntType::Month, "December"),
            (0, IntType::Month, "%!Month(0)"),
            (-1, IntType::Month, "%!Month(18446744073709551615)"),
            (0, IntType::Weekday, "Sunday"),
            (7, IntType::Weekday, "%!Weekday(7)"),
        ] {
            assert_eq!(own_text(&Value::Int(number, kind)).as_deref(), Some(expected));
        }
    }

    #[test]
    fn nothing_has_two_names() {
        let shown = |value: &Value| {
            let mut out = Vec::new();
            display(&mut out, value).expect("flat");
            out
        };
        assert_eq!(shown(&Value::Nil), b"<no value>");
        assert_eq!(shown(&Value::list(vec![Value::Nil]).expect("flat")), b"[<nil>]");
        assert_eq!(strval(&Value::Nil).expect("flat").bytes(), b"<nil>");
    }
}
