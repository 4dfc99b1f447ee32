//! Modifiers between many objects and one: `@join` and `@group`.

use std::borrow::Cow;
use std::collections::HashMap;

use super::shape::unwrap;
use crate::limit::{Output, Scope};
use crate::value::Token;

/// Makes one object of all objects in an array. A repeated key keeps its first place and its last value;
/// with `{"preserve":true}` all members stay.
pub(super) fn join<'j>(json: &'j [u8], arg: &[u8], scope: Scope<'_>) -> Cow<'j, [u8]> {
    let Some((root, _)) = Token::parse(json).filter(|(root, _)| root.is_array()) else {
        return json.into();
    };
    let objects = root
        .entries()
        .map(|entry| entry.value)
        .filter(|value| value.is_object());
    let mut out = Output::new(scope);
    out.push(b"{");
    if super::option(arg, b"preserve").is_some_and(Token::truth) {
        for (i, object) in objects.enumerate() {
            out.push(if i > 0 { b"," } else { b"" });
            out.push(unwrap(object.raw));
        }
    } else {
        for (key, value) in distinct(objects) {
            out.push_item(key.raw);
            out.push(b":");
            out.push(value.raw);
        }
    }
    out.push(b"}");
    out.finish().into()
}

fn distinct<'j>(objects: impl Iterator<Item = Token<'j>>) -> Vec<(Token<'j>, Token<'j>)> {
    let mut members: Vec<(Token<'_>, Token<'_>)> = Vec::new();
    let mut places: HashMap<Cow<'_, [u8]>, usize> = HashMap::new();
    for entry in objects.flat_map(Token::entries) {
        let Some(key) = entry.key else { continue };
        let place = *places.entry(key.text()).or_insert(members.len());
        match members.get_mut(place) {
            Some(member) => member.1 = entry.value,
            None => members.push((key, entry.value)),
        }
    }
    members
}

/// Turns an object of arrays into an array of objects. Anything but an object becomes nothing.
pub(super) fn group(json: &[u8], scope: Scope<'_>) -> Vec<u8> {
    let Some((root, _)) = Token::parse(json).filter(|(root, _)| root.is_object()) else {
        return Vec::new();
    };
    let mut objects: Vec<Output<'_>> = Vec::new();
    for entry in root.entries().filter(|entry| entry.value.is_array()) {
        let Some(key) = entry.key else { continue };
        for (i, element) in entry.value.entries().enumerate() {
            if i == objects.len() {
                objects.push(Output::new(scope));
                objects[i].push(b"{");
            }
            objects[i].push_item(key.raw);
            objects[i].push(b":");
            objects[i].push(element.value.raw);
        }
    }
    let mut out = Output::new(scope);
    out.push(b"[");
    for mut object in objects {
        object.push(b"}");
        out.push_item(object.as_bytes());
    }
    out.push(b"]");
    out.finish()
}

#[cfg(test)]
mod tests {
    use crate::get;

    #[test]
    fn joins_and_groups() {
        for (json, path, want) in [
            (r#"[{"a":1,"b":2},{"a":3},7]"#, "@join", r#"{"a":3,"b":2}"#),
            (
                r#"[{"a":1},{"a":3}]"#,
                r#"@join:{"preserve":true}"#,
                r#"{"a":1,"a":3}"#,
            ),
            (r#"[{},{"a":3}]"#, r#"@join:{"preserve":true}"#, r#"{,"a":3}"#),
            (r#"[{"\u0061":1},{"a":3}]"#, "@join", r#"{"\u0061":3}"#),
            (r#"{"a":1}"#, "@join", r#"{"a":1}"#),
            (
                r#"{"a":[1,2],"b":["x"],"c":3}"#,
                "@group",
                r#"[{"a":1,"b":"x"},{"a":2}]"#,
            ),
            ("[1]", "@group", ""),
        ] {
            assert_eq!(get(json.as_bytes(), path).raw(), want.as_bytes(), "{json} {path}");
        }
    }
}
