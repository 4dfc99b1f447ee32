//! Placeholder until the printer is merged.

use super::{Text, Value};
use crate::fault::Outcome;

pub(crate) fn strval(value: &Value) -> Outcome<Text> {
    Ok(match value {
        Value::Nil => Text::from("<nil>"),
        Value::Bool(value) => value.to_string().into(),
        Value::Int(value, _) => value.to_string().into(),
        Value::Uint(value, _) => value.to_string().into(),
        Value::Float(value) => value.to_string().into(),
        Value::Text(text) => text.clone(),
        Value::List(list) => {
            let items: Vec<_> = list.items().iter().map(strval).collect::<Result<_, _>>()?;
            let items: Vec<&[u8]> = items.iter().map(|it| &**it).collect();
            [b"[", &*items.join(&b' '), b"]"].concat().into()
        }
        _ => Text::from("?"),
    })
}

pub(crate) fn quoted(text: &[u8]) -> Text {
    format!("\"{}\"", text.escape_ascii()).into()
}

pub(crate) fn to_int64(value: &Value) -> i64 {
    match value {
        Value::Int(value, _) => *value,
        Value::Uint(value, _) => value.cast_signed(),
        _ => 0,
    }
}
