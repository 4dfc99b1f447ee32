//! Which way of writing a text suits it.

use std::sync::LazyLock;

use regex::Regex;

use super::scalar::{is_break, is_printable};
use crate::yaml::resolve;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    Plain,
    Single,
    Double,
    Literal,
}

/// Which ways are open.
pub(super) struct Analysis {
    plain: bool,
    single: bool,
    literal: bool,
}

impl Analysis {
    pub(super) fn new(text: &str) -> Self {
        let pairs = || text.chars().zip(text.chars().skip(1));
        let blank_before_break = pairs().any(|(a, b)| a == ' ' && is_break(b));
        let blank_after_break = pairs().any(|(a, b)| is_break(a) && b == ' ');
        let special = blank_before_break || text.chars().any(|c| !is_printable(c));
        let ends = |c: char| c == ' ' || is_break(c);
        let plain = !special
            && !text.contains(is_break)
            && !text.starts_with(ends)
            && !text.ends_with(ends)
            && !has_indicators(text);
        Self {
            plain,
            single: !special && !blank_after_break,
            literal: !special && !text.ends_with(' '),
        }
    }

    pub(super) fn style(&self, text: &str, is_key: bool) -> Style {
        let wanted = if text.contains('\n') {
            Style::Literal
        } else if resolve::is_text(text) && !is_base60(text) {
            Style::Plain
        } else {
            Style::Double
        };
        match wanted {
            Style::Plain if self.plain => Style::Plain,
            Style::Plain if self.single => Style::Single,
            Style::Literal if self.literal && !is_key => Style::Literal,
            _ => Style::Double,
        }
    }
}

/// Whether something in it would be taken for more than text.
fn has_indicators(text: &str) -> bool {
    let ends = |next: Option<char>| next.is_none_or(|c| matches!(c, ' ' | '\t'));
    let mut chars = text.chars();
    let first = match chars.next() {
        Some('-' | '?' | ':') => ends(chars.next()),
        Some(c) => "#,[]{}&*!|>'\"%@`".contains(c),
        None => false,
    };
    first
        || text.contains(" #")
        || text.starts_with("---")
        || text.starts_with("...")
        || text.contains(": ")
        || text.ends_with(':')
}

/// Numbers such as `1:30`, which other readers take for seconds.
fn is_base60(text: &str) -> bool {
    static BASE60: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"\A[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?\z").expect("a valid pattern")
    });
    BASE60.is_match(text)
}
