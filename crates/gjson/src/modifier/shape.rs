//! Modifiers that rearrange one object or array: `@reverse`, `@flatten`, `@keys`, `@values`.

use std::borrow::Cow;

use crate::limit::{LimitError, MAX_DOCUMENT_DEPTH, Output, Scope};
use crate::scan;
use crate::value::{Kind, Token};

/// The elements or members in reverse order. Anything else stays as it is.
pub(super) fn reverse<'j>(json: &'j [u8], scope: Scope<'_>) -> Cow<'j, [u8]> {
    let Some((root, _)) = Token::parse(json).filter(|(root, _)| root.kind == Kind::Json) else {
        return json.into();
    };
    let mut out = Output::new(scope);
    out.push(if root.is_object() { b"{" } else { b"[" });
    let entries: Vec<_> = root.entries().collect();
    for entry in entries.into_iter().rev() {
        match entry.key {
            Some(key) => {
                out.push_item(key.raw);
                out.push(b":");
                out.push(entry.value.raw);
            }
            None => out.push_item(entry.value.raw),
        }
    }
    out.push(if root.is_object() { b"}" } else { b"]" });
    out.finish().into()
}

/// Puts the elements of child arrays in place of these; with `{"deep":true}` at all levels.
pub(super) fn flatten<'j>(json: &'j [u8], arg: &[u8], scope: Scope<'_>) -> Cow<'j, [u8]> {
    let Some((root, _)) = Token::parse(json).filter(|(root, _)| root.is_array()) else {
        return json.into();
    };
    let deep = super::option(arg, b"deep").is_some_and(Token::truth);
    flatten_array(root, deep, 0, scope).into()
}

fn flatten_array(array: Token<'_>, deep: bool, depth: u16, scope: Scope<'_>) -> Vec<u8> {
    let mut out = Output::new(scope);
    if depth >= MAX_DOCUMENT_DEPTH {
        scope.fail(LimitError::DocumentDepth);
        return Vec::new();
    }
    out.push(b"[");
    for entry in array.entries() {
        let child = entry.value;
        let flat: Cow<'_, [u8]> = if child.is_array() && deep && scope.read(child.raw.len()) {
            flatten_array(child, deep, depth + 1, scope).into()
        } else {
            child.raw.into()
        };
        let items = trim_space(if child.is_array() { unwrap(&flat) } else { &flat });
        if !items.is_empty() {
            out.push_item(items);
        }
    }
    out.push(b"]");
    out.finish()
}

/// The keys of an object; `null` for each element of anything else.
pub(super) fn keys(json: &[u8], scope: Scope<'_>) -> Vec<u8> {
    let mut out = Output::new(scope);
    out.push(b"[");
    if let Some((root, _)) = Token::parse(json) {
        if root.kind != Kind::Json {
            out.push(b"null");
        }
        for entry in root.entries() {
            out.push_item(entry.key.map_or(b"null", |key| key.raw));
        }
    }
    out.push(b"]");
    out.finish()
}

/// The values of an object; a lone value becomes an array, and an array stays as it is.
pub(super) fn values<'j>(json: &'j [u8], scope: Scope<'_>) -> Cow<'j, [u8]> {
    let mut out = Output::new(scope);
    out.push(b"[");
    if let Some((root, _)) = Token::parse(json) {
        if root.is_array() {
            return json.into();
        }
        if root.kind != Kind::Json {
            out.push(root.raw);
        }
        for entry in root.entries() {
            out.push_item(entry.value.raw);
        }
    }
    out.push(b"]");
    out.finish().into()
}

/// The text between the brackets. The last byte goes even where it is no bracket.
pub(super) fn unwrap(json: &[u8]) -> &[u8] {
    match scan::trim(json) {
        [b'[' | b'{', inner @ .., _] => inner,
        other => other,
    }
}

/// Takes off Unicode white space too, which matters in malformed documents only.
fn trim_space(text: &[u8]) -> &[u8] {
    str::from_utf8(text).map_or_else(|_| text.trim_ascii(), |text| text.trim().as_bytes())
}

#[cfg(test)]
mod tests {
    use crate::get;

    #[test]
    fn shapes() {
        for (json, path, want) in [
            ("[1, 2 ,3]", "@reverse", "[3,2,1]"),
            (r#"{"a":1, "b" : 2}"#, "@reverse", r#"{"b":2,"a":1}"#),
            ("5", "@reverse", "5"),
            ("[1,[2],[ ],[3,[4 ]]]", "@flatten", "[1,2,3,[4 ]]"),
            ("[1,[2],[ ],[3,[4 ]]]", r#"@flatten:{"deep":true}"#, "[1,2,3,4]"),
            (r#"{"a":[1]}"#, "@flatten", r#"{"a":[1]}"#),
            (r#"{"a":1,"b\n":2}"#, "@keys", r#"["a","b\n"]"#),
            ("[1,2]", "@keys", "[null,null]"),
            ("\"x\"", "@keys", "[null]"),
            (r#"{"a":1,"b":[2]}"#, "@values", "[1,[2]]"),
            ("[1, 2]", "@values", "[1, 2]"),
            ("true", "@values", "[true]"),
            ("", "@values", "[]"),
        ] {
            assert_eq!(get(json.as_bytes(), path).raw(), want.as_bytes(), "{json} {path}");
        }
    }
}
