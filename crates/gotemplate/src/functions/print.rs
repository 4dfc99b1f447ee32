//! `print`, `printf` and `println`.

use super::{Args, Function, Param};
use crate::env::Env;
use crate::fault::Outcome;
use crate::fmt;
use crate::value::Value;

fn print(env: &mut Env, args: Args) -> Outcome {
    paid(env, fmt::sprint(args.rest(0))?)
}

fn printf(env: &mut Env, args: Args) -> Outcome {
    paid(env, fmt::sprintf(args.text(0)?, args.rest(1))?)
}

fn println(env: &mut Env, args: Args) -> Outcome {
    paid(env, fmt::sprintln(args.rest(0))?)
}

fn paid(env: &mut Env, out: Vec<u8>) -> Outcome {
    env.spend(out.len())?;
    Ok(Value::text(out))
}

pub(super) const TABLE: &[Function] = &[
    Function::new("print", &[], print).variadic(Param::Any),
    Function::new("printf", &[Param::Text], printf).variadic(Param::Any),
    Function::new("println", &[], println).variadic(Param::Any),
];
