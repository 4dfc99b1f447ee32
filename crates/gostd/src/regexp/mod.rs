//! Go's regular expressions on the `regex` crate.
//!
//! Both descend from RE2 and match in linear time, but their dialects differ: Go's `\d \s \w \b` are ASCII, its `\s`
//! lacks the vertical tab, it knows `\Q…\E` and octal escapes, and it takes as literals what the crate reads as set
//! operations (`[a&&b]`), word boundaries (`\<`) or repetitions (`a{,5}`). So a pattern is first read as Go reads it,
//! and then written anew in the crate's dialect.
//!
//! What Go accepts and is refused here: a repetition right behind flags (`a(?i)*`), groups nested more than 250 deep,
//! and patterns that become very large, such as `\pL{1,253}`.

use regex::{Regex, RegexBuilder};

mod class;
mod escape;
mod find;
mod haystack;
mod replace;
mod translate;

pub use haystack::Haystack;

/// In bytes. Nobody writes such a pattern, but anybody can send one.
const MAX_PATTERN: usize = 16 * 1024;

/// In bytes: what a pattern may become once compiled. The time that a match takes grows with it.
const MAX_COMPILED: usize = 2 * 1024 * 1024;

/// A pattern that replaces as Go does.
#[derive(Clone, Debug)]
pub struct Pattern {
    regex: Regex,
    /// Of the groups from the first one on; empty where one has none.
    names: Vec<String>,
    /// Whether a match can be as long as the text.
    unbounded: bool,
}

/// Compiles a pattern that is matched with and nothing else: its groups have lost their names. See [`Pattern`] for
/// replacing.
pub fn compile(pattern: &str) -> Result<Regex, String> {
    Pattern::compile(pattern).map(|compiled| compiled.regex)
}

/// Why there is no pattern.
#[derive(Clone, Debug)]
pub struct Refused {
    /// Go's words. They quote the pattern.
    pub why: String,
    /// Whether Go refuses it too, for all that is known.
    pub by_go: bool,
}

impl Pattern {
    /// The error is Go's. It quotes the pattern.
    pub fn compile(pattern: &str) -> Result<Self, String> {
        Self::read(pattern).map_err(|refused| refused.why)
    }

    /// As [`Self::compile`], but tells what no pattern is from what is merely refused here.
    pub fn read(pattern: &str) -> Result<Self, Refused> {
        let refused = |why: &str, by_go| Refused {
            why: format!("error parsing regexp: {why}"),
            by_go,
        };
        if pattern.len() > MAX_PATTERN {
            return Err(refused("expression too large", false));
        }
        let translated = translate::translate(pattern).map_err(|why| refused(&why, true))?;
        let built = RegexBuilder::new(&translated.pattern)
            .size_limit(MAX_COMPILED)
            .build();
        let regex = built.map_err(|error| {
            let why = reason(&error);
            refused(&why, why.starts_with("Unicode property"))
        })?;
        Ok(Self {
            regex,
            names: translated.names,
            unbounded: translated.unbounded,
        })
    }
}

