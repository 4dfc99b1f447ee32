//! Strings: taking quotes and escapes off, putting them on, and escaping for paths.

use std::borrow::Cow;

/// Resolves the escapes in the content of a JSON string. The text ends early at an escape that does not
/// exist and, if there are escapes at all, at a control character: what gjson makes of malformed strings.
pub(crate) fn unescape(inner: &[u8]) -> Cow<'_, [u8]> {
    if !inner.contains(&b'\\') {
        return Cow::Borrowed(inner);
    }
    let mut out = Vec::with_capacity(inner.len());
    let mut i = 0;
    while let Some(&byte) = inner.get(i) {
        i += 1;
        match byte {
            0..b' ' => break,
            b'\\' => match inner.get(i) {
                Some(b'u') => {
                    let Some((c, len)) = unicode(&inner[i..]) else {
                        break;
                    };
                    out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                    i += len;
                }
                Some(&letter) => {
                    let Some(c) = simple(letter) else { break };
                    out.push(c);
                    i += 1;
                }
                None => break,
            },
            _ => out.push(byte),
        }
    }
    Cow::Owned(out)
}

fn simple(letter: u8) -> Option<u8> {
    Some(match letter {
        b'"' | b'\\' | b'/' => letter,
        b'b' => 0x08,
        b'f' => 0x0c,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        _ => return None,
    })
}

/// The character that `uXXXX`, or `uXXXX\uXXXX` for a surrogate pair, stands for, and its length.
fn unicode(text: &[u8]) -> Option<(char, usize)> {
    let first = hex4(text.get(1..5)?);
    if !(0xd800..0xe000).contains(&first) {
        return Some((char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER), 5));
    }
    // A surrogate swallows the escape behind it, whether the two make a pair or not.
    match text.get(5..11) {
        Some([b'\\', b'u', digits @ ..]) => {
            let second = hex4(digits);
            let pair = (first < 0xdc00 && (0xdc00..0xe000).contains(&second))
                .then(|| 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00));
            Some((
                pair.and_then(char::from_u32)
                    .unwrap_or(char::REPLACEMENT_CHARACTER),
                11,
            ))
        }
        _ => Some((char::REPLACEMENT_CHARACTER, 5)),
    }
}

/// Four hex digits; zero if one of them is not.
fn hex4(digits: &[u8]) -> u32 {
    digits
        .iter()
        .try_fold(0, |n, &b| Some((n << 4) | char::from(b).to_digit(16)?))
        .unwrap_or(0)
}

/// Writes `text` as a JSON string the way Go does: `<`, `>`, `&` and the two Unicode line separators are
/// escaped, invalid UTF-8 becomes `\ufffd`.
pub(crate) fn quote(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + 2);
    out.push(b'"');
    for chunk in text.utf8_chunks() {
        for c in chunk.valid().chars() {
            quote_char(c, &mut out);
        }
        for _ in chunk.invalid() {
            out.extend_from_slice(b"\\ufffd");
        }
    }
    out.push(b'"');
    out
}

fn quote_char(c: char, out: &mut Vec<u8>) {
    let short = match c {
        '"' | '\\' => c,
        '\u{8}' => 'b',
        '\u{c}' => 'f',
        '\n' => 'n',
        '\r' => 'r',
        '\t' => 't',
        '\0'..' ' | '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
            out.extend_from_slice(format!("\\u{:04x}", u32::from(c)).as_bytes());
            return;
        }
        _ => {
            out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            return;
        }
    };
    out.push(b'\\');
    out.extend_from_slice(short.encode_utf8(&mut [0; 4]).as_bytes());
}

/// Go's `strconv.ParseBool`, in any case.
pub(crate) fn parse_bool(text: &[u8]) -> Option<bool> {
    match text.to_ascii_lowercase().as_slice() {
        b"1" | b"t" | b"true" => Some(true),
        b"0" | b"f" | b"false" => Some(false),
        _ => None,
    }
}

/// Escapes one path segment, so that it names a key with exactly this text.
///
/// ```
/// use lockstep_gjson::{escape, get};
/// let json = br#"{"tls.crt": "x"}"#;
/// assert_eq!(escape("tls.crt"), r"tls\.crt");
/// assert_eq!(get(json, &escape("tls.crt")).text(), b"x".as_slice());
/// ```
pub fn escape(segment: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || c <= ' ' || c > '~' || matches!(c, '_' | '-' | ':');
    let mut out = String::with_capacity(segment.len());
    for c in segment.chars() {
        if !plain(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// Escapes the dots of a path and nothing else, which turns `tls.crt` into the single key `tls\.crt` but
/// leaves modifiers and wildcards at work.
pub fn escape_dots(path: &str) -> String {
    path.replace('.', "\\.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unescapes_as_gjson() {
        for (inner, want) in [
            (r"plain", "plain".as_bytes()),
            (r#"\"\\\/\b\f\n\r\t"#, b"\"\\/\x08\x0c\n\r\t"),
            (r"\u00e9\u4e16", "é世".as_bytes()),
            (r"\ud83d\ude00!", "😀!".as_bytes()),
            (r"\ud83dx", "\u{fffd}x".as_bytes()),
            (r"\ud83d\u0041x", "\u{fffd}x".as_bytes()),
            (r"\ude00\ud83d", "\u{fffd}".as_bytes()),
            (r"\u00zzx", b"\0x"),
            (r"a\u12", b"a"),
            (r"a\qb", b"a"),
            ("a\\", b"a"),
            ("a\nb", b"a\nb"),
            ("\\ta\nb", b"\ta"),
        ] {
            assert_eq!(unescape(inner.as_bytes()), want, "{inner}");
        }
    }

    #[test]
    fn quotes_as_go() {
        for (text, want) in [
            (b"a".as_slice(), r#""a""#),
            (
                b"\"\\\x08\x0c\n\r\t\x01\x7f",
                "\"\\\"\\\\\\b\\f\\n\\r\\t\\u0001\x7f\"",
            ),
            (b"<&>", r#""\u003c\u0026\u003e""#),
            ("é\u{2028}\u{2029}😀".as_bytes(), "\"é\\u2028\\u2029😀\""),
            (b"\xff\xf0\x9f\x98", r#""\ufffd\ufffd\ufffd\ufffd""#),
        ] {
            assert_eq!(quote(text), want.as_bytes());
        }
    }

    #[test]
    fn escapes_for_paths() {
        assert_eq!(escape("a.b*c|d#e@f"), r"a\.b\*c\|d\#e\@f");
        assert_eq!(escape("plain_key-1:x é"), "plain_key-1:x é");
        assert_eq!(escape_dots("a.b.*"), r"a\.b\.*");
    }
}
