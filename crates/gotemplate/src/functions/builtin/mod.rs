//! What `text/template` brings itself, but for printing.

use super::{Args, Function, Param};
use crate::env::Env;
use crate::fault::{Fault, Outcome};
use crate::value::{Value, type_name};

mod compare;
mod escape;
mod index;

pub(super) const TABLE: &[Function] = &[
    Function::new("and", &[Param::Any], last).variadic(Param::Any),
    Function::new("call", &[Param::Any], call).variadic(Param::Any),
    Function::new("eq", &[Param::Any], compare::eq).variadic(Param::Any),
    Function::new("ge", &[Param::Any, Param::Any], compare::ge),
    Function::new("gt", &[Param::Any, Param::Any], compare::gt),
    Function::new("html", &[], escape::html).variadic(Param::Any),
    Function::new("index", &[Param::Any], index::index).variadic(Param::Any),
    Function::new("js", &[], escape::js).variadic(Param::Any),
    Function::new("le", &[Param::Any, Param::Any], compare::le),
    Function::new("len", &[Param::Any], len),
    Function::new("lt", &[Param::Any, Param::Any], compare::lt),
    Function::new("ne", &[Param::Any, Param::Any], compare::ne),
    Function::new("not", &[Param::Any], not),
    Function::new("or", &[Param::Any], last).variadic(Param::Any),
    Function::new("urlquery", &[], escape::urlquery).variadic(Param::Any),
];

/// `and` and `or`: the executor hands over no more arguments than it takes to decide.
fn last(_: &mut Env, args: Args) -> Outcome {
    let last = args.rest(0).len().saturating_sub(1);
    args.any(last).cloned()
}

fn not(_: &mut Env, args: Args) -> Outcome {
    Ok(Value::Bool(!args.any(0)?.is_true()))
}

/// No value is a function.
fn call(_: &mut Env, args: Args) -> Outcome {
    Err(match args.any(0)? {
        Value::Nil => Fault::new("call of nil"),
        other => Fault::new(format!("non-function of type {}", type_name(other))),
    })
}

fn len(_: &mut Env, args: Args) -> Outcome {
    let length = match args.any(0)? {
        Value::Text(text) => text.len(),
        Value::List(list) => list.items().len(),
        Value::Map(map) => map.len(),
        Value::Nil => return Err(Fault::new("len of nil pointer")),
        other => return Err(Fault::new(format!("len of type {}", pointed_at(other)))),
    };
    Ok(Value::int(i64::try_from(length).unwrap_or(i64::MAX)))
}

/// The type's name; of a pointer, what it points at.
fn pointed_at(value: &Value) -> &'static str {
    type_name(value).trim_start_matches('*')
}
