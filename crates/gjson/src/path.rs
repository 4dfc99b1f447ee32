//! Taking paths apart, one segment at a time.
//!
//! The same text means different things to an object and to an array, so a segment is only parsed once it is
//! known which of the two it meets.

use std::borrow::Cow;

use crate::modifier::Modifier;
use crate::query::{self, Query};
use crate::scan;

/// What follows a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rest<'p> {
    /// Nothing: the segment names the result.
    End,
    /// A path to follow inside the value.
    Path(&'p [u8]),
    /// A path to apply to the result as if that were a document of its own.
    Pipe(&'p [u8]),
}

/// A segment as an object reads it: a key, perhaps with wildcards.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct KeySegment<'p> {
    /// Escapes are resolved, so that escaped wildcards look like others from here on. gjson does the same.
    pub(crate) key: Cow<'p, [u8]>,
    pub(crate) wild: bool,
    pub(crate) rest: Rest<'p>,
}

impl<'p> KeySegment<'p> {
    pub(crate) fn parse(path: &'p [u8]) -> Self {
        let mut key: Option<Vec<u8>> = None;
        let mut wild = false;
        let mut i = 0;
        while let Some(&byte) = path.get(i) {
            match byte {
                b'.' | b'|' => {
                    let key = key.map_or(Cow::Borrowed(&path[..i]), Cow::Owned);
                    return Self {
                        key,
                        wild,
                        rest: rest_after(path, i, true),
                    };
                }
                b'\\' => {
                    let key = key.get_or_insert_with(|| path[..i].to_vec());
                    i += 1;
                    key.extend(path.get(i));
                }
                _ => {
                    wild |= matches!(byte, b'*' | b'?');
                    if let Some(key) = &mut key {
                        key.push(byte);
                    }
                }
            }
            i += 1;
        }
        Self {
            key: key.map_or(Cow::Borrowed(path), Cow::Owned),
            wild,
            rest: Rest::End,
        }
    }
}

/// How an array picks elements.
#[derive(Debug)]
pub(crate) enum Pick<'p> {
    /// One by its position; none if the segment is no number.
    Index(Option<u64>),
    /// `#`: how many there are.
    Count,
    /// `#.path`: the path applied to each of them.
    Each(&'p [u8]),
    /// `#(query)` and `#(query)#`: the first or all that match.
    Query(Query<'p>),
    /// A `#` where none belongs: nothing matches.
    Nothing,
}

/// A segment as an array reads it.
#[derive(Debug)]
pub(crate) struct ElementSegment<'p> {
    pub(crate) pick: Pick<'p>,
    pub(crate) rest: Rest<'p>,
}

impl<'p> ElementSegment<'p> {
    pub(crate) fn parse(path: &'p [u8]) -> Self {
        let mut pick = None;
        let mut from = 0;
        if path.starts_with(b"#") {
            match path.get(1) {
                Some(b'.') => pick = Some(Pick::Each(&path[2..])),
                Some(b'(' | b'[') => {
                    let Some((query, end)) = query::parse(path) else {
                        return Self {
                            pick: Pick::Query(Query::any()),
                            rest: Rest::End,
                        };
                    };
                    pick = Some(Pick::Query(query));
                    from = end;
                }
                _ => {}
            }
        }
        let end = path[from..]
            .iter()
            .position(|b| matches!(b, b'.' | b'|'))
            .map(|at| from + at);
        let segment = &path[..end.unwrap_or(path.len())];
        let hash = segment.contains(&b'#');
        let rest = end.map_or(Rest::End, |at| rest_after(path, at, !hash));
        let pick = pick.unwrap_or(match segment {
            b"#" => Pick::Count,
            _ if hash => Pick::Nothing,
            _ => Pick::Index(index(segment)),
        });
        Self { pick, rest }
    }
}

/// What follows the separator at `at`. A dot in front of a modifier or a multipath acts like a pipe, unless
/// `dot_pipes` is off.
fn rest_after(path: &[u8], at: usize, dot_pipes: bool) -> Rest<'_> {
    let rest = &path[at + 1..];
    if path[at] == b'|' || (dot_pipes && starts_pipe(rest)) {
        Rest::Pipe(rest)
    } else {
        Rest::Path(rest)
    }
}

fn starts_pipe(path: &[u8]) -> bool {
    match path.first() {
        Some(b'[' | b'{') => true,
        Some(b'@') => {
            let name = &path[1..];
            // No modifier has a name longer than this.
            let end = name
                .iter()
                .take(16)
                .position(|b| matches!(b, b'.' | b'|' | b':'))
                .unwrap_or(name.len());
            Modifier::named(&name[..end]).is_some()
        }
        _ => false,
    }
}

/// A position in an array. Too large a number wraps around, as it does in Go.
fn index(segment: &[u8]) -> Option<u64> {
    if segment.is_empty() || !segment.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(segment.iter().fold(0, |n: u64, b| {
        n.wrapping_mul(10).wrapping_add(u64::from(b - b'0'))
    }))
}

