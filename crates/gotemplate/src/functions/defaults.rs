//! Choices between values, copies and comparisons.

use std::rc::Rc;

use super::Param::{Any, Bool};
use super::{Args, Function, Version};
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
        Value::Version(version) => {
            // Its fields are private, and so the copy has none of them.
            let mut copy = Version::default();
            copy.by_value = version.by_value;
            Ok(Value::Version(Rc::new(copy)))
        }
        _ => Ok(value.clone()),
    }
}

#[cfg(test)]
mod tests {
    use crate::functions::testing::check;

    #[test]
    fn emptiness() {
        check(&[
            (r#"{{ default "d" nil 1 | printf "%#v" }}"#, Some(r#""d""#)),
            (
                r#"{{ default "d" (list nil) | printf "%#v" }}"#,
                Some("[]interface {}{interface {}(nil)}"),
            ),
            (r#"{{ default nil "" | printf "%#v" }}"#, Some("<nil>")),
            (
                r#"{{ coalesce nil (list) false 0.0 "x" | printf "%#v" }}"#,
                Some(r#""x""#),
            ),
            (r#"{{ all | printf "%#v" }}"#, Some("true")),
            (r#"{{ any nil (dict) | printf "%#v" }}"#, Some("false")),
            (r#"{{ empty (float64 "NaN") | printf "%#v" }}"#, Some("false")),
            (r#"{{ ternary nil 1 true | printf "%#v" }}"#, Some("<nil>")),
        ]);
    }

    #[test]
    fn copies() {
        check(&[
            (
                r#"{{ $a := dict "l" (list (dict "b" 1)) "n" nil }}{{ $c := deepCopy $a }}{{ $_ := set (first $c.l) "b" 2 }}{{ $a }}{{ $c }}"#,
                Some("map[l:[map[b:1]] n:<nil>]map[l:[map[b:2]] n:<nil>]"),
            ),
            (
                r#"{{ deepCopy (rest (list)) | printf "%#v" }}"#,
                Some("[]interface {}(nil)"),
            ),
            (r#"{{ deepCopy nil | printf "%#v" }}"#, None),
            (
                r#"{{ typeOf (deepCopy (split "," "a")) }} {{ typeOf (deepCopy (until 2)) }}"#,
                Some("map[string]string []int"),
            ),
        ]);
    }

    #[test]
    fn equality() {
        check(&[
            (
                r#"{{ deepEqual (dict "a" 1) (dict "a" 1) | printf "%#v" }}"#,
                Some("true"),
            ),
            (
                r#"{{ deepEqual (dict "a" 1) (dict "b" 1) | printf "%#v" }}"#,
                Some("false"),
            ),
            (
                r#"{{ deepEqual (dict "a" nil) (dict "b" nil) | printf "%#v" }}"#,
                Some("false"),
            ),
            (
                r#"{{ deepEqual (list) (rest (list)) | printf "%#v" }}"#,
                Some("false"),
            ),
            (
                r#"{{ deepEqual (split "," "a") (dict "_0" "a") | printf "%#v" }}"#,
                Some("false"),
            ),
            (
                r#"{{ deepEqual (float64 "NaN") (float64 "NaN") | printf "%#v" }}"#,
                Some("false"),
            ),
            (
                r#"{{ $n := list (float64 "NaN") }}{{ deepEqual $n $n }} {{ deepEqual $n (list (float64 "NaN")) }}"#,
                Some("true false"),
            ),
            (
                r#"{{ $a := dict }}{{ $_ := set $a "a" $a }}{{ $b := dict }}{{ $_ := set $b "a" $b }}{{ deepEqual $a $b }}"#,
                Some("true"),
            ),
        ]);
    }
}
