//! Texts made of values and of other texts.

use super::Args;
use crate::env::Env;
use crate::fault::{Fault, Outcome};
use crate::unicode;
use crate::value::{Text, Value, runes, strval};

pub(super) fn quote(env: &mut Env, args: Args) -> Outcome {
    spaced(env, args, |text| unicode::quote(&text).into())
}

/// In single quotes, which are not escaped.
pub(super) fn single_quote(env: &mut Env, args: Args) -> Outcome {
    spaced(env, args, |text| [b"'", &*text, b"'"].concat().into())
}

pub(super) fn cat(env: &mut Env, args: Args) -> Outcome {
    spaced(env, args, |text| text)
}

/// All arguments that are not nil, with a space between them.
fn spaced(env: &mut Env, args: Args, wrap: fn(Text) -> Text) -> Outcome {
    let mut out = Vec::new();
    let some = args.rest(0).iter().filter(|value| !matches!(value, Value::Nil));
    for (nth, value) in some.enumerate() {
        let shown = wrap(strval(value)?);
        env.spend(shown.len() + 1)?;
        if nth > 0 {
            out.push(b' ');
        }
        out.extend_from_slice(&shown);
    }
    Ok(Value::text(out))
}

pub(super) fn indent(env: &mut Env, args: Args) -> Outcome {
    Ok(Value::text(indented(env, args, Vec::new())?))
}

pub(super) fn nindent(env: &mut Env, args: Args) -> Outcome {
    Ok(Value::text(indented(env, args, vec![b'\n'])?))
}

/// Every line, even an empty one, with spaces before it.
fn indented(env: &mut Env, args: Args, mut out: Vec<u8>) -> Outcome<Vec<u8>> {
    let (spaces, text) = (count(args.int(0)?)?, args.text(1)?);
    let lines = memchr::memchr_iter(b'\n', text).count() + 1;
    let length = lines.saturating_mul(spaces).saturating_add(text.len());
    env.spend(length)?;
    out.reserve_exact(length);
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        out.resize(out.len() + spaces, b' ');
        out.extend_from_slice(line);
    }
    if text.is_empty() || text.ends_with(b"\n") {
        out.resize(out.len() + spaces, b' ');
    }
    Ok(out)
}

pub(super) fn repeat(env: &mut Env, args: Args) -> Outcome {
    let (count, text) = (count(args.int(0)?)?, args.text(1)?);
    env.spend(count.saturating_mul(text.len()))?;
    Ok(Value::text(text.repeat(count)))
}

fn count(number: i64) -> Outcome<usize> {
    usize::try_from(number).map_err(|_| Fault::new("a negative count"))
}

pub(super) fn replace(env: &mut Env, args: Args) -> Outcome {
    let (old, new, text) = (args.text(0)?, args.text(1)?, args.text(2)?);
    env.spend(text.len())?;
    if old.is_empty() {
        return surrounded(env, new, text);
    }
    let finder = memchr::memmem::Finder::new(&**old);
    let mut out = Vec::with_capacity(text.len());
    let mut end = 0;
    for at in finder.find_iter(text) {
        env.spend(new.len())?;
        out.extend_from_slice(&text[end..at]);
        out.extend_from_slice(new);
        end = at + old.len();
    }
    out.extend_from_slice(&text[end..]);
    Ok(Value::text(out))
}

/// With `new` around each character.
fn surrounded(env: &mut Env, new: &[u8], text: &[u8]) -> Outcome {
    env.spend((runes(text).count() + 1).saturating_mul(new.len()))?;
    let mut out = new.to_vec();
    let mut rest = text;
    while let Some((_, width)) = unicode::decode(rest) {
        out.extend_from_slice(&rest[..width]);
        out.extend_from_slice(new);
        rest = &rest[width..];
    }
    Ok(Value::text(out))
}

#[cfg(test)]
mod tests {
    use crate::functions::testing::check;

    #[test]
    fn quotes() {
        check(&[
            (
                r#"{{ quote "é\xff\u00a0\"" nil 1.0 (list nil "a") | printf "%q" }}"#,
                Some(r#""\"é\\xff\\u00a0\\\"\" \"1\" \"[<nil> a]\"""#),
            ),
            (
                r#"{{ squote "it's" nil (dict "a" nil) | printf "%q" }}"#,
                Some(r#""'it's' 'map[a:<nil>]'""#),
            ),
            (
                r#"{{ cat " a " nil "" (list) 1e6 | printf "%q" }}"#,
                Some(r#"" a   [] 1e+06""#),
            ),
            (r#"{{ quote nil nil | printf "%q" }}"#, Some(r#""""#)),
        ]);
    }

    #[test]
    fn lines_and_replacements() {
        check(&[
            (
                r#"{{ indent 2 "a\n\nb\n" | printf "%q" }}"#,
                Some(r#""  a\n  \n  b\n  ""#),
            ),
            (r#"{{ indent -1 "" | printf "%q" }}"#, None),
            (r#"{{ nindent 0 "" | printf "%q" }}"#, Some(r#""\n""#)),
            (r#"{{ repeat 0 "x" | printf "%q" }}"#, Some(r#""""#)),
            (r#"{{ repeat -1 "" | printf "%q" }}"#, None),
            (
                r#"{{ repeat 9223372036854775807 "" | printf "%q" }}"#,
                Some(r#""""#),
            ),
            (
                r#"{{ replace "" "-" "é\xffa" | printf "%q" }}"#,
                Some(r#""-é-\xff-a-""#),
            ),
            (r#"{{ replace "" "-" "" | printf "%q" }}"#, Some(r#""-""#)),
            (
                r#"{{ replace "aa" "b" "aaaaa" | printf "%q" }}"#,
                Some(r#""bba""#),
            ),
            (
                r#"{{ replace "\x98" "" "☃" | printf "%q" }}"#,
                Some(r#""\xe2\x83""#),
            ),
        ]);
    }
}
