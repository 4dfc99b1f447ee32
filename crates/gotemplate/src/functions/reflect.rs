//! Sprig's `typeOf`, `kindOf` and `toString`.

use super::text::strings;
use super::{Args, Function, Param};
use crate::env::Env;
use crate::fault::Outcome;
use crate::value::{Value, kind_name, strval, type_name};

fn type_of(_: &mut Env, args: Args) -> Outcome {
    Ok(Value::text(type_name(args.any(0)?)))
}

fn type_is(_: &mut Env, args: Args) -> Outcome {
    Ok(Value::Bool(
        args.text(0)?.bytes() == type_name(args.any(1)?).as_bytes(),
    ))
}

/// Also takes the name of what a pointer points to.
fn type_is_like(_: &mut Env, args: Args) -> Outcome {
    let (wanted, name) = (args.text(0)?.bytes(), type_name(args.any(1)?));
    let behind_pointer = name.strip_prefix('*').unwrap_or(name);
    Ok(Value::Bool(
        wanted == name.as_bytes() || wanted == behind_pointer.as_bytes(),
    ))
}

fn kind_of(_: &mut Env, args: Args) -> Outcome {
    Ok(Value::text(kind_name(args.any(0)?)))
}

fn kind_is(_: &mut Env, args: Args) -> Outcome {
    Ok(Value::Bool(
        args.text(0)?.bytes() == kind_name(args.any(1)?).as_bytes(),
    ))
}

fn to_string(env: &mut Env, args: Args) -> Outcome {
    let text = strval(args.any(0)?)?;
    env.spend(text.len())?;
    Ok(Value::Text(text))
}

fn to_strings(env: &mut Env, args: Args) -> Outcome {
    strings(env, args.any(0)?).map(Value::texts)
}

pub(super) const TABLE: &[Function] = &[
    Function::new("typeOf", &[Param::Any], type_of),
    Function::new("typeIs", &[Param::Text, Param::Any], type_is),
    Function::new("typeIsLike", &[Param::Text, Param::Any], type_is_like),
    Function::new("kindOf", &[Param::Any], kind_of),
    Function::new("kindIs", &[Param::Text, Param::Any], kind_is),
    Function::new("toString", &[Param::Any], to_string),
    Function::new("toStrings", &[Param::Any], to_strings),
];
