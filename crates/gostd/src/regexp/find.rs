//! Finding.

use std::ops::Range;

use super::{Haystack, Pattern};

impl Pattern {
    pub fn is_match(&self, text: &Haystack) -> bool {
        self.regex.is_match(text.searched())
    }

    /// The first match.
    pub fn find(&self, text: &Haystack) -> Option<Range<usize>> {
        self.find_all(text).next()
    }

    /// All matches that do not overlap. An empty one right behind another is none, as in Go.
    pub fn find_all(&self, text: &Haystack) -> impl Iterator<Item = Range<usize>> {
        let found = self.regex.find_iter(text.searched());
        found.map(|found| text.range(found))
    }

    /// What it costs to find a match before so many bytes, in about a byte that is copied. Where a match can be long,
    /// each search may have to look at all of the rest to find a short one, so that the time for all of them is
    /// quadratic.
    pub fn cost(&self, rest: usize) -> usize {
        if self.unbounded { 1 + rest / 64 } else { 1 }
    }

    /// Go's `Split`: what lies between the matches, in at most so many pieces. (Go has a rule of its own for an empty
    /// text, which it splits by no pattern but the empty one.)
    ///
    /// `spend` is told what each match costs. `None`: it has refused.
    pub fn split(
        &self,
        text: &Haystack,
        limit: Option<usize>,
        mut spend: impl FnMut(usize) -> bool,
    ) -> Option<Vec<Range<usize>>> {
        let length = text.bytes().len();
        let mut pieces = Vec::new();
        let (mut start, mut end) = (0, 0);
        for found in self.find_all(text).take(limit.unwrap_or(usize::MAX)) {
            if limit.is_some_and(|limit| pieces.len() + 1 >= limit) {
                break;
            }
            if !spend(self.cost(length - found.end)) {
                return None;
            }
            end = found.start;
            if found.end != 0 {
                pieces.push(start..end);
            }
            start = found.end;
        }
        if end != length {
            pieces.push(start..length);
        }
        Some(pieces)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The results are Go's.
    #[test]
    fn bytes_that_are_not_utf8_are_characters() {
        let text = Haystack::new(b"a\xff\xe2\x82b\xc3\xa9\xff");
        let all = |pattern: &str| -> Vec<Range<usize>> {
            Pattern::compile(pattern)
                .expect("a pattern")
                .find_all(&text)
                .collect()
        };
        assert_eq!(all("."), [0..1, 1..2, 2..3, 3..4, 4..5, 5..7, 7..8]);
        assert_eq!(all(r"\x{FFFD}+"), [1..4, 7..8]);
        assert_eq!(all("[^a-z]$|b"), [4..5, 7..8]);
        assert_eq!(all(r"\b"), [0..0, 1..1, 4..4, 5..5]);
        assert_eq!(all("x*").len(), 8);
    }

    #[test]
    fn texts_are_split_as_in_go() {
        for (pattern, text, limit, wanted) in [
            ("a", "banana", None, &["b", "n", "n", ""][..]),
            ("a", "banana", Some(2), &["b", "nana"]),
            ("a", "banana", Some(1), &["banana"]),
            ("", "abc", None, &["a", "b", "c"]),
            ("", "", None, &[]),
            ("^a", "abc", None, &["", "bc"]),
            ("c*", "abc", None, &["a", "b", ""]),
            ("x*", "axxb", Some(2), &["a", "b"]),
        ] {
            let haystack = Haystack::from(text);
            let pieces = Pattern::compile(pattern)
                .expect("a pattern")
                .split(&haystack, limit, |_| true);
            let pieces: Vec<&str> = pieces
                .expect("not refused")
                .into_iter()
                .map(|range| &text[range])
                .collect();
            assert_eq!(pieces, wanted, "{pattern} {text} {limit:?}");
        }
    }
}