fn reason(error: &regex::Error) -> String {
    match error {
        regex::Error::CompiledTooBig(_) => "expression too large".to_owned(),
        // The text draws the pattern and marks the place; what is wrong stands last.
        error => {
            let text = error.to_string();
            let last = text.lines().last().unwrap_or_default();
            last.trim_start_matches("error: ").to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Whether Go matches.
    fn check(pattern: &str, matching: &[&str], other: &[&str]) {
        let regex = compile(pattern).unwrap_or_else(|why| panic!("{pattern}: {why}"));
        for text in matching {
            assert!(regex.is_match(text), "{pattern} should match {text:?}");
        }
        for text in other {
            assert!(!regex.is_match(text), "{pattern} should not match {text:?}");
        }
    }

    #[test]
    fn matches_what_go_matches() {
        check("", &["", "a"], &[]);
        check(r"^\d$", &["5"], &["٣", "a"]);
        check(r"^\w$", &["a", "_", "0"], &["é", "-"]);
        check(r"^\s$", &[" ", "\t", "\n", "\x0c", "\r"], &["\x0b", "\u{a0}"]);
        check(r"^[\S]$", &["\x0b", "a"], &[" "]);
        check(r"\bb", &["éb", " b"], &["ab"]);
        check(r"^\Qa.b*\E+$", &["a.b***"], &["axb", "a.b"]);
        check(r"^\Q[", &["["], &["a"]);
        check(r"^\x41\x{1F600}\101\0$", &["A😀A\0"], &[]);
        check(r"^[a&&b]$", &["a", "b", "&"], &["c"]);
        check(r"^[+--b]$", &["+", ",", "-", "b"], &["a"]);
        check(r"^[a~~[b]$", &["a", "~", "[", "b"], &["]"]);
        check(r"^[]a-]$", &["]", "a", "-"], &["b"]);
        check(r"^[^]a]$", &["b", "\n"], &["]", "a"]);
        check(r"^\<a\>$", &["<a>"], &["a"]);
        check(r"^a{,2}$", &["a{,2}"], &["", "a", "aa"]);
        check(r"^a{2$", &["a{2"], &["aa"]);
        check(r"^a{02}$", &["a{02}"], &["aa"]);
        check(r"^{$", &["{"], &[""]);
        check(r"^a{2,3}?$", &["aa", "aaa"], &["a", "aaaa"]);
        check(r"^\pL\p{Greek}\P{Lu}\p{^Lu}$", &["éαab"], &["éaab"]);
        check(r"^[\p{Lu}\PL]$", &["A", "5"], &["a"]);
        check(r"^[[:alpha:][:^ascii:]_]$", &["a", "é", "_"], &["0"]);
        check(r"(?i)^k$", &["k", "K", "\u{212a}"], &["j"]);
        check(r"(?i)^\w$", &["ſ"], &["é"]);
        check(r"(?i:a)b", &["Ab"], &["aB"]);
        check(r"(?s)^a.b$", &["a\nb"], &[]);
        check(r"^a.b$", &["a\rb"], &["a\nb"]);
        check(r"(?m)^b$", &["a\nb\nc"], &["a\r\nb\r\nc"]);
        check(r"a$", &["a"], &["a\n"]);
        check(r"\Aa\z", &["a"], &["ba"]);
        check(r"(?U)^(?P<one>a+)(?<two>a*?)$", &["aaa"], &[]);
        check("^(?i-s:)(?)(?ii)x$", &["X"], &[]);
        check(r"^\-\_\/\#\ $", &["-_/# "], &[]);
        check("^a#b c$", &["a#b c"], &[]);
        check(r"a||b|", &["z"], &[]);
        check(r"^\z*$", &[""], &["a"]);
    }

    #[test]
    fn refuses_what_go_refuses_and_says_why_as_go_does() {
        for (pattern, why) in [
            ("([", "missing closing ]: `[`"),
            ("a[b-", "missing closing ]: `[b-`"),
            ("(a", "missing closing ): `(a`"),
            ("a)b", "unexpected ): `a)b`"),
            ("*a", "missing argument to repetition operator: `*`"),
            ("(|*)", "missing argument to repetition operator: `*`"),
            ("a**", "invalid nested repetition operator: `**`"),
            ("a+??", "invalid nested repetition operator: `+??`"),
            ("a{2}{3}", "invalid nested repetition operator: `{2}{3}`"),
            ("a{1001}", "invalid repeat count: `{1001}`"),
            ("a{3,2}", "invalid repeat count: `{3,2}`"),
            ("[z-a]", "invalid character class range: `z-a`"),
            ("[[:foo:]]", "invalid character class range: `[:foo:]`"),
            (r"\p{Greek", r"invalid character class range: `\p{Greek`"),
            (r"\8", r"invalid escape sequence: `\8`"),
            (r"\1", r"invalid escape sequence: `\1`"),
            (r"\C", r"invalid escape sequence: `\C`"),
            (r"\Z", r"invalid escape sequence: `\Z`"),
            (r"\u0041", r"invalid escape sequence: `\u`"),
            (r"\x{110000}", r"invalid escape sequence: `\x{110000`"),
            (r"[\b]", r"invalid escape sequence: `\b`"),
            (r"a\", "trailing backslash at end of expression: ``"),
            ("(?=x)", "invalid or unsupported Perl syntax: `(?=`"),
            ("(?!x)", "invalid or unsupported Perl syntax: `(?!`"),
            ("(?<=x)", "invalid named capture: `(?<=x)`"),
            ("(?>x)", "invalid or unsupported Perl syntax: `(?>`"),
            ("(?x)a", "invalid or unsupported Perl syntax: `(?x`"),
            ("(?P<a b>x)", "invalid named capture: `(?P<a b>`"),
            ("(?P<a", "invalid named capture: `(?P<a`"),
            ("(?P=a)", "invalid or unsupported Perl syntax: `(?P`"),
            ("(?i", "invalid or unsupported Perl syntax: `(?i`"),
            ("(?i-)", "invalid or unsupported Perl syntax: `(?i-)`"),
            ("(?i-i-i)", "invalid or unsupported Perl syntax: `(?i-i-`"),
            ("(?:", "missing closing ): `(?:`"),
            ("((a{30}){30}){30}", "invalid repeat count: `{30}`"),
            ("(a{1000}){2}", "invalid repeat count: `{2}`"),
            ("x{2}??", "invalid nested repetition operator: `{2}??`"),
        ] {
            assert_eq!(
                compile(pattern).expect_err(pattern),
                format!("error parsing regexp: {why}"),
                "{pattern}"
            );
        }
    }

    proptest! {
        #[test]
        fn no_pattern_is_too_odd(
            pattern in r"(\PC|[\\\[\](){}*+?|^$.:<>P,0-9a-dA-Zx-]){0,20}",
            text in r"\PC{0,20}",
            replacement in r"[$\{}0-9a-b]{0,10}",
        ) {
            if let Ok(pattern) = Pattern::compile(&pattern) {
                pattern.replace_all(&text, &replacement, 1000);
            }
        }
    }

    #[test]
    fn large_patterns_are_refused() {
        for pattern in ["a".repeat(MAX_PATTERN + 1), r"\pL{1000}".to_owned()] {
            assert_eq!(
                compile(&pattern).expect_err("refused"),
                "error parsing regexp: expression too large"
            );
        }
        assert!(compile(&"(".repeat(MAX_PATTERN)).is_err());
        assert!(compile(&("(".repeat(5000) + &")".repeat(5000))).is_err());
    }
}
