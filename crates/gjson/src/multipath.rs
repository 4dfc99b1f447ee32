//! Multipaths: several paths at once, gathered into a new array or object.

use crate::evaluate::evaluate;
use crate::limit::{Output, Scope};
use crate::path::skip_quoted;
use crate::text;
use crate::valid::is_valid;

/// One entry of a multipath.
#[derive(Debug, PartialEq, Eq)]
struct Selector<'p> {
    /// The name in front of the colon, possibly quoted; empty if there is none.
    name: &'p [u8],
    path: &'p [u8],
}

/// A parsed multipath.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Selectors<'p> {
    object: bool,
    list: Vec<Selector<'p>>,
}

/// Parses the multipath that `path` starts with, and returns what follows it.
pub(crate) fn parse(path: &[u8]) -> Option<(Selectors<'_>, &[u8])> {
    let mut list = Vec::new();
    let (mut start, mut colon, mut modifier, mut depth) = (1, None, false, 1);
    let mut i = 1;
    while let Some(&byte) = path.get(i) {
        match byte {
            b'\\' => i += 1,
            b'"' => i = skip_quoted(path, i),
            // The colon behind a modifier starts its argument.
            b'@' => modifier |= matches!(path[i - 1], b'.' | b'|'),
            b':' if depth == 1 && colon.is_none() && !modifier => colon = Some(i),
            b'[' | b'(' | b'{' => depth += 1,
            b',' if depth == 1 => {
                list.push(selector(path, start, colon, i));
                (start, colon, modifier) = (i + 1, None, false);
            }
            b']' | b')' | b'}' => {
                depth -= 1;
                if depth == 0 {
                    list.push(selector(path, start, colon, i));
                    return Some((
                        Selectors {
                            object: path[0] == b'{',
                            list,
                        },
                        &path[i + 1..],
                    ));
                }
            }
            _ => {}
        }
        i += 1;
    }
    None
}

fn selector(path: &[u8], start: usize, colon: Option<usize>, end: usize) -> Selector<'_> {
    match colon {
        Some(colon) => Selector {
            name: &path[start..colon],
            path: &path[colon + 1..end],
        },
        None => Selector {
            name: b"",
            path: &path[start..end],
        },
    }
}

impl Selectors<'_> {
    /// The object or array made of what the paths find in `json`. What does not exist is left out.
    pub(crate) fn apply(&self, json: &[u8], scope: Scope<'_>) -> Vec<u8> {
        let mut out = Output::new(scope);
        out.push(if self.object { b"{" } else { b"[" });
        let Some(scope) = scope.deeper() else {
            return Vec::new();
        };
        for selector in &self.list {
            let value = evaluate(json, selector.path, scope).value;
            if !value.exists() {
                continue;
            }
            if self.object {
                out.push_item(&selector.key());
                out.push(b":");
                out.push(value.raw());
            } else {
                out.push_item(value.raw());
            }
        }
        out.push(if self.object { b"}" } else { b"]" });
        out.finish()
    }
}

impl Selector<'_> {
    /// The quoted key: the given name, else the last segment of the path, else an underscore.
    fn key(&self) -> Vec<u8> {
        if self.name.starts_with(b"\"") && is_valid(self.name) {
            return self.name.to_vec();
        }
        if !self.name.is_empty() {
            return text::quote(self.name);
        }
        let last = last_segment(self.path);
        text::quote(if is_simple(last) { last } else { b"_" })
    }
}

fn last_segment(path: &[u8]) -> &[u8] {
    let separator = |&i: &usize| matches!(path[i], b'.' | b'|') && (i == 0 || path[i - 1] != b'\\');
    (0..path.len())
        .rev()
        .find(separator)
        .map_or(path, |i| &path[i + 1..])
}

fn is_simple(segment: &[u8]) -> bool {
    let special = |b: &u8| {
        matches!(
            b,
            0..=0x1f | b'[' | b']' | b'{' | b'}' | b'(' | b')' | b'#' | b'|' | b'!'
        )
    };
    !segment.iter().any(special)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn multipaths_split_at_top_level_commas() {
        for (path, want, rest) in [
            ("{a,b.c}.d", &[("", "a"), ("", "b.c")][..], ".d"),
            ("[]", &[("", "")], ""),
            (
                r#"{"x,y":a,z:b.@dig:c}"#,
                &[("\"x,y\"", "a"), ("z", "b.@dig:c")],
                "",
            ),
            (
                "[a.@dig:c,{b,c},#(d==1,e)]|0",
                &[("", "a.@dig:c"), ("", "{b,c}"), ("", "#(d==1,e)")],
                "|0",
            ),
            (r"{a\,b}", &[("", r"a\,b")], ""),
        ] {
            let (selectors, remaining) = parse(path.as_bytes()).expect(path);
            let got: Vec<_> = selectors.list.iter().map(|s| (s.name, s.path)).collect();
            let want: Vec<_> = want.iter().map(|(n, p)| (n.as_bytes(), p.as_bytes())).collect();
            assert_eq!((got, remaining), (want, rest.as_bytes()), "{path}");
        }
        assert!(parse(b"{a,b").is_none());
    }

    #[test]
    fn keys_come_from_names_or_last_segments() {
        for (name, path, want) in [
            ("", "a.b", r#""b""#),
            ("", r"a\.b", r#""a\\.b""#),
            ("", "a.#(b=1)", r#""_""#),
            ("x<", "a", r#""x\u003c""#),
            (r#""x<""#, "a", r#""x<""#),
            (r#""x"#, "a", r#""\"x""#),
        ] {
            let key = Selector {
                name: name.as_bytes(),
                path: path.as_bytes(),
            }
            .key();
            assert_eq!(key, want.as_bytes(), "{name}:{path}");
        }
    }
}
