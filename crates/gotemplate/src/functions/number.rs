//! Arithmetic and conversions, as sprig has them.

use lockstep_gostd::integer::{self, Base, ParseIntError};

use super::{Args, Function, Param};
use crate::env::Env;
use crate::fault::{Fault, Outcome};
use crate::value::cast::{to_float64, to_int64};
use crate::value::{Value, strval};

mod decimal;
mod real;
mod sequence;

fn atoi(_: &mut Env, args: Args) -> Outcome {
    Ok(Value::int(match integer::parse(args.text(0)?, Base::Of(10)) {
        Ok(value) | Err(ParseIntError::Range(value)) => value,
        Err(ParseIntError::Syntax) => 0,
    }))
}

fn int(_: &mut Env, args: Args) -> Outcome {
    Ok(Value::int(to_int64(args.any(0)?)))
}

fn int64(_: &mut Env, args: Args) -> Outcome {
    Ok(Value::int64(to_int64(args.any(0)?)))
}

fn float64(_: &mut Env, args: Args) -> Outcome {
    Ok(Value::Float(to_float64(args.any(0)?)))
}

/// Reads octal digits.
fn to_decimal(env: &mut Env, args: Args) -> Outcome {
    let text = strval(args.any(0)?)?;
    env.spend(text.len())?;
    Ok(Value::int64(integer::parse(&text, Base::Of(8)).unwrap_or(0)))
}

fn add1(_: &mut Env, args: Args) -> Outcome {
    Ok(Value::int64(to_int64(args.any(0)?).wrapping_add(1)))
}

fn sub(_: &mut Env, args: Args) -> Outcome {
    let (a, b) = two(args)?;
    Ok(Value::int64(a.wrapping_sub(b)))
}

fn div(_: &mut Env, args: Args) -> Outcome {
    let (a, b) = two(args)?;
    match b {
        0 => Err(division_by_zero()),
        _ => Ok(Value::int64(a.wrapping_div(b))),
    }
}

fn modulo(_: &mut Env, args: Args) -> Outcome {
    let (a, b) = two(args)?;
    match b {
        0 => Err(division_by_zero()),
        _ => Ok(Value::int64(a.wrapping_rem(b))),
    }
}

fn mul(_: &mut Env, args: Args) -> Outcome {
    fold(args, i64::wrapping_mul)
}

fn max(_: &mut Env, args: Args) -> Outcome {
    fold(args, i64::max)
}

fn min(_: &mut Env, args: Args) -> Outcome {
    fold(args, i64::min)
}

fn two(args: Args) -> Outcome<(i64, i64)> {
    Ok((to_int64(args.any(0)?), to_int64(args.any(1)?)))
}

fn fold(args: Args, with: fn(i64, i64) -> i64) -> Outcome {
    let first = to_int64(args.any(0)?);
    let result = args.rest(1).iter().map(to_int64).fold(first, with);
    Ok(Value::int64(result))
}

fn division_by_zero() -> Fault {
    Fault::new("division by zero")
}

const ANY: Param = Param::Any;

pub(super) const TABLE: &[Function] = &[
    Function::new("atoi", &[Param::Text], atoi),
    Function::new("int", &[ANY], int),
    Function::new("int64", &[ANY], int64),
    Function::new("float64", &[ANY], float64),
    Function::new("toDecimal", &[ANY], to_decimal),
    Function::new("add", &[], |_, args| {
        let sum = args.rest(0).iter().map(to_int64).fold(0, i64::wrapping_add);
        Ok(Value::int64(sum))
    })
    .variadic(ANY),
    Function::new("add1", &[ANY], add1),
    Function::new("sub", &[ANY, ANY], sub),
    Function::new("div", &[ANY, ANY], div),
    Function::new("mod", &[ANY, ANY], modulo),
    Function::new("mul", &[ANY], mul).variadic(ANY),
    Function::new("biggest", &[ANY], max).variadic(ANY),
    Function::new("max", &[ANY], max).variadic(ANY),
    Function::new("min", &[ANY], min).variadic(ANY),
    Function::new("add1f", &[ANY], decimal::add1f),
    Function::new("addf", &[], decimal::addf).variadic(ANY),
    Function::new("subf", &[ANY], decimal::subf).variadic(ANY),
    Function::new("mulf", &[ANY], decimal::mulf).variadic(ANY),
    Function::new("divf", &[ANY], decimal::divf).variadic(ANY),
    Function::new("maxf", &[ANY], real::maxf).variadic(ANY),
    Function::new("minf", &[ANY], real::minf).variadic(ANY),
    Function::new("ceil", &[ANY], real::ceil),
    Function::new("floor", &[ANY], real::floor),
    Function::new("round", &[ANY, Param::Int], real::round).variadic(Param::Float),
    Function::new("until", &[Param::Int], sequence::until),
    Function::new(
        "untilStep",
        &[Param::Int, Param::Int, Param::Int],
        sequence::until_step,
    ),
    Function::new("seq", &[], sequence::seq).variadic(Param::Int),
];

#[cfg(test)]
mod tests;
