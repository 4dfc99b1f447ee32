//! Paths into an object that is no Secret, such as `spec.rules[0].name`.

use serde_json::{Map, Value};

use crate::engine::problem::Problem;

/// The largest index. What a path leads past is filled with nulls.
const MAX_INDEX: usize = 10_000;

/// In segments, which is how deep an object can become.
const MAX_LENGTH: usize = 64;

/// A way through maps and arrays. It begins with a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Path(Vec<Segment>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Segment {
    Key(String),
    Index(usize),
}

impl Path {
    pub(super) fn parse(text: &str) -> Result<Self, Problem> {
        let segments = segments(text).filter(|segments| segments.len() <= MAX_LENGTH);
        segments
            .map(Self)
            .ok_or_else(|| bad(format!("invalid path {text:?}")))
    }

    /// Its name, if it leads to a member of the object itself.
    pub(super) fn as_member(&self) -> Option<&str> {
        match self.0.as_slice() {
            [Segment::Key(name)] => Some(name),
            _ => None,
        }
    }

    /// What the path leads to. Maps and arrays that are missing on the way are made; anything else in the way is an
    /// error.
    pub(super) fn entry<'v>(&self, object: &'v mut Value) -> Result<&'v mut Value, Problem> {
        self.0.iter().try_fold(object, |node, segment| match segment {
            Segment::Key(key) => member(node, key),
            Segment::Index(index) => element(node, *index),
        })
    }
}

/// `None`: the text is no path.
fn segments(text: &str) -> Option<Vec<Segment>> {
    let mut segments = Vec::new();
    for part in text.split('.') {
        let (name, mut indices) = part.split_at(part.find('[').unwrap_or(part.len()));
        if name.is_empty() && (indices.is_empty() || segments.is_empty()) {
            return None;
        }
        if !name.is_empty() {
            segments.push(Segment::Key(name.to_owned()));
        }
        while !indices.is_empty() {
            let (digits, rest) = indices.strip_prefix('[')?.split_once(']')?;
            segments.push(Segment::Index(index(digits)?));
            indices = rest;
        }
    }
    Some(segments)
}

fn index(digits: &str) -> Option<usize> {
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let index = digits.parse().ok().filter(|_| is_number)?;
    (index <= MAX_INDEX).then_some(index)
}

fn member<'v>(node: &'v mut Value, key: &str) -> Result<&'v mut Value, Problem> {
    if node.is_null() {
        *node = Value::Object(Map::new());
    }
    match node {
        Value::Object(members) => Ok(members.entry(key).or_insert(Value::Null)),
        _ => Err(bad(format!("expected map at key {key:?}"))),
    }
}

fn element(node: &mut Value, index: usize) -> Result<&mut Value, Problem> {
    if node.is_null() {
        *node = Value::Array(Vec::new());
    }
    let expected = || bad(format!("expected array at index {index}"));
    let Value::Array(elements) = node else {
        return Err(expected());
    };
    if elements.len() <= index {
        elements.resize(index + 1, Value::Null);
    }
    elements.get_mut(index).ok_or_else(expected)
}

fn bad(why: String) -> Problem {
    Problem::BadData { why }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn paths_begin_with_a_key_and_have_no_gaps() {
        for sound in ["a", "a.b", "a[0]", "a.[0]", "a[00].b c[10000]", "é.-"] {
            assert!(Path::parse(sound).is_ok(), "{sound}");
        }
        for odd in [
            "", ".", ".a", "a.", "a..b", "[0]", "a[", "a[0", "a[]", "a[x]", "a[ 1]", "a[-1]", "a[+1]",
            "a[0]b", "a[10001]", "a[0]]",
        ] {
            assert!(Path::parse(odd).is_err(), "{odd}");
        }
        assert!(Path::parse(&["a"; MAX_LENGTH].join(".")).is_ok());
        assert!(Path::parse(&["a"; MAX_LENGTH + 1].join(".")).is_err());
    }

    #[test]
    fn what_is_missing_on_the_way_is_made() {
        let mut object = json!({"a": {"b": [1]}, "n": null});
        for (path, value) in [("a.b[2].c", json!(5)), ("n[0][1]", json!("x")), ("z", json!([]))] {
            *Path::parse(path)
                .and_then(|path| path.entry(&mut object).cloned().map(|_| path))
                .expect("a path")
                .entry(&mut object)
                .expect("an entry") = value;
        }
        assert_eq!(
            object,
            json!({"a": {"b": [1, null, {"c": 5}]}, "n": [[null, "x"]], "z": []})
        );
    }

    #[test]
    fn what_stands_in_the_way_is_named() {
        let mut object = json!({"a": {"b": "text"}});
        for (path, why) in [
            ("a.b.c", "expected map at key \"c\""),
            ("a[1]", "expected array at index 1"),
            ("a.b[0]", "expected array at index 0"),
        ] {
            let problem = Path::parse(path)
                .expect("a path")
                .entry(&mut object)
                .expect_err("blocked");
            assert!(problem.to_string().contains(why), "{path}: {problem}");
        }
    }
}
