//! Paths as sjson reads them: the plain part of gjson's syntax, and a colon to force a name.

use std::borrow::Cow;

/// One segment of a plain path.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Segment<'p> {
    /// The key it stands for.
    pub(super) key: Cow<'p, [u8]>,
    /// The same with its escapes, as a path to look it up by.
    pub(super) path: Cow<'p, [u8]>,
    /// A name even if it looks like a number.
    forced: bool,
}

impl Segment<'_> {
    /// The position it names in an array. An empty segment is position zero.
    pub(super) fn index(&self) -> Option<usize> {
        if self.forced || !self.key.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let digit = |b: &u8| usize::from(b - b'0');
        Some(
            self.key
                .iter()
                .fold(0, |n: usize, b| n.saturating_mul(10).saturating_add(digit(b))),
        )
    }

    /// Whether it stands for the end of an array.
    pub(super) fn is_last(&self) -> bool {
        !self.forced && *self.key == *b"-1"
    }
}

/// Splits a path at its dots. None if there is more to it than names and numbers.
pub(super) fn parse(path: &[u8]) -> Option<Vec<Segment<'_>>> {
    let mut segments = Vec::new();
    let mut rest = Some(path);
    while let Some(path) = rest {
        let (segment, next) = first(path)?;
        segments.push(segment);
        rest = next;
    }
    Some(segments)
}

fn first(path: &[u8]) -> Option<(Segment<'_>, Option<&[u8]>)> {
    let (forced, path) = match path {
        [b':', rest @ ..] => (true, rest),
        _ => (false, path),
    };
    let mut escaped: Option<(Vec<u8>, Vec<u8>)> = None;
    let mut i = 0;
    while let Some(&byte) = path.get(i) {
        match byte {
            b'.' => break,
            b'|' | b'#' | b'@' | b'*' | b'?' => return None,
            b'\\' => {
                let (key, lookup) = escaped.get_or_insert_with(|| (path[..i].to_vec(), path[..i].to_vec()));
                lookup.push(byte);
                i += 1;
                key.extend(path.get(i));
                lookup.extend(path.get(i));
            }
            _ => {
                if let Some((key, lookup)) = &mut escaped {
                    key.push(byte);
                    lookup.push(byte);
                }
            }
        }
        i += 1;
    }
    let end = i.min(path.len());
    let (key, lookup) = match escaped {
        Some((key, lookup)) => (key.into(), lookup.into()),
        None => (path[..end].into(), path[..end].into()),
    };
    Some((
        Segment {
            key,
            path: lookup,
            forced,
        },
        path.get(end + 1..),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_paths() {
        for (path, want) in [
            ("a", &[("a", "a", false)][..]),
            ("a.b", &[("a", "a", false), ("b", "b", false)]),
            ("a.", &[("a", "a", false), ("", "", false)]),
            (r"a\.b.c\\", &[("a.b", r"a\.b", false), (r"c\", r"c\\", false)]),
            (":0.:1", &[("0", "0", true), ("1", "1", true)]),
            (r"\@a", &[("@a", r"\@a", false)]),
            ("a\\", &[("a", "a\\", false)]),
        ] {
            let got = parse(path.as_bytes()).expect(path);
            let got: Vec<_> = got.iter().map(|s| (&*s.key, &*s.path, s.forced)).collect();
            let want: Vec<_> = want
                .iter()
                .map(|(k, p, f)| (k.as_bytes(), p.as_bytes(), *f))
                .collect();
            assert_eq!(got, want, "{path}");
        }
        for complex in ["a|b", "a.#", "@this", "a.b*", "?"] {
            assert_eq!(parse(complex.as_bytes()), None, "{complex}");
        }
    }
}
