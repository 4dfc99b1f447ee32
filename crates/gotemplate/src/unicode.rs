//! Characters as Go's lexer and its errors see them.

use lockstep_gostd::quote::{self, Plain};
use lockstep_gostd::unicode::{is_digit, is_letter, is_print};

pub(crate) use lockstep_gostd::unicode::decode;

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
