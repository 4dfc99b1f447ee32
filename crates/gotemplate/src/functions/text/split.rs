//! Texts to lists and back.

use super::Args;
use crate::env::Env;
use crate::fault::Outcome;
use crate::unicode;
use crate::value::{ListType, Map, MapType, Text, Value, strval};

pub(super) fn split_list(env: &mut Env, args: Args) -> Outcome {
    let (separator, text) = (args.text(0)?, args.text(1)?);
    Ok(Value::texts(pieces(env, separator, text, usize::MAX)?))
}

pub(super) fn split(env: &mut Env, args: Args) -> Outcome {
    let (separator, text) = (args.text(0)?, args.text(1)?);
    Ok(numbered(pieces(env, separator, text, usize::MAX)?))
}

/// At most that many pieces, the last of them with all that is left.
pub(super) fn split_n(env: &mut Env, args: Args) -> Outcome {
    let (separator, most, text) = (args.text(0)?, args.int(1)?, args.text(2)?);
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    Ok(numbered(pieces(env, separator, text, most)?))
}

fn numbered(pieces: Vec<&[u8]>) -> Value {
    let key = |nth: usize| Text::from(format!("_{nth}"));
    let entries = pieces.into_iter().enumerate();
    Value::Map(Map::new(
        MapType::Text,
        entries.map(|(nth, piece)| (key(nth), Value::text(piece))),
    ))
}

/// Without a separator the pieces are the characters, of which an empty text has none.
fn pieces<'t>(env: &mut Env, separator: &[u8], text: &'t [u8], most: usize) -> Outcome<Vec<&'t [u8]>> {
    env.spend(text.len())?;
    let mut pieces = Vec::new();
    if most == 0 {
        return Ok(pieces);
    }
    let finder = memchr::memmem::Finder::new(separator);
    let mut rest = text;
    while pieces.len() < most - 1 {
        let (end, next) = if separator.is_empty() {
            match unicode::decode(rest) {
                Some((_, width)) if width < rest.len() => (width, width),
                _ => break,
            }
        } else {
            match finder.find(rest) {
                Some(at) => (at, at + separator.len()),
                None => break,
            }
        };
        env.spend_items(2)?; // with a key, maybe
        pieces.push(&rest[..end]);
        rest = &rest[next..];
    }
    if !(separator.is_empty() && text.is_empty()) {
        pieces.push(rest);
    }
    Ok(pieces)
}

pub(super) fn join(env: &mut Env, args: Args) -> Outcome {
    let separator = args.text(0)?;
    let mut out = Vec::new();
    for (nth, text) in strings(env, args.any(1)?)?.into_iter().enumerate() {
        if nth > 0 {
            env.spend(separator.len())?;
            out.extend_from_slice(separator);
        }
        out.extend_from_slice(&text);
    }
    Ok(Value::text(out))
}

/// In the order of their bytes. What is no list is a list of one; a list of strings is itself put in order.
pub(super) fn sort_alpha(env: &mut Env, args: Args) -> Outcome {
    match args.any(0)? {
        Value::List(list) if list.kind() == ListType::Text => {
            env.spend_items(list.items().len())?;
            list.sort();
            Ok(Value::List(list.clone()))
        }
        value @ Value::List(_) => {
            let mut texts = strings(env, value)?;
            texts.sort_unstable();
            Ok(Value::texts(texts))
        }
        value => {
            env.spend_items(1)?;
            Ok(Value::texts([strval(value)?]))
        }
    }
}

/// The items that are not nil as texts; nil has none, and any other value is its own only item.
pub(crate) fn strings(env: &mut Env, value: &Value) -> Outcome<Vec<Text>> {
    let items = match value {
        Value::List(list) => list.items(),
        value => std::slice::from_ref(value),
    };
    let mut texts = Vec::new();
    for item in items.iter().filter(|item| !matches!(item, Value::Nil)) {
        let text = strval(item)?;
        env.spend(text.len())?;
        env.spend_items(1)?;
        texts.push(text);
    }
    Ok(texts)
}

#[cfg(test)]
mod tests {
    use crate::functions::testing::check;

    #[test]
    fn pieces() {
        check(&[
            (r#"{{ splitList "" "" | printf "%#v" }}"#, Some("[]string{}")),
            (
                r#"{{ splitList "" "é\xffa" | printf "%#v" }}"#,
                Some(r#"[]string{"é", "\xff", "a"}"#),
            ),
            (r#"{{ split "" "" | printf "%#v" }}"#, Some("map[string]string{}")),
            (
                r#"{{ split "" "ab" | printf "%#v" }}"#,
                Some(r#"map[string]string{"_0":"a", "_1":"b"}"#),
            ),
            (
                r#"{{ splitn "" 2 "abc" | printf "%#v" }}"#,
                Some(r#"map[string]string{"_0":"a", "_1":"bc"}"#),
            ),
            (
                r#"{{ splitn "," 0 "a,b" | printf "%#v" }}"#,
                Some("map[string]string{}"),
            ),
            (
                r#"{{ splitn "," 1 "a,b" | printf "%#v" }}"#,
                Some(r#"map[string]string{"_0":"a,b"}"#),
            ),
            (
                r#"{{ splitn "," -1 "a,,b" | printf "%#v" }}"#,
                Some(r#"map[string]string{"_0":"a", "_1":"", "_2":"b"}"#),
            ),
            (
                r#"{{ splitn "" 9 "ab" | printf "%#v" }}"#,
                Some(r#"map[string]string{"_0":"a", "_1":"b"}"#),
            ),
            (
                r#"{{ splitList "aa" "aaaaa" | printf "%#v" }}"#,
                Some(r#"[]string{"", "", "a"}"#),
            ),
        ]);
    }

    #[test]
    fn joins_and_sorts() {
        check(&[
            (
                r#"{{ join "-" (list 1 nil "a" (list 2 nil)) | printf "%q" }}"#,
                Some(r#""1-a-[2 <nil>]""#),
            ),
            (r#"{{ join "-" "a" | printf "%q" }}"#, Some(r#""a""#)),
            (r#"{{ join "-" nil | printf "%q" }}"#, Some(r#""""#)),
            (
                r#"{{ join "-" (chunk 1 (list 1 2)) | printf "%q" }}"#,
                Some(r#""[1]-[2]""#),
            ),
            (
                r#"{{ sortAlpha (list 10 9 nil "é" "Z") | printf "%#v" }}"#,
                Some(r#"[]string{"10", "9", "Z", "é"}"#),
            ),
            (
                r#"{{ sortAlpha nil | printf "%#v" }}"#,
                Some(r#"[]string{"<nil>"}"#),
            ),
            (
                r#"{{ sortAlpha (dict) | printf "%#v" }}"#,
                Some(r#"[]string{"map[]"}"#),
            ),
            (
                r#"{{ $l := splitList "," "b,a" }}{{ $s := sortAlpha $l }}{{ $l }}{{ first $l }}"#,
                Some("[a b]a"),
            ),
        ]);
    }
}
