//! Queries on array elements: `#(path op value)`.

use std::borrow::Cow;
use std::cmp::Ordering;

use crate::limit::Scope;
use crate::number;
use crate::path::skip_quoted;
use crate::scan::trim;
use crate::text;
use crate::value::{Kind, Token};
use crate::wildcard::Pattern;

/// The comparison in a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    /// No comparison: it is enough to exist.
    Exists,
    Equal,
    Differs,
    Less,
    AtMost,
    Greater,
    AtLeast,
    Like,
    Unlike,
    /// A lone `!`, which nothing satisfies.
    Never,
}

/// A parsed query.
#[derive(Debug)]
pub(crate) struct Query<'p> {
    /// All elements that match, not just the first.
    pub(crate) all: bool,
    /// Where in the element to look.
    pub(crate) path: &'p [u8],
    operator: Operator,
    wanted: Cow<'p, [u8]>,
    number: f64,
    pattern: Option<Pattern>,
}

impl Query<'_> {
    /// What a query that cannot be parsed amounts to: one that every plain element satisfies.
    pub(crate) fn any() -> Self {
        Self {
            all: false,
            path: b"",
            operator: Operator::Exists,
            wanted: Cow::Borrowed(b""),
            number: 0.0,
            pattern: None,
        }
    }

    /// Whether the value at the query's path satisfies it.
    pub(crate) fn accepts(&self, value: Token<'_>, scope: Scope<'_>) -> bool {
        if let Some(test) = self.wanted.strip_prefix(b"~") {
            return truth_of(test, value).is_some_and(|truth| self.accepts_bool(truth, b"true"));
        }
        if !value.exists() {
            return false;
        }
        match value.kind {
            _ if self.operator == Operator::Exists => true,
            Kind::True => self.accepts_bool(true, &self.wanted),
            Kind::False => self.accepts_bool(false, &self.wanted),
            Kind::String => match &self.pattern {
                Some(pattern) => pattern.matches(&value.text(), scope) == (self.operator == Operator::Like),
                None => self.holds(Some(value.text().as_ref().cmp(&self.wanted))),
            },
            Kind::Number => self.holds(value.number().partial_cmp(&self.number)),
            Kind::Null | Kind::Json => false,
        }
    }

    /// Booleans order false before true, and compare with nothing but these two words.
    fn accepts_bool(&self, value: bool, wanted: &[u8]) -> bool {
        match self.operator {
            Operator::Exists => true,
            Operator::Equal => wanted == if value { b"true".as_slice() } else { b"false" },
            Operator::Differs => wanted != if value { b"true".as_slice() } else { b"false" },
            Operator::Less => !value && wanted == b"true",
            Operator::Greater => value && wanted == b"false",
            Operator::AtMost => !value,
            Operator::AtLeast => value,
            Operator::Like | Operator::Unlike | Operator::Never => false,
        }
    }

    fn holds(&self, order: Option<Ordering>) -> bool {
        match self.operator {
            Operator::Exists => true,
            Operator::Equal => order == Some(Ordering::Equal),
            Operator::Differs => order != Some(Ordering::Equal),
            Operator::Less => order == Some(Ordering::Less),
            Operator::AtMost => matches!(order, Some(Ordering::Less | Ordering::Equal)),
            Operator::Greater => order == Some(Ordering::Greater),
            Operator::AtLeast => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
            Operator::Like | Operator::Unlike | Operator::Never => false,
        }
    }
}

/// The tests behind `~`: whether a value is true-ish, false-ish, null-ish, or there at all.
fn truth_of(test: &[u8], value: Token<'_>) -> Option<bool> {
    Some(match test {
        b"*" => value.exists(),
        b"null" => value.kind == Kind::Null,
        b"true" => value.truth(),
        b"false" => match value.kind {
            Kind::Null | Kind::False => true,
            Kind::String => text::parse_bool(&value.text()) == Some(false),
            Kind::Number => !number::nonzero(value.number()),
            Kind::True | Kind::Json => false,
        },
        _ => return None,
    })
}

