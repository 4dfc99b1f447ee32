//! Go's `ReplaceAllString`.

use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::Pattern;

/// The name of a group, as Go reads it in a replacement: as long as can be.
static NAME: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^[\p{L}\p{Nd}_]+").expect("a valid pattern"));

/// A piece of a replacement.
enum Part<'t> {
    Text(&'t str),
    Numbered(usize),
    Named(&'t str),
}

impl Pattern {
    /// Replaces every match. In the replacement `$1`, `${1}`, `$name` and `${name}` stand for groups, `$0` for the
    /// whole match and `$$` for a dollar sign; a group that does not exist is empty.
    ///
    /// `None`: the result would be longer than `limit`.
    pub fn replace_all(&self, text: &str, replacement: &str, limit: usize) -> Option<String> {
        let parts = parse(replacement);
        let mut out = String::new();
        let mut done = 0;
        for captures in self.regex.captures_iter(text) {
            let whole = captures.get_match();
            out.push_str(&text[done..whole.start()]);
            done = whole.end();
            for part in &parts {
                out.push_str(self.expand(part, &captures));
                if out.len() > limit {
                    return None;
                }
            }
        }
        out.push_str(&text[done..]);
        (out.len() <= limit).then_some(out)
    }

    fn expand<'t>(&self, part: &Part<'t>, captures: &Captures<'t>) -> &'t str {
        let group = |index| captures.get(index).map(|group| group.as_str());
        let found = match part {
            Part::Text(text) => Some(*text),
            Part::Numbered(index) => group(*index),
            // Several groups may have the name; the first one that took part counts.
            Part::Named(name) => {
                let named = self.names.iter().enumerate().filter(|(_, other)| other == name);
                named.map(|(index, _)| index + 1).find_map(group)
            }
        };
        found.unwrap_or_default()
    }
}

fn parse(replacement: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut rest = replacement;
    while let Some((before, after)) = rest.split_once('$') {
        parts.push(Part::Text(before));
        rest = match (after.strip_prefix('$'), reference(after)) {
            (Some(after), _) => {
                parts.push(Part::Text("$"));
                after
            }
            (None, Some((name, after))) => {
                parts.push(number(name).map_or(Part::Named(name), Part::Numbered));
                after
            }
            (None, None) => {
                parts.push(Part::Text("$"));
                after
            }
        };
    }
    parts.push(Part::Text(rest));
    parts
}

/// `name` or `{name}`, and what is left after it.
fn reference(text: &str) -> Option<(&str, &str)> {
    let inner = text.strip_prefix('{');
    let start = inner.unwrap_or(text);
    let name = NAME.find(start)?.as_str();
    let rest = &start[name.len()..];
    match inner {
        None => Some((name, rest)),
        Some(_) => Some((name, rest.strip_prefix('}')?)),
    }
}

/// Digits without a leading zero; anything else is a name.
fn number(name: &str) -> Option<usize> {
    let digits = name.bytes().all(|b| b.is_ascii_digit()) && (name == "0" || !name.starts_with('0'));
    if digits && name.len() <= 8 {
        name.parse().ok()
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
