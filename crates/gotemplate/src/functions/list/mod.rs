//! Lists.

use super::Param::{Any, Int};
use super::{Args, Function};
use crate::env::Env;
use crate::fault::{Fault, Outcome};
use crate::value::{List, ListType, Value, cast, deep_equal, kind_name};

mod chunk;

pub(super) const TABLE: &[Function] = &[
    Function::new("append", &[Any, Any], append),
    Function::new("chunk", &[Int, Any], chunk::chunk),
    Function::new("compact", &[Any], compact),
    Function::new("concat", &[], concat).variadic(Any),
    Function::new("first", &[Any], first),
    Function::new("has", &[Any, Any], has),
    Function::new("initial", &[Any], initial),
    Function::new("last", &[Any], last),
    Function::new("list", &[], list).variadic(Any),
    Function::new("mustAppend", &[Any, Any], append),
    Function::new("mustChunk", &[Int, Any], chunk::chunk),
    Function::new("mustCompact", &[Any], compact),
    Function::new("mustFirst", &[Any], first),
    Function::new("mustHas", &[Any, Any], has),
    Function::new("mustInitial", &[Any], initial),
    Function::new("mustLast", &[Any], last),
    Function::new("mustPrepend", &[Any, Any], prepend),
    Function::new("mustPush", &[Any, Any], append),
    Function::new("mustRest", &[Any], rest),
    Function::new("mustReverse", &[Any], reverse),
    Function::new("mustSlice", &[Any], slice).variadic(Any),
    Function::new("mustUniq", &[Any], uniq),
    Function::new("mustWithout", &[Any], without).variadic(Any),
    Function::new("prepend", &[Any, Any], prepend),
    Function::new("push", &[Any, Any], append),
    Function::new("rest", &[Any], rest),
    Function::new("reverse", &[Any], reverse),
    Function::new("slice", &[Any], slice).variadic(Any),
    Function::new("tuple", &[], list).variadic(Any),
    Function::new("uniq", &[Any], uniq),
    Function::new("without", &[Any], without).variadic(Any),
];

fn list(env: &mut Env, args: Args) -> Outcome {
    made(env, args.0)
}

fn append(env: &mut Env, args: Args) -> Outcome {
    let (items, item) = (items(args.any(0)?, "Cannot push on type")?, args.any(1)?);
    made(env, items.iter().chain([item]))
}

fn prepend(env: &mut Env, args: Args) -> Outcome {
    let (items, item) = (items(args.any(0)?, "Cannot prepend on type")?, args.any(1)?);
    made(env, [item].into_iter().chain(items))
}

fn first(_: &mut Env, args: Args) -> Outcome {
    let item = items(args.any(0)?, "Cannot find first on type")?.first();
    Ok(item.cloned().unwrap_or(Value::Nil))
}

fn last(_: &mut Env, args: Args) -> Outcome {
    let item = items(args.any(0)?, "Cannot find last on type")?.last();
    Ok(item.cloned().unwrap_or(Value::Nil))
}

fn rest(env: &mut Env, args: Args) -> Outcome {
    match items(args.any(0)?, "Cannot find rest on type")? {
        [] => Ok(nil()),
        [_, rest @ ..] => made(env, rest),
    }
}

fn initial(env: &mut Env, args: Args) -> Outcome {
    match items(args.any(0)?, "Cannot find initial on type")? {
        [] => Ok(nil()),
        [initial @ .., _] => made(env, initial),
    }
}

fn reverse(env: &mut Env, args: Args) -> Outcome {
    made(
        env,
        items(args.any(0)?, "Cannot find reverse on type")?.iter().rev(),
    )
}

fn compact(env: &mut Env, args: Args) -> Outcome {
    let items = items(args.any(0)?, "Cannot compact on type")?;
    made(env, items.iter().filter(|item| item.is_true()))
}

fn uniq(env: &mut Env, args: Args) -> Outcome {
    let mut found: Vec<&Value> = Vec::new();
    for item in items(args.any(0)?, "Cannot find uniq on type")? {
        if !contains(env, found.iter().copied(), item)? {
            found.push(item);
        }
    }
    made(env, found)
}

fn without(env: &mut Env, args: Args) -> Outcome {
    let mut left = Vec::new();
    for item in items(args.any(0)?, "Cannot find without on type")? {
        if !contains(env, args.rest(1), item)? {
            left.push(item);
        }
    }
    made(env, left)
}

fn has(env: &mut Env, args: Args) -> Outcome {
    let (item, list) = (args.any(0)?, args.any(1)?);
    if matches!(list, Value::Nil) {
        return Ok(Value::Bool(false));
    }
    Ok(Value::Bool(contains(
        env,
        items(list, "Cannot find has on type")?,
        item,
    )?))
}