/// Parses the query at the start of `path`, which begins with `#(` or `#[`. Also returns the position behind
/// it, where the `#` for "all" may stand.
pub(crate) fn parse(path: &[u8]) -> Option<(Query<'_>, usize)> {
    let extent = Extent::of(path)?;
    let end = extent.close + 1;
    let (left, operator, wanted) = match extent.operator {
        Some(at) => {
            let (operator, wanted) = split_operator(trim(&path[at..extent.close]));
            (trim(&path[2..at]), operator, wanted)
        }
        None => (trim(&path[2..extent.close]), Operator::Exists, b"".as_slice()),
    };
    let wanted = match wanted {
        [b'"', quoted @ .., b'"'] if extent.escapes => text::unescape(quoted),
        [b'"', quoted @ .., b'"'] => Cow::Borrowed(quoted),
        _ => Cow::Borrowed(wanted),
    };
    let pattern = matches!(operator, Operator::Like | Operator::Unlike).then(|| Pattern::parse(&wanted));
    let all = path.get(end) == Some(&b'#');
    Some((
        Query {
            all,
            path: left,
            operator,
            number: number::parse(&wanted),
            wanted,
            pattern,
        },
        end,
    ))
}

/// Where the parts of a query lie.
struct Extent {
    operator: Option<usize>,
    close: usize,
    escapes: bool,
}

impl Extent {
    fn of(path: &[u8]) -> Option<Self> {
        let mut operator = None;
        let mut escapes = false;
        let mut depth = 1;
        let mut i = 2;
        while let Some(&byte) = path.get(i) {
            match byte {
                b'!' | b'=' | b'<' | b'>' | b'%' if depth == 1 && operator.is_none() => operator = Some(i),
                b'\\' => i += 1,
                b'[' | b'(' => depth += 1,
                b']' | b')' => {
                    depth -= 1;
                    if depth == 0 {
                        return Some(Self {
                            operator,
                            close: i,
                            escapes,
                        });
                    }
                }
                b'"' => {
                    let close = skip_quoted(path, i);
                    escapes |= path[i..close].contains(&b'\\');
                    i = close;
                }
                _ => {}
            }
            i += 1;
        }
        None
    }
}

/// Takes the operator off. The text starts with one of its characters, but `!` alone only counts when
/// nothing follows; otherwise there is no comparison at all.
fn split_operator(text: &[u8]) -> (Operator, &[u8]) {
    let (operator, len) = match text {
        b"!" => (Operator::Never, 1),
        [b'!', b'=', ..] => (Operator::Differs, 2),
        [b'!', b'%', ..] => (Operator::Unlike, 2),
        [b'<', b'=', ..] => (Operator::AtMost, 2),
        [b'>', b'=', ..] => (Operator::AtLeast, 2),
        [b'=', b'=', ..] => (Operator::Equal, 2),
        [b'<', ..] => (Operator::Less, 1),
        [b'>', ..] => (Operator::Greater, 1),
        [b'=', ..] => (Operator::Equal, 1),
        [b'%', ..] => (Operator::Like, 1),
        _ => (Operator::Exists, 0),
    };
    (operator, trim(&text[len..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_split_into_path_operator_and_value() {
        for (query, path, operator, wanted, all, end) in [
            ("#(a)", "a", Operator::Exists, "", false, 4),
            ("#( a == 1 )#", "a", Operator::Equal, "1", true, 11),
            (r#"#(a.#(b="x")#.c>=2)"#, "", Operator::Exists, "", false, 0),
            (r#"#(a!="x)\"")"#, "a", Operator::Differs, "x)\"", false, 12),
            ("#[<=3]", "", Operator::AtMost, "3", false, 6),
            ("#(a!%b*)", "a", Operator::Unlike, "b*", false, 8),
            ("#(a!>1)", "a", Operator::Exists, "!>1", false, 7),
            ("#(a!)", "a", Operator::Never, "", false, 5),
            (r"#(a\=b=c)", r"a\=b", Operator::Equal, "c", false, 9),
            ("#(a==b=c)", "a", Operator::Equal, "b=c", false, 9),
        ] {
            let (parsed, parsed_end) = parse(query.as_bytes()).expect(query);
            if end == 0 {
                assert_eq!(parsed.path, br#"a.#(b="x")#.c"#);
                continue;
            }
            assert_eq!(parsed.path, path.as_bytes(), "{query}");
            assert_eq!(parsed.operator, operator, "{query}");
            assert_eq!(parsed.wanted.as_ref(), wanted.as_bytes(), "{query}");
            assert_eq!((parsed.all, parsed_end), (all, end), "{query}");
        }
        for broken in ["#(", "#(a", r#"#(a=="b)"#, r"#(a\)"] {
            assert!(parse(broken.as_bytes()).is_none(), "{broken}");
        }
    }
}
