//! Characters as Go's lexer and its errors see them.

use lockstep_gostd::quote::{self, Plain};
use lockstep_gostd::unicode::{is_digit, is_letter, is_print};

use crate::value::runes;

/// The first character and how many bytes it takes. A byte that starts none counts as one U+FFFD.
pub(crate) fn decode(bytes: &[u8]) -> Option<(char, usize)> {
    runes(&bytes[..bytes.len().min(4)]).next()
}

/// Go's `unicode.IsLetter`, `unicode.IsDigit`, or an underscore.
pub(crate) fn is_alphanumeric(char: char) -> bool {
    if char.is_ascii() {
        return char == '_' || char.is_ascii_alphanumeric();
    }
    is_letter(char) || is_digit(char)
}

/// Go's `%q`.
pub(crate) fn quote(bytes: &[u8]) -> String {
    quote::text(bytes, Plain::Printable)
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
        type Case = (&'static [u8], Option<(char, usize)>);
        let cases: [Case; 5] = [
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
}
