//! Matching `*` and `?`.

use crate::limit::Scope;

/// One step of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Glyph {
    /// `*`: any number of characters.
    Many,
    /// `?`: one character.
    One,
    /// This character.
    Just(char),
}

/// A pattern over Unicode characters; a byte that is not UTF-8 counts as one character.
#[derive(Debug)]
pub(crate) struct Pattern {
    glyphs: Vec<Glyph>,
    impossible: bool,
}

impl Pattern {
    /// A backslash takes the special meaning from what follows. At the end of the pattern it stands for
    /// itself behind a star and spoils the pattern otherwise, as in Go.
    pub(crate) fn parse(pattern: &[u8]) -> Self {
        let mut glyphs = Vec::with_capacity(pattern.len());
        let mut impossible = false;
        let mut i = 0;
        while i < pattern.len() {
            let (mut c, mut len) = character(pattern, i);
            i += len;
            let glyph = match c {
                '*' => Glyph::Many,
                '?' => Glyph::One,
                '\\' if i < pattern.len() => {
                    (c, len) = character(pattern, i);
                    i += len;
                    Glyph::Just(c)
                }
                '\\' => {
                    impossible = !glyphs.contains(&Glyph::Many);
                    Glyph::Just(c)
                }
                _ => Glyph::Just(c),
            };
            if glyph != Glyph::Many || glyphs.last() != Some(&Glyph::Many) {
                glyphs.push(glyph);
            }
        }
        Self { glyphs, impossible }
    }

    /// Whether the whole of `text` matches. On a mismatch only the latest star is tried again further on:
    /// no earlier one could do better, which keeps this from taking exponential time.
    pub(crate) fn matches(&self, text: &[u8], scope: Scope<'_>) -> bool {
        if self.impossible {
            return false;
        }
        let (mut at, mut glyph) = (0, 0);
        let mut star: Option<(usize, usize)> = None;
        while scope.read(1) {
            let (c, len) = if at < text.len() {
                character(text, at)
            } else {
                ('\0', 0)
            };
            match self.glyphs.get(glyph) {
                None if len == 0 => return true,
                Some(Glyph::Many) => {
                    glyph += 1;
                    star = Some((at, glyph));
                    continue;
                }
                Some(Glyph::One) if len > 0 => {}
                Some(Glyph::Just(want)) if len > 0 && *want == c => {}
                _ => {
                    let Some((from, after)) = star else { return false };
                    if from >= text.len() {
                        return false;
                    }
                    at = from + character(text, from).1;
                    glyph = after;
                    star = Some((at, after));
                    continue;
                }
            }
            at += len;
            glyph += 1;
        }
        false
    }
}

/// The character at `at`, which lies inside the text, and its length.
fn character(text: &[u8], at: usize) -> (char, usize) {
    let rest = &text[at..text.len().min(at + 4)];
    if rest[0].is_ascii() {
        return (char::from(rest[0]), 1);
    }
    let valid = rest
        .utf8_chunks()
        .next()
        .and_then(|chunk| chunk.valid().chars().next());
    valid.map_or((char::REPLACEMENT_CHARACTER, 1), |c| (c, c.len_utf8()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limit::Budget;

    #[test]
    fn patterns() {
        let budget = Budget::for_document(b"");
        for (text, pattern, want) in [
            ("", "", true),
            ("", "*", true),
            ("", "?", false),
            ("abc", "abc", true),
            ("abc", "a*", true),
            ("abc", "*c", true),
            ("abc", "*b*", true),
            ("abc", "*x*", false),
            ("abc", "a?c", true),
            ("abc", "??", false),
            ("aXbXc", "a*X*c", true),
            ("aXbXd", "a*X*c", false),
            ("aab", "*ab", true),
            ("日本", "?本", true),
            ("a*c", r"a\*c", true),
            ("abc", r"a\*c", false),
            (r"a\", r"a\", false),
            (r"a\", r"*\", true),
            (
                "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                "*a*a*a*a*a*a*a*a*a*a*a*ab",
                false,
            ),
        ] {
            let got = Pattern::parse(pattern.as_bytes()).matches(text.as_bytes(), budget.scope());
            assert_eq!(got, want, "{text} against {pattern}");
        }
        assert!(Pattern::parse(b"?x?").matches(b"\xffx\xfe", budget.scope()));
        assert!(!Pattern::parse(b"?").matches(b"\xff\xfe", budget.scope()));
    }
}
