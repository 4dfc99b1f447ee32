//! Applying a whole path to a document.

use std::borrow::Cow;

use crate::limit::Scope;
use crate::modifier;
use crate::multipath;
use crate::scan;
use crate::value::{Token, Value};
use crate::walk::{Found, Place, Walk};

/// What one step of a path comes to.
enum Step<'j, 'p> {
    Done(Found<'j>),
    /// Carry on with the rest of the path in another document.
    Then(Cow<'j, [u8]>, &'p [u8]),
}

/// Follows `path` through `json`. Pipes, modifiers and multipaths replace the document on the way; this is a
/// loop, so that only paths inside paths take stack.
pub(crate) fn evaluate<'j>(json: &'j [u8], path: &[u8], scope: Scope<'_>) -> Found<'j> {
    let mut document = Cow::Borrowed(json);
    let mut path = path;
    let mut original = true;
    while scope.read(path.len()) {
        let step = match &document {
            Cow::Borrowed(json) => step(json, path, scope),
            Cow::Owned(json) => match step(json, path, scope) {
                Step::Done(found) => Step::Done(found.into_owned()),
                Step::Then(document, path) => Step::Then(Cow::Owned(document.into_owned()), path),
            },
        };
        match step {
            Step::Done(found) if original => return found,
            Step::Done(found) => {
                return Found {
                    place: Place::Nowhere,
                    ..found
                };
            }
            Step::Then(next, rest) => (document, path, original) = (next, rest, false),
        }
    }
    Found::ABSENT
}

fn step<'j, 'p>(json: &'j [u8], path: &'p [u8], scope: Scope<'_>) -> Step<'j, 'p> {
    let mut path = path;
    if path.len() > 1 {
        let replaced = match path[0] {
            b'@' => modifier::apply(json, path, scope),
            b'!' => literal(path).map(|(text, rest)| (Cow::Owned(text.to_vec()), rest)),
            _ => None,
        };
        if let Some((document, rest)) = replaced {
            return match rest.first() {
                Some(b'.' | b'|') => Step::Then(document, &rest[1..]),
                _ => Step::Done(parse(json, document)),
            };
        }
        if let b'[' | b'{' = path[0] {
            match multipath::parse(path) {
                Some((selectors, [])) => {
                    return Step::Done(Found::made(Value::made(selectors.apply(json, scope))));
                }
                Some((selectors, [b'.' | b'|', rest @ ..])) => {
                    return Step::Then(Cow::Owned(selectors.apply(json, scope)), rest);
                }
                // What is no multipath after all is searched for what stands behind it.
                Some((_, rest)) => path = rest,
                None => path = b"",
            }
        }
    }
    search(json, path, scope)
}

fn search<'j, 'p>(json: &'j [u8], path: &'p [u8], scope: Scope<'_>) -> Step<'j, 'p> {
    let mut walk = Walk::new(json, scope);
    match path.strip_prefix(b"..") {
        Some(path) => walk.lines(path),
        None => walk.document(path),
    }
    match walk.pipe {
        Some(pipe) => Step::Then(walk.found.value.into_raw(), pipe),
        None => Step::Done(walk.found),
    }
}

/// The value that a modifier or literal made of `json`. It has a place there only if nothing was changed.
fn parse<'j>(json: &'j [u8], document: Cow<'j, [u8]>) -> Found<'j> {
    match document {
        Cow::Borrowed(same) if same.len() == json.len() => {
            Token::parse(same).map_or(Found::ABSENT, |(token, start)| Found::at(token, start))
        }
        Cow::Borrowed(part) => Found::made(Value::parse(part)),
        Cow::Owned(new) => Found::made(Value::parse(&new).into_owned()),
    }
}

/// The JSON text that a path such as `!"text"` stands for, and the rest of the path.
fn literal(path: &[u8]) -> Option<(&[u8], &[u8])> {
    let text = &path[1..];
    if let Some(b'{' | b'[' | b'"' | b'+' | b'-' | b'0'..=b'9') = text.first() {
        // Whatever comes first is taken for an opening bracket, so that a string or number reaches up to the
        // next closing one or to the end.
        let (literal, end) = scan::container(text, 0);
        return Some((literal, text.get(end..).unwrap_or_default()));
    }
    let end = text
        .iter()
        .position(|b| matches!(b, b'.' | b'|'))
        .unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    let known = [b"true".as_slice(), b"false", b"null", b"nan", b"inf"];
    known
        .iter()
        .any(|word| name.eq_ignore_ascii_case(word))
        .then_some((name, rest))
}
