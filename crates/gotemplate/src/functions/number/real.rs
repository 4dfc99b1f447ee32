//! Floating-point numbers.

use crate::env::Env;
use crate::fault::Outcome;
use crate::functions::Args;
use crate::value::Value;
use crate::value::cast::to_float64;

pub(super) fn ceil(_: &mut Env, args: Args) -> Outcome {
    Ok(Value::Float(to_float64(args.any(0)?).ceil()))
}

pub(super) fn floor(_: &mut Env, args: Args) -> Outcome {
    Ok(Value::Float(to_float64(args.any(0)?).floor()))
}

pub(super) fn maxf(_: &mut Env, args: Args) -> Outcome {
    fold(args, |a, b| -least(-a, -b))
}

pub(super) fn minf(_: &mut Env, args: Args) -> Outcome {
    fold(args, least)
}

fn fold(args: Args, with: fn(f64, f64) -> f64) -> Outcome {
    let first = to_float64(args.any(0)?);
    let result = args.rest(1).iter().map(to_float64).fold(first, with);
    Ok(Value::Float(result))
}

/// Go's `math.Min`: nothing is less than infinity below zero, not even what is no number; and -0 is less than 0.
fn least(a: f64, b: f64) -> f64 {
    match () {
        () if a == f64::NEG_INFINITY || b == f64::NEG_INFINITY => f64::NEG_INFINITY,
        () if a.is_nan() || b.is_nan() => f64::NAN,
        () if a.total_cmp(&b).is_lt() => a,
        () => b,
    }
}

/// Rounds to so many decimal places: up where the rest is at least the third argument, which is a half if not given.
pub(super) fn round(_: &mut Env, args: Args) -> Outcome {
    let value = to_float64(args.any(0)?);
    let scale = power_of_ten(args.int(1)?);
    let threshold = if args.0.len() > 2 { args.float(2)? } else { 0.5 };
    let scaled = scale * value;
    let rest = (scaled - scaled.trunc()).copysign(scaled);
    let rounded = if rest >= threshold {
        scaled.ceil()
    } else {
        scaled.floor()
    };
    Ok(Value::Float(rounded / scale))
}

/// Go's `math.Pow(10, exponent)`, which is not always the number next to the exact one: it multiplies squares of the
/// mantissa of 10.
fn power_of_ten(exponent: i64) -> f64 {
    /// Beyond this the result is zero or infinite anyway.
    const LARGE: i64 = 1 << 12;
    let (mut mantissa, mut power) = (1.0, 0_i64);
    let (mut square, mut square_power) = (0.625, 4_i64); // 10 is 0.625 × 2⁴
    let mut left = exponent.unsigned_abs();
    while left != 0 {
        if square_power > LARGE {
            power += square_power;
            break;
        }
        if left & 1 == 1 {
            mantissa *= square;
            power += square_power;
        }
        square *= square;
        square_power *= 2;
        if square < 0.5 {
            square += square;
            square_power -= 1;
        }
        left >>= 1;
    }
    if exponent < 0 {
        times_power_of_two(1.0 / mantissa, -power)
    } else {
        times_power_of_two(mantissa, power)
    }
}

/// Rounds once at most: for a positive power, or a number of at least 1.
fn times_power_of_two(number: f64, power: i64) -> f64 {
    const STEP: i64 = 1000;
    let first = power.clamp(-STEP, STEP);
    let second = (power - first).clamp(-STEP, STEP);
    let third = (power - first - second).clamp(-STEP, STEP);
    [first, second, third].into_iter().fold(number, |number, power| {
        number * 2f64.powi(i32::try_from(power).unwrap_or(0))
    })
}
