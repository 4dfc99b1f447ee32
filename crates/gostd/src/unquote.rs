//! Reading string and character literals as Go's `strconv` does.

use crate::unicode::decode;

/// A whole literal, in any of the three kinds of quotes; in single ones stands one character.
pub fn literal(source: &[u8]) -> Option<Vec<u8>> {
    match source {
        [b'"', inner @ .., b'"'] if !inner.contains(&b'\n') => escapes(inner),
        [b'`', inner @ .., b'`'] if !inner.contains(&b'`') => {
            Some(inner.iter().copied().filter(|byte| *byte != b'\r').collect())
        }
        // Go takes this for no character at all.
        b"''" => Some(Vec::new()),
        [b'\'', inner @ .., b'\''] if !inner.contains(&b'\n') => {
            let (unit, length) = unit(inner, b'\'')?;
            (length == inner.len()).then_some(())?;
            let mut out = Vec::new();
            unit.push(&mut out);
            Some(out)
        }
        _ => None,
    }
}

/// Resolves escapes. None if one of them is unknown.
pub fn escapes(inner: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(inner.len());
    let mut rest = inner;
    while !rest.is_empty() {
        let (unit, length) = unit(rest, b'"')?;
        unit.push(&mut out);
        rest = &rest[length..];
    }
    Some(out)
}

/// What one escape, or one character without, stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// `\xff` and `\377` are bytes, whatever they mean.
    Byte(u8),
    Char(char),
}

impl Unit {
    fn push(self, out: &mut Vec<u8>) {
        match self {
            Self::Byte(byte) => out.push(byte),
            Self::Char(char) => out.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
}

/// The first unit and its length. `quote` may only come escaped, and the other quote only bare.
pub fn unit(text: &[u8], quote: u8) -> Option<(Unit, usize)> {
    let (char, width) = decode(text)?;
    if char != '\\' {
        return (char != char::from(quote)).then_some((Unit::Char(char), width));
    }
    let simple = |byte| Some((Unit::Byte(byte), 2));
    match *text.get(1)? {
        b'a' => simple(7),
        b'b' => simple(8),
        b'f' => simple(12),
        b'n' => simple(b'\n'),
        b'r' => simple(b'\r'),
        b't' => simple(b'\t'),
        b'v' => simple(11),
        b'\\' => simple(b'\\'),
        byte if byte == quote => simple(quote),
        b'x' => byte(text.get(2..4)?, 16, 2),
        b'u' => code_point(text.get(2..6)?),
        b'U' => code_point(text.get(2..10)?),
        b'0'..=b'7' => byte(text.get(1..4)?, 8, 1),
        _ => None,
    }
}

fn byte(digits: &[u8], radix: u32, skipped: usize) -> Option<(Unit, usize)> {
    let code = number(digits, radix)?;
    Some((Unit::Byte(u8::try_from(code).ok()?), skipped + digits.len()))
}

fn code_point(digits: &[u8]) -> Option<(Unit, usize)> {
    let code = number(digits, 16)?;
    Some((Unit::Char(char::from_u32(code)?), 2 + digits.len()))
}

fn number(digits: &[u8], radix: u32) -> Option<u32> {
    digits.iter().try_fold(0u32, |code, digit| {
        let digit = char::from(*digit).to_digit(radix)?;
        code.checked_mul(radix)?.checked_add(digit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_those_of_go() {
        let cases: [(&[u8], Option<&[u8]>); 16] = [
            (b"", Some(b"")),
            (br"a\tb\n\x41\101\\", Some(b"a\tb\nAA\\")),
            (br"\377\xff\x80", Some(b"\xff\xff\x80")),
            (br"\u00e9\U0001F600", Some("é😀".as_bytes())),
            (br"\400", None),
            (br"\8", None),
            (br"\x4", None),
            (br"\ud800", None),
            (br"\U00110000", None),
            (br"\'", None),
            (br#"\""#, Some(b"\"")),
            (br"\q", None),
            (br"\u12", None),
            (b"'", Some(b"'")),
            (b"\xff", Some("\u{fffd}".as_bytes())),
            ("\\é".as_bytes(), None),
        ];
        for (source, expected) in cases {
            assert_eq!(escapes(source).as_deref(), expected, "{source:?}");
        }
    }

    #[test]
    fn literals_stand_in_any_of_three_quotes() {
        for (source, expected) in [
            (&br#""a\"b""#[..], Some("a\"b")),
            (b"`a\\n\r`", Some("a\\n")),
            ("'é'".as_bytes(), Some("é")),
            (br"'\''", Some("'")),
            (br"'\x41'", Some("A")),
            (b"'ab'", None),
            (b"''", Some("")),
            (b"\"a\nb\"", None),
            (b"\"a", None),
            (b"'", None),
            (b"a", None),
            (b"", None),
        ] {
            let got = literal(source);
            assert_eq!(got.as_deref(), expected.map(str::as_bytes), "{source:?}");
        }
    }
}