/// Splits a path that is applied to each element at its first free pipe: what stands behind applies to the
/// list of results.
pub(crate) fn split_pipe(path: &[u8]) -> Option<(&[u8], &[u8])> {
    if !path.contains(&b'|') {
        return None;
    }
    if path[0] == b'{' {
        let len = 1 + scan::balanced(&path[1..]).len();
        return (path.get(len) == Some(&b'|')).then(|| (&path[..len], &path[len + 1..]));
    }
    let mut i = 0;
    while let Some(&byte) = path.get(i) {
        match byte {
            b'\\' => i += 1,
            b'|' => return Some((&path[..i], &path[i + 1..])),
            b'.' if path.get(i + 1) == Some(&b'#') => {
                i += 2;
                if let Some(b'[' | b'(') = path.get(i) {
                    i = skip_selector(path, i);
                }
            }
            _ => {}
        }
        i += 1;
    }
    None
}

/// The position of the bracket that closes the selector opened at `open`; the end if there is none.
fn skip_selector(path: &[u8], open: usize) -> usize {
    let closing = if path[open] == b'[' { b']' } else { b')' };
    let mut depth = 1;
    let mut i = open + 1;
    while let Some(&byte) = path.get(i) {
        match byte {
            b'\\' => i += 1,
            b'"' => i = skip_quoted(path, i),
            _ if byte == path[open] => depth += 1,
            _ if byte == closing => {
                depth -= 1;
                if depth == 0 {
                    break;
                }
            }
            _ => {}
        }
        i += 1;
    }
    i
}

/// The position of the quote that ends the text quoted from `open` on; the end if there is none.
pub(crate) fn skip_quoted(path: &[u8], open: usize) -> usize {
    scan::string_end(path, open + 1).map_or(path.len(), |end| end - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_segments() {
        for (path, key, wild, rest) in [
            ("", "", false, Rest::End),
            ("a", "a", false, Rest::End),
            ("a.b.c", "a", false, Rest::Path(b"b.c")),
            (r"a\.b.c", "a.b", false, Rest::Path(b"c")),
            (r"a\.b|c", "a.b", false, Rest::Pipe(b"c")),
            ("a*?.c", "a*?", true, Rest::Path(b"c")),
            (r"a\*", "a*", false, Rest::End),
            (r"\*a*", "*a*", true, Rest::End),
            ("a|b", "a", false, Rest::Pipe(b"b")),
            ("a.@this", "a", false, Rest::Pipe(b"@this")),
            ("a.@this:x", "a", false, Rest::Pipe(b"@this:x")),
            ("a.@nope", "a", false, Rest::Path(b"@nope")),
            ("a.[b]", "a", false, Rest::Pipe(b"[b]")),
            ("a.{b}", "a", false, Rest::Pipe(b"{b}")),
            ("a.", "a", false, Rest::Path(b"")),
            ("a\\", "a", false, Rest::End),
        ] {
            let want = KeySegment {
                key: key.as_bytes().into(),
                wild,
                rest,
            };
            assert_eq!(KeySegment::parse(path.as_bytes()), want, "{path}");
        }
    }

    #[test]
    fn element_segments() {
        for (path, pick, rest) in [
            ("0.a", "Index(Some(0))", Rest::Path(b"a")),
            ("007", "Index(Some(7))", Rest::End),
            ("-1", "Index(None)", Rest::End),
            ("1|a", "Index(Some(1))", Rest::Pipe(b"a")),
            ("1.@this", "Index(Some(1))", Rest::Pipe(b"@this")),
            ("#", "Count", Rest::End),
            ("#|a", "Count", Rest::Pipe(b"a")),
            ("a#b", "Nothing", Rest::End),
        ] {
            let segment = ElementSegment::parse(path.as_bytes());
            assert_eq!(
                (format!("{:?}", segment.pick).as_str(), segment.rest),
                (pick, rest),
                "{path}"
            );
        }
        let each = ElementSegment::parse(b"#.@this");
        assert!(matches!(each.pick, Pick::Each(b"@this")));
        assert_eq!(each.rest, Rest::Path(b"@this"));
        let query = ElementSegment::parse(br#"#(a=="x.|y")#.b"#);
        assert!(matches!(query.pick, Pick::Query(_)));
        assert_eq!(query.rest, Rest::Path(b"b"));
    }

    #[test]
    fn pipes_split_outside_selectors() {
        type Split = Option<(&'static str, &'static str)>;
        for (path, want) in [
            ("a.b", None),
            ("a|b|c", Some(("a", "b|c"))),
            (r"a\|b", None),
            ("a.#(x|y).b|c", Some(("a.#(x|y).b", "c"))),
            (r#"a.#(x=="(|")|c"#, Some((r#"a.#(x=="(|")"#, "c"))),
            ("{a|b}|c", Some(("{a|b}", "c"))),
            ("{a|b}", None),
            (r#"{"a":b}|c"#, None),
        ] as [(&str, Split); 8]
        {
            let want = want.map(|(l, r)| (l.as_bytes(), r.as_bytes()));
            assert_eq!(split_pipe(path.as_bytes()), want, "{path}");
        }
    }
}
