//! Values as text.

use std::borrow::Cow;

use lockstep_gostd::duration;

use super::{IntType, Text, Value};
use crate::fault::Outcome;
use crate::fmt;
use crate::time::{month_name, weekday_name};

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
        Value::Int(nanos, IntType::Duration) => duration::display(*nanos).into(),
        Value::Int(month, IntType::Month) => month_name(*month),
        Value::Int(day, IntType::Weekday) => weekday_name(*day),
        Value::Time(time) => time.display().into(),
        Value::Version(version) => version.display().into(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

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
