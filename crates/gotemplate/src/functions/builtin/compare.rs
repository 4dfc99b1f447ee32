//! Comparisons. Integers compare whatever their sign, floats only with floats.

use std::cmp::Ordering;
use std::rc::Rc;

use super::Args;
use crate::env::Env;
use crate::fault::{Fault, Outcome};
use crate::value::{Value, type_name};

/// Whether the first is equal to any of the others.
pub(super) fn eq(_: &mut Env, args: Args) -> Outcome {
    let first = args.any(0)?;
    if args.rest(1).is_empty() {
        return Err(Fault::new("missing argument for comparison"));
    }
    for other in args.rest(1) {
        if equal(first, other)? {
            return Ok(Value::Bool(true));
        }
    }
    Ok(Value::Bool(false))
}

pub(super) fn ne(_: &mut Env, args: Args) -> Outcome {
    Ok(Value::Bool(!equal(args.any(0)?, args.any(1)?)?))
}

pub(super) fn lt(_: &mut Env, args: Args) -> Outcome {
    less(args.any(0)?, args.any(1)?).map(Value::Bool)
}

pub(super) fn le(_: &mut Env, args: Args) -> Outcome {
    less_or_equal(args).map(Value::Bool)
}

pub(super) fn gt(_: &mut Env, args: Args) -> Outcome {
    less_or_equal(args).map(|found| Value::Bool(!found))
}

pub(super) fn ge(_: &mut Env, args: Args) -> Outcome {
    less(args.any(0)?, args.any(1)?).map(|found| Value::Bool(!found))
}

fn less_or_equal(args: Args) -> Outcome<bool> {
    let (left, right) = (args.any(0)?, args.any(1)?);
    Ok(less(left, right)? || equal(left, right)?)
}

/// What of Go's kinds a value is, as far as comparisons care.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Nil,
    Basic(&'static str),
    Slice,
    Map,
    Struct,
    Pointer,
}

fn kind(value: &Value) -> Kind {
    match value {
        Value::Nil => Kind::Nil,
        Value::Bool(_) => Kind::Basic("bool"),
        Value::Int(..) => Kind::Basic("int"),
        Value::Uint(..) => Kind::Basic("uint"),
        Value::Float(_) => Kind::Basic("float"),
        Value::Complex(..) => Kind::Basic("complex"),
        Value::Text(_) => Kind::Basic("string"),
        Value::List(_) => Kind::Slice,
        Value::Map(_) => Kind::Map,
        Value::Time(_) | Value::Certificate(_) => Kind::Struct,
        Value::Version(version) if version.by_value => Kind::Struct,
        Value::Version(_) => Kind::Pointer,
    }
}

#[expect(clippy::float_cmp, reason = "as in Go")]
fn equal(left: &Value, right: &Value) -> Outcome<bool> {
    Ok(match (left, right) {
        (Value::Bool(left), Value::Bool(right)) => left == right,
        (Value::Int(left, _), Value::Int(right, _)) => left == right,
        (Value::Uint(left, _), Value::Uint(right, _)) => left == right,
        (Value::Int(int, _), Value::Uint(uint, _)) | (Value::Uint(uint, _), Value::Int(int, _)) => {
            i128::from(*int) == i128::from(*uint)
        }
        (Value::Float(left), Value::Float(right)) => left == right,
        (Value::Complex(a, b), Value::Complex(c, d)) => a == c && b == d,
        (Value::Text(left), Value::Text(right)) => left == right,
        _ => equal_composites(left, right)?,
    })
}

fn equal_composites(left: &Value, right: &Value) -> Outcome<bool> {
    let (a, b) = (kind(left), kind(right));
    let is_basic = |kind| matches!(kind, Kind::Basic(_));
    if a == Kind::Nil || b == Kind::Nil {
        return Ok(is_nil(left) && is_nil(right));
    }
    let types = || (type_name(left), type_name(right));
    if is_basic(a) || is_basic(b) {
        let (left, right) = types();
        return Err(Fault::new(format!(
            "incompatible types for comparison: {left} and {right}"
        )));
    }
    if a != b {
        let (left, right) = types();
        return Err(Fault::new(format!("non-comparable types {left}, {right}")));
    }
    if is_nil(left) || is_nil(right) {
        return Ok(is_nil(left) && is_nil(right));
    }
    match (left, right) {
        (Value::Version(left), Value::Version(right)) if left.by_value => Ok(left == right),
        (Value::Version(left), Value::Version(right)) => Ok(Rc::ptr_eq(left, right)),
        (Value::Time(left), Value::Time(right)) => Ok(left == right),
        (Value::Certificate(left), Value::Certificate(right)) => {
            Ok(left.cert == right.cert && left.key == right.key)
        }
        (Value::List(_) | Value::Map(_), _) => {
            Err(Fault::new(format!("non-comparable type {}", type_name(right))))
        }
        _ => Ok(false),
    }
}

fn is_nil(value: &Value) -> bool {
    match value {
        Value::Nil => true,
        Value::List(list) => list.is_nil(),
        _ => false,
    }
}

fn less(left: &Value, right: &Value) -> Outcome<bool> {
    let is_basic = |value| matches!(kind(value), Kind::Basic(_));
    if !is_basic(left) || !is_basic(right) {
        return Err(Fault::new("invalid type for comparison"));
    }
    let ordering = match (left, right) {
        (Value::Int(left, _), Value::Int(right, _)) => left.cmp(right),
        (Value::Uint(left, _), Value::Uint(right, _)) => left.cmp(right),
        (Value::Int(left, _), Value::Uint(right, _)) => i128::from(*left).cmp(&i128::from(*right)),
        (Value::Uint(left, _), Value::Int(right, _)) => i128::from(*left).cmp(&i128::from(*right)),
        (Value::Float(left), Value::Float(right)) => left.partial_cmp(right).unwrap_or(Ordering::Greater),
        (Value::Text(left), Value::Text(right)) => left.cmp(right),
        _ if kind(left) == kind(right) => return Err(Fault::new("invalid type for comparison")),
        _ => {
            let (left, right) = (type_name(left), type_name(right));
            return Err(Fault::new(format!(
                "incompatible types for comparison: {left} and {right}"
            )));
        }
    };
    Ok(ordering == Ordering::Less)
}
