//! Modifiers: path segments such as `@reverse` that turn a document into another one.

mod dig;
mod join;
mod order;
mod pretty;
mod shape;

use std::borrow::Cow;

use crate::limit::{Output, Scope};
use crate::scan;
use crate::text;
use crate::valid::is_valid;
use crate::value::Token;

/// The modifiers there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Modifier {
    Dig,
    Flatten,
    FromStr,
    Group,
    Join,
    Keys,
    Pretty,
    Reverse,
    This,
    ToStr,
    Ugly,
    Valid,
    Values,
}

impl Modifier {
    pub(crate) fn named(name: &[u8]) -> Option<Self> {
        Some(match name {
            b"dig" => Self::Dig,
            b"flatten" => Self::Flatten,
            b"fromstr" => Self::FromStr,
            b"group" => Self::Group,
            b"join" => Self::Join,
            b"keys" => Self::Keys,
            b"pretty" => Self::Pretty,
            b"reverse" => Self::Reverse,
            b"this" => Self::This,
            b"tostr" => Self::ToStr,
            b"ugly" => Self::Ugly,
            b"valid" => Self::Valid,
            b"values" => Self::Values,
            _ => return None,
        })
    }

    fn run<'j>(self, json: &'j [u8], arg: &[u8], scope: Scope<'_>) -> Cow<'j, [u8]> {
        match self {
            Self::Dig => dig::dig(json, arg, scope).into(),
            Self::Flatten => shape::flatten(json, arg, scope),
            Self::FromStr if is_valid(json) => Token::parse(json).map(|(t, _)| t.text()).unwrap_or_default(),
            Self::Group => join::group(json, scope).into(),
            Self::Join => join::join(json, arg, scope),
            Self::Keys => shape::keys(json, scope).into(),
            Self::Pretty => pretty::pretty(json, arg, scope).into(),
            Self::Reverse => shape::reverse(json, scope),
            Self::This => json.into(),
            Self::ToStr => to_str(json, scope).into(),
            Self::Ugly => ugly(json).into(),
            Self::Valid if is_valid(json) => json.into(),
            Self::Values => shape::values(json, scope),
            Self::FromStr | Self::Valid => Cow::default(),
        }
    }
}

/// Applies the modifier that `path` starts with. Returns what it makes of the document and the rest of the
/// path, or nothing if there is no such modifier.
pub(crate) fn apply<'j, 'p>(
    json: &'j [u8],
    path: &'p [u8],
    scope: Scope<'_>,
) -> Option<(Cow<'j, [u8]>, &'p [u8])> {
    let text = &path[1..];
    let end = text
        .iter()
        .position(|b| matches!(b, b':' | b'|' | b'.'))
        .unwrap_or(text.len());
    let modifier = Modifier::named(&text[..end])?;
    let (arg, rest) = match text.get(end) {
        Some(b':') => split_argument(&text[end + 1..]),
        _ => (b"".as_slice(), &text[end..]),
    };
    // Every modifier reads the whole document at least once.
    let read = modifier == Modifier::This || scope.read(json.len());
    let document = if read {
        modifier.run(json, arg, scope)
    } else {
        Cow::default()
    };
    Some((document, rest))
}

/// An argument is a JSON value, or else everything up to the next pipe outside of brackets and quotes.
fn split_argument(text: &[u8]) -> (&[u8], &[u8]) {
    if let Some(b'{' | b'[' | b'"') = text.first() {
        return text.split_at(scan::balanced(text).len());
    }
    let mut i = 0;
    while let Some(&byte) = text.get(i) {
        match byte {
            b'|' => break,
            b'{' | b'[' | b'"' | b'(' => i += scan::balanced(&text[i..]).len(),
            _ => i += 1,
        }
    }
    text.split_at(i)
}

/// The value of an option in a modifier's argument; the last one if it is repeated.
fn option<'a>(arg: &'a [u8], name: &[u8]) -> Option<Token<'a>> {
    let (options, _) = Token::parse(arg)?;
    let named = |key: Option<Token<'_>>| key.is_some_and(|key| *key.text() == *name);
    options
        .entries()
        .filter(|entry| named(entry.key))
        .last()
        .map(|entry| entry.value)
}

fn to_str(json: &[u8], scope: Scope<'_>) -> Vec<u8> {
    let mut out = Output::new(scope);
    out.push(&text::quote(json));
    out.finish()
}

/// Drops everything outside of strings that is not visible.
fn ugly(json: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(json.len());
    let mut i = 0;
    while let Some(&byte) = json.get(i) {
        let end = match byte {
            b'"' => scan::string_end(json, i + 1).unwrap_or(json.len()),
            _ => i + 1,
        };
        if byte > b' ' {
            out.extend_from_slice(&json[i..end]);
        }
        i = end;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_end_where_the_path_goes_on() {
        for (text, arg, rest) in [
            (r#"{"a":"|"}|b"#, r#"{"a":"|"}"#, "|b"),
            (r#""a.b".c"#, r#""a.b""#, ".c"),
            ("a.b|c", "a.b", "|c"),
            ("a.#(b|c)|d", "a.#(b|c)", "|d"),
            ("", "", ""),
            ("{", "{", ""),
        ] {
            assert_eq!(
                split_argument(text.as_bytes()),
                (arg.as_bytes(), rest.as_bytes()),
                "{text}"
            );
        }
    }

    #[test]
    fn ugly_keeps_strings() {
        assert_eq!(
            ugly(b" { \"a b\" : [ 1 , \"\\\" \" ] } "),
            b"{\"a b\":[1,\"\\\" \"]}"
        );
        assert_eq!(ugly(b"[ \"open "), b"[\"open ");
    }
}
