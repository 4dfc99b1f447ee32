//! Characters as Go sees them: how it decodes bytes, what it takes for a letter, how it quotes.

use std::fmt::Write as _;

use unicode_properties::{GeneralCategory, GeneralCategoryGroup, UnicodeGeneralCategory as _};

/// The first character and how many bytes it takes. A byte that starts none counts as one U+FFFD.
pub(crate) fn decode(bytes: &[u8]) -> Option<(char, usize)> {
    let first = bytes.get(..bytes.len().min(4))?.utf8_chunks().next()?;
    match first.valid().chars().next() {
        Some(char) => Some((char, char.len_utf8())),
        None => Some((char::REPLACEMENT_CHARACTER, 1)),
    }
}

/// Go's `unicode.IsLetter`, `unicode.IsDigit`, or an underscore.
pub(crate) fn is_alphanumeric(char: char) -> bool {
    if char.is_ascii() {
        return char == '_' || char.is_ascii_alphanumeric();
    }
    char.general_category_group() == GeneralCategoryGroup::Letter
        || char.general_category() == GeneralCategory::DecimalNumber
}

/// Go's `unicode.IsPrint`: letters, marks, numbers, punctuation, symbols, and of all spaces the common one.
pub(crate) fn is_print(char: char) -> bool {
    if char.is_ascii() {
        return matches!(char, ' '..='~');
    }
    !matches!(
        char.general_category_group(),
        GeneralCategoryGroup::Separator | GeneralCategoryGroup::Other
    )
}

/// Go's `%q`.
pub(crate) fn quote(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() + 2);
    out.push('"');
    let mut rest = bytes;
    while let Some((char, width)) = decode(rest) {
        if char == char::REPLACEMENT_CHARACTER && width == 1 {
            escape(&mut out, 'x', 2, rest[0].into());
        } else {
            quote_char(&mut out, char);
        }
        rest = &rest[width..];
    }
    out.push('"');
    out
}

fn quote_char(out: &mut String, char: char) {
    match char {
        '"' | '\\' => out.extend(['\\', char]),
        '\x07' => out.push_str("\\a"),
        '\x08' => out.push_str("\\b"),
        '\x0c' => out.push_str("\\f"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '\x0b' => out.push_str("\\v"),
        _ if is_print(char) => out.push(char),
        _ if char.is_ascii() => escape(out, 'x', 2, char.into()),
        _ if u32::from(char) <= 0xffff => escape(out, 'u', 4, char.into()),
        _ => escape(out, 'U', 8, char.into()),
    }
}

fn escape(out: &mut String, letter: char, width: usize, code: u32) {
    write!(out, "\\{letter}{code:0width$x}").expect("a string takes all that is written");
}

/// Go's `%#U`: `U+0040 '@'`.
pub(crate) fn describe(char: char) -> String {
    let code = u32::from(char);
    if is_print(char) {
        format!("U+{code:04X} '{char}'")
    } else {
        format!("U+{code:04X}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_decode_one_by_one_where_they_are_no_characters() {
        let cases: [(&[u8], Option<(char, usize)>); 5] = [
            (b"", None),
            (b"a", Some(('a', 1))),
            ("é!".as_bytes(), Some(('é', 2))),
            (b"\xe2\x98", Some((char::REPLACEMENT_CHARACTER, 1))),
            (b"\xffa", Some((char::REPLACEMENT_CHARACTER, 1))),
        ];
        for (bytes, expected) in cases {
            assert_eq!(decode(bytes), expected, "{bytes:?}");
        }
    }

    #[test]
    fn quotes_are_those_of_go() {
        let cases: [(&[u8], &str); 5] = [
            (b"a\"b\\", r#""a\"b\\""#),
            (b"\x00\n\x7f\xff", r#""\x00\n\x7f\xff""#),
            ("é\u{a0}☃".as_bytes(), "\"é\\u00a0☃\""),
            ("\u{e0001}".as_bytes(), r#""\U000e0001""#),
            ("\u{fffd}".as_bytes(), "\"\u{fffd}\""),
        ];
        for (bytes, expected) in cases {
            assert_eq!(quote(bytes), expected);
        }
    }
}
