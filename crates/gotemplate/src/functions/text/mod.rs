//! Texts.

use super::Param::{Any, Int, Text};
use super::{Args, Function};
use crate::env::Env;
use crate::fault::{Fault, Outcome};
use crate::value::Value;

mod case;
mod compose;
mod cut;
mod split;
mod words;
mod wrap;

pub(super) use split::strings;

pub(super) const TABLE: &[Function] = &[
    Function::new("abbrev", &[Int, Text], cut::abbrev),
    Function::new("abbrevboth", &[Int, Int, Text], cut::abbrev_both),
    Function::new("camelcase", &[Text], |env, args| {
        mapped(env, args, words::camel_case)
    }),
    Function::new("cat", &[], compose::cat).variadic(Any),
    Function::new("contains", &[Text, Text], |env, args| {
        env.spend(args.text(1)?.len())?;
        Ok(Value::Bool(
            memchr::memmem::find(args.text(1)?, args.text(0)?).is_some(),
        ))
    }),
    Function::new("fail", &[Text], |_, args| {
        Err(Fault::Chosen(args.text(0)?.clone()))
    }),
    Function::new("hasPrefix", &[Text, Text], |_, args| {
        Ok(Value::Bool(args.text(1)?.starts_with(args.text(0)?)))
    }),
    Function::new("hasSuffix", &[Text, Text], |_, args| {
        Ok(Value::Bool(args.text(1)?.ends_with(args.text(0)?)))
    }),
    Function::new("hello", &[], |_, _| Ok(Value::text("Hello!"))),
    Function::new("indent", &[Int, Text], compose::indent),
    Function::new("initials", &[Text], |env, args| {
        mapped(env, args, words::initials)
    }),
    Function::new("join", &[Text, Any], split::join),
    Function::new("kebabcase", &[Text], |env, args| {
        mapped(env, args, |text| words::snake_case(text, b'-'))
    }),
    Function::new("lower", &[Text], |env, args| mapped(env, args, case::lower)),
    Function::new("nindent", &[Int, Text], compose::nindent),
    Function::new("nospace", &[Text], |env, args| mapped(env, args, words::no_space)),
    Function::new("plural", &[Text, Text, Int], |_, args| {
        let nth = usize::from(args.int(2)? != 1);
        Ok(Value::Text(args.text(nth)?.clone()))
    }),
    Function::new("quote", &[], compose::quote).variadic(Any),
    Function::new("repeat", &[Int, Text], compose::repeat),
    Function::new("replace", &[Text, Text, Text], compose::replace),
    Function::new("snakecase", &[Text], |env, args| {
        mapped(env, args, |text| words::snake_case(text, b'_'))
    }),
    Function::new("sortAlpha", &[Any], split::sort_alpha),
    Function::new("split", &[Text, Text], split::split),
    Function::new("splitList", &[Text, Text], split::split_list),
    Function::new("splitn", &[Text, Int, Text], split::split_n),
    Function::new("squote", &[], compose::single_quote).variadic(Any),
    Function::new("substr", &[Int, Int, Text], cut::substr),
    Function::new("swapcase", &[Text], |env, args| mapped(env, args, case::swap)),
    Function::new("title", &[Text], |env, args| mapped(env, args, case::title)),
    Function::new("trim", &[Text], |env, args| part(env, args, 0, cut::trim)),
    Function::new("trimAll", &[Text, Text], trim_all),
    Function::new("trimPrefix", &[Text, Text], |env, args| {
        let prefix = args.text(0)?;
        part(env, args, 1, |text| text.strip_prefix(&**prefix).unwrap_or(text))
    }),
    Function::new("trimSuffix", &[Text, Text], |env, args| {
        let suffix = args.text(0)?;
        part(env, args, 1, |text| text.strip_suffix(&**suffix).unwrap_or(text))
    }),
    Function::new("trimall", &[Text, Text], trim_all),
    Function::new("trunc", &[Int, Text], |env, args| {
        let count = args.int(0)?;
        part(env, args, 1, |text| cut::truncated(count, text))
    }),
    Function::new("untitle", &[Text], |env, args| mapped(env, args, case::untitle)),
    Function::new("upper", &[Text], |env, args| mapped(env, args, case::upper)),
    Function::new("wrap", &[Int, Text], wrap::wrap),
    Function::new("wrapWith", &[Int, Text, Text], wrap::wrap_with),
];

fn trim_all(env: &mut Env, args: Args) -> Outcome {
    let unwanted = args.text(0)?;
    env.spend(unwanted.len())?;
    part(env, args, 1, |text| cut::trim_all(text, unwanted))
}

/// What `map` makes of the first argument; it is about as long.
fn mapped(env: &mut Env, args: Args, map: fn(&[u8]) -> Vec<u8>) -> Outcome {
    let text = args.text(0)?;
    env.spend(text.len())?;
    Ok(Value::text(map(text)))
}

/// A part of the `nth` argument.
fn part(env: &mut Env, args: Args, nth: usize, find: impl FnOnce(&[u8]) -> &[u8]) -> Outcome {
    let text = args.text(nth)?;
    env.spend(text.len())?;
    Ok(Value::text(find(text)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::functions::testing::call;
    use crate::value::Value;

    proptest! {
        #[test]
        fn no_bytes_are_too_odd(text in proptest::collection::vec(any::<u8>(), 0..40), number: i64, near in -9..9i64) {
            let value = Value::text(text);
            for function in super::TABLE {
                for number in [number, near].map(Value::int) {
                    let args: Vec<Value> = (function.params.iter())
                        .map(|param| if *param == super::Int { number.clone() } else { value.clone() })
                        .collect();
                    let _ = call(function.name, &args);
                }
            }
        }
    }
}
