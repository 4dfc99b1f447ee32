//! Go's `ReplaceAllString`.

use std::sync::LazyLock;

use regex::Captures;

use super::{Haystack, Pattern};

/// The name of a group, as Go reads it in a replacement: as long as can be.
static NAME: LazyLock<regex::bytes::Regex> =
    LazyLock::new(|| regex::bytes::Regex::new(r"^[\p{L}\p{Nd}_]+").expect("a valid pattern"));

/// A piece of a replacement.
enum Part<'t> {
    Text(&'t [u8]),
    Numbered(usize),
    Named(&'t [u8]),
}

/// What a step of replacing costs.
struct Cost {
    copied: usize,
    searched: usize,
}

impl Pattern {
    /// Replaces every match. In the replacement `$1`, `${1}`, `$name` and `${name}` stand for groups, `$0` for the
    /// whole match and `$$` for a dollar sign; a group that does not exist is empty.
    ///
    /// `None`: the result would be longer than `limit`.
    pub fn replace_all(&self, text: &str, replacement: &str, limit: usize) -> Option<String> {
        let parts = parse(replacement.as_bytes());
        let mut left = limit;
        let out = self.replace(&text.into(), &parts, |cost| {
            left = left.checked_sub(cost.copied)?;
            Some(())
        })?;
        Some(String::from_utf8(out).expect("pieces of texts, cut between characters"))
    }

    /// As [`Self::replace_all`], on bytes. `spend` is told what each match and each piece of the result costs. `None`:
    /// it has refused.
    pub fn replace_all_bytes(
        &self,
        text: &Haystack,
        replacement: &[u8],
        mut spend: impl FnMut(usize) -> bool,
    ) -> Option<Vec<u8>> {
        self.replace(text, &parse(replacement), |cost| {
            spend(cost.copied + cost.searched).then_some(())
        })
    }

    /// As [`Self::replace_all_bytes`], but `$` means nothing in the replacement.
    pub fn replace_all_literal(
        &self,
        text: &Haystack,
        replacement: &[u8],
        mut spend: impl FnMut(usize) -> bool,
    ) -> Option<Vec<u8>> {
        self.replace(text, &[Part::Text(replacement)], |cost| {
            spend(cost.copied + cost.searched).then_some(())
        })
    }

    fn replace(
        &self,
        text: &Haystack,
        parts: &[Part],
        mut spend: impl FnMut(Cost) -> Option<()>,
    ) -> Option<Vec<u8>> {
        let bytes = text.bytes();
        let mut out = Vec::new();
        let mut done = 0;
        let mut copy = |piece: &[u8], searched| {
            let copied = piece.len();
            spend(Cost { copied, searched })?;
            out.extend_from_slice(piece);
            Some(())
        };
        for captures in self.regex.captures_iter(text.searched()) {
            let whole = text.range(captures.get_match());
            copy(&bytes[done..whole.start], self.cost(bytes.len() - whole.end))?;
            done = whole.end;
            for part in parts {
                copy(self.expand(part, &captures, text), 1)?;
            }
        }
        copy(&bytes[done..], 0)?;
        Some(out)
    }

    fn expand<'t>(&self, part: &Part<'t>, captures: &Captures, text: &'t Haystack) -> &'t [u8] {
        let group = |index| captures.get(index).map(|group| &text.bytes()[text.range(group)]);
        let found = match part {
            Part::Text(text) => Some(*text),
            Part::Numbered(index) => group(*index),
            // Several groups may have the name; the first one that took part counts.
            Part::Named(name) => {
                let named = self.names.iter().enumerate();
                let named = named.filter(|(_, other)| other.as_bytes() == *name);
                named.map(|(index, _)| index + 1).find_map(group)
            }
        };
        found.unwrap_or_default()
    }
}

fn parse(replacement: &[u8]) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut rest = replacement;
    while let Some(dollar) = rest.iter().position(|&byte| byte == b'$') {
        let (before, after) = (&rest[..dollar], &rest[dollar + 1..]);
        parts.push(Part::Text(before));
        rest = match (after.strip_prefix(b"$"), reference(after)) {
            (Some(after), _) => {
                parts.push(Part::Text(b"$"));
                after
            }
            (None, Some((name, after))) => {
                parts.push(number(name).map_or(Part::Named(name), Part::Numbered));
                after
            }
            (None, None) => {
                parts.push(Part::Text(b"$"));
                after
            }
        };
    }
    parts.push(Part::Text(rest));
    parts
}

/// `name` or `{name}`, and what is left after it.
fn reference(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let inner = text.strip_prefix(b"{");
    let start = inner.unwrap_or(text);
    let name = NAME.find(start)?.as_bytes();
    let rest = &start[name.len()..];
    match inner {
        None => Some((name, rest)),
        Some(_) => Some((name, rest.strip_prefix(b"}")?)),
    }
}

/// Digits without a leading zero; anything else is a name.
fn number(name: &[u8]) -> Option<usize> {
    let digits = name.iter().all(u8::is_ascii_digit) && (name == b"0" || !name.starts_with(b"0"));
    if digits && name.len() <= 8 {
        std::str::from_utf8(name).ok()?.parse().ok()
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The results are Go's.
    #[test]
    fn groups_are_expanded_as_in_go() {
        for (pattern, text, replacement, wanted) in [
            ("(a)(?P<n>b)?", "ab", "$1-$n-$2", "a-b-b"),
            ("(a)(?P<n>b)?", "ac", "[$n][${2}]", "[][]c"),
            ("(a)", "a", "$1x", ""),
            ("(a)", "a", "${1}x", "ax"),
            ("(a)", "a", "$$1", "$1"),
            ("(a)", "a", "$", "$"),
            ("(a)", "a", "$-${", "$-${"),
            ("(a)", "a", "${1", "${1"),
            ("(a)", "a", "${}", "${}"),
            ("(a)", "a", "${1 }", "${1 }"),
            ("(a)", "a", "$9$01$é", ""),
            ("(a)", "a", "$1-$1²", "a-a²"),
            ("(?P<x>a)|(?P<x>b)", "ab", "<$x>", "<a><b>"),
            ("(?P<1a>x)", "x", "$1a", "x"),
            ("a*", "baaac", "-", "-b-c-"),
            ("", "né", "-", "-n-é-"),
            ("b*?", "ab", "-", "-a-b-"),
            ("x", "abc", "$0", "abc"),
            ("$", "a", "b", "ab"),
            ("(?m)^", "a\nb", "> ", "> a\n> b"),
        ] {
            let got = Pattern::compile(pattern)
                .expect(pattern)
                .replace_all(text, replacement, 100);
            assert_eq!(got.as_deref(), Some(wanted), "{pattern} {text} {replacement}");
        }
    }

    #[test]
    fn a_result_is_cut_off_before_it_grows_too_large() {
        let pattern = Pattern::compile("a").expect("a pattern");
        assert_eq!(pattern.replace_all("aaa", "bb", 6).as_deref(), Some("bbbbbb"));
        assert_eq!(pattern.replace_all("aaa", "bb", 5), None);
        assert_eq!(pattern.replace_all("bbb", "", 2), None);
        let long = "a".repeat(100_000);
        assert_eq!(pattern.replace_all(&long, &"$0".repeat(100_000), 1000), None);
    }
}