fn contains<'v>(env: &mut Env, items: impl IntoIterator<Item = &'v Value>, wanted: &Value) -> Outcome<bool> {
    for item in items {
        env.spend(1)?;
        if deep_equal(env, wanted, item)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Of the same type as the list. Go would also give what is behind the list's end if there is room left from how it
/// was made.
fn slice(env: &mut Env, args: Args) -> Outcome {
    let value = args.any(0)?;
    let Value::List(list) = value else {
        return Err(no_list(value, "list should be type of slice or array but"));
    };
    let items = list.items();
    if items.is_empty() {
        return Ok(Value::Nil);
    }
    let bound = |nth: usize, otherwise: usize| match args.rest(1).get(nth) {
        Some(index) => usize::try_from(cast::to_int64(index)).ok(),
        None => Some(otherwise),
    };
    let part = match (bound(0, 0), bound(1, items.len())) {
        (Some(start), Some(end)) => items.get(start..end),
        _ => None,
    };
    let part = part.ok_or_else(|| Fault::new("reflect.Value.Slice: slice index out of bounds"))?;
    if part.len() == items.len() {
        return Ok(Value::List(list.clone()));
    }
    env.spend_items(part.len())?;
    List::new(list.kind(), part.to_vec()).map(Value::List)
}

/// Nil if there is nothing in the lists.
fn concat(env: &mut Env, args: Args) -> Outcome {
    let mut all = Vec::new();
    for list in args.0 {
        let Some(items) = list.items() else {
            return Err(Fault::new(format!(
                "Cannot concat type {} as list",
                kind_name(list)
            )));
        };
        env.spend_items(items.len())?;
        all.extend_from_slice(items);
    }
    if all.is_empty() {
        Ok(nil())
    } else {
        Value::list(all)
    }
}

/// A list of any values, whatever the lists were that they come from.
fn made<'v>(env: &mut Env, items: impl IntoIterator<Item = &'v Value>) -> Outcome {
    let items: Vec<&Value> = items.into_iter().collect();
    env.spend_items(items.len() + 1)?;
    Value::list(items.into_iter().cloned().collect())
}

fn nil() -> Value {
    Value::List(List::nil(ListType::Any))
}

/// What is no list is told with sprig's words.
fn items<'v>(value: &'v Value, complaint: &str) -> Outcome<&'v [Value]> {
    value.items().ok_or_else(|| no_list(value, complaint))
}

fn no_list(value: &Value, complaint: &str) -> Fault {
    match value {
        Value::Nil => Fault::new("runtime error: invalid memory address or nil pointer dereference"),
        other => Fault::new(format!("{complaint} {}", kind_name(other))),
    }
}

#[cfg(test)]
mod tests {
    use crate::functions::testing::check;

    #[test]
    fn lists_keep_or_lose_their_type() {
        check(&[
            (r#"{{ rest (list) | printf "%#v" }}"#, Some("[]interface {}(nil)")),
            (
                r#"{{ initial (list 1) | printf "%#v" }}"#,
                Some("[]interface {}{}"),
            ),
            (r#"{{ concat | printf "%#v" }}"#, Some("[]interface {}(nil)")),
            (
                r#"{{ concat (list) (list) | printf "%#v" }}"#,
                Some("[]interface {}(nil)"),
            ),
            (r#"{{ list | printf "%#v" }}"#, Some("[]interface {}{}")),
            (r#"{{ slice (list) 5 9 | printf "%#v" }}"#, Some("<nil>")),
            (
                r#"{{ slice (list 1) 1 | printf "%#v" }}"#,
                Some("[]interface {}{}"),
            ),
            (
                r#"{{ typeOf (slice (splitList "," "a,b") 1) }} {{ typeOf (rest (splitList "," "a")) }} {{ typeOf (reverse (until 2)) }}"#,
                Some("[]string []interface {} []interface {}"),
            ),
            (
                r#"{{ slice (list 1 2 3) true "2" | printf "%#v" }}"#,
                Some("[]interface {}{2}"),
            ),
            (r#"{{ slice (list 1) 0 2 | printf "%#v" }}"#, None),
            (r#"{{ slice "abc" 1 | printf "%#v" }}"#, None),
            (r#"{{ first (chunk 1 (list)) | printf "%#v" }}"#, Some("<nil>")),
            (
                r#"{{ append (list) nil | printf "%#v" }}"#,
                Some("[]interface {}{interface {}(nil)}"),
            ),
        ]);
    }

    #[test]
    fn equality_is_deep_and_typed() {
        check(&[
            (
                r#"{{ uniq (list 1 1.0 "1" (list 1) (list 1) nil nil) | printf "%#v" }}"#,
                Some(r#"[]interface {}{1, 1, "1", []interface {}{1}, interface {}(nil)}"#),
            ),
            (
                r#"{{ without (until 3) 1 | printf "%#v" }}"#,
                Some("[]interface {}{0, 2}"),
            ),
            (
                r#"{{ without (list nil 1) nil | printf "%#v" }}"#,
                Some("[]interface {}{1}"),
            ),
            (
                r#"{{ has (dict "a" (list)) (list (dict "a" (list))) | printf "%#v" }}"#,
                Some("true"),
            ),
            (r#"{{ has (int64 1) (until 2) | printf "%#v" }}"#, Some("false")),
            (r#"{{ has nil nil | printf "%#v" }}"#, Some("false")),
            (r#"{{ has "a" "abc" | printf "%#v" }}"#, None),
            (r#"{{ uniq nil | printf "%#v" }}"#, None),
        ]);
    }

    #[test]
    fn what_is_no_list() {
        check(&[
            (r#"{{ first nil | printf "%#v" }}"#, None),
            (r#"{{ last (dict) | printf "%#v" }}"#, None),
            (r#"{{ reverse "ab" | printf "%#v" }}"#, None),
            (r#"{{ compact 1 | printf "%#v" }}"#, None),
            (r#"{{ concat (list) nil | printf "%#v" }}"#, None),
            (r#"{{ push nil 1 | printf "%#v" }}"#, None),
        ]);
    }
}
