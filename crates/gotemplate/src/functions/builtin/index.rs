//! `index`: items of lists and maps, bytes of texts.

use super::{Args, pointed_at};
use crate::env::Env;
use crate::fault::{Fault, Outcome};
use crate::value::{Map, MapType, UintType, Value, type_name};

pub(super) fn index(_: &mut Env, args: Args) -> Outcome {
    let mut item = args.any(0)?.clone();
    if let Value::Nil = item {
        return Err(Fault::new("index of untyped nil"));
    }
    for index in args.rest(1) {
        item = match &item {
            Value::Nil => return Err(Fault::new("index of nil pointer")),
            Value::Text(text) => {
                let byte = text
                    .get(position(index, text.len())?)
                    .copied()
                    .ok_or_else(out_of_range)?;
                Value::Uint(byte.into(), UintType::Uint8)
            }
            Value::List(list) => {
                let items = list.items();
                items
                    .get(position(index, items.len())?)
                    .cloned()
                    .ok_or_else(out_of_range)?
            }
            Value::Map(map) => entry(map, index)?,
            other => {
                return Err(Fault::new(format!(
                    "can't index item of type {}",
                    pointed_at(other)
                )));
            }
        };
    }
    Ok(item)
}

fn position(index: &Value, length: usize) -> Outcome<usize> {
    let position = match index {
        Value::Int(value, _) => usize::try_from(*value).ok(),
        Value::Uint(value, _) => usize::try_from(*value).ok(),
        Value::Nil => return Err(Fault::new("cannot index slice/array with nil")),
        other => {
            let kind = type_name(other);
            return Err(Fault::new(format!("cannot index slice/array with type {kind}")));
        }
    };
    position
        .filter(|position| *position < length)
        .ok_or_else(out_of_range)
}

/// Go tells the index. It may come from data.
fn out_of_range() -> Fault {
    Fault::new("index out of range")
}

/// A missing entry is the zero of the map's type.
fn entry(map: &Map, key: &Value) -> Outcome {
    match key {
        Value::Text(key) => Ok(map.get(key).unwrap_or_else(|| match map.kind() {
            MapType::Any => Value::Nil,
            MapType::Text => Value::text(""),
        })),
        Value::Nil => Err(Fault::new("value is nil; should be of type string")),
        other => {
            let kind = type_name(other);
            Err(Fault::new(format!("value has type {kind}; should be string")))
        }
    }
}
