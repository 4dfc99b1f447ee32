//! Sprig's `typeOf`, `kindOf` and `toString`.

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

/// The texts of a list without its nils, or of the one value that is no list.
fn to_strings(env: &mut Env, args: Args) -> Outcome {
    let value = args.any(0)?;
    let items = value.items().unwrap_or(std::slice::from_ref(value));
    let mut texts = Vec::new();
    for item in items.iter().filter(|item| !matches!(item, Value::Nil)) {
        let text = strval(item)?;
        env.spend(text.len() + 1)?;
        texts.push(text);
    }
    Ok(Value::texts(texts))
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
