//! Choices between values, copies and comparisons.

use super::Param::{Any, Bool};
use super::{Args, Function};
use crate::env::Env;
use crate::fault::{Fault, Outcome};
use crate::value::{List, MAX_DEPTH, Map, Value, deep_equal};

pub(super) const TABLE: &[Function] = &[
    Function::new("all", &[], |_, args| {
        Ok(Value::Bool(args.0.iter().all(Value::is_true)))
    })
    .variadic(Any),
    Function::new("any", &[], |_, args| {
        Ok(Value::Bool(args.0.iter().any(Value::is_true)))
    })
    .variadic(Any),
    Function::new("coalesce", &[], |_, args| {
        let chosen = args.0.iter().find(|value| value.is_true());
        Ok(chosen.cloned().unwrap_or(Value::Nil))
    })
    .variadic(Any),
    Function::new("deepCopy", &[Any], deep_copy),
    Function::new("deepEqual", &[Any, Any], |env, args| {
        deep_equal(env, args.any(0)?, args.any(1)?).map(Value::Bool)
    }),
    Function::new("default", &[Any], |_, args| {
        let given = args.rest(1).first().filter(|value| value.is_true());
        Ok(given.unwrap_or(args.any(0)?).clone())
    })
    .variadic(Any),
    Function::new("empty", &[Any], |_, args| {
        Ok(Value::Bool(!args.any(0)?.is_true()))
    }),
    Function::new("mustDeepCopy", &[Any], deep_copy),
    Function::new("ternary", &[Any, Any, Bool], |_, args| {
        args.any(usize::from(!args.bool(2)?)).cloned()
    }),
];

fn deep_copy(env: &mut Env, args: Args) -> Outcome {
    match args.any(0)? {
        Value::Nil => Err(Fault::new("nil cannot be copied")),
        value => copy(env, value, 0),
    }
}

/// Maps that occur twice become two maps.
fn copy(env: &mut Env, value: &Value, depth: usize) -> Outcome {
    if depth > MAX_DEPTH {
        return Err(Fault::new(format!("values nest more than {MAX_DEPTH} deep")));
    }
    env.spend_items(2)?;
    match value {
        Value::Map(map) => {
            let mut entries = Vec::new();
            for (key, value) in map.entries() {
                entries.push((key, copy(env, &value, depth + 1)?));
            }
            Ok(Value::Map(Map::new(map.kind(), entries)))
        }
        Value::List(list) if !list.is_nil() => {
            let mut items = Vec::new();
            for item in list.items() {
                items.push(copy(env, item, depth + 1)?);
            }
            List::new(list.kind(), items).map(Value::List)
        }
        // Its fields are private, and so the copy has none of them.
        Value::Version(_) => Ok(Value::Version(std::rc::Rc::default())),
        _ => Ok(value.clone()),
    }
}
