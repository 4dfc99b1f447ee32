//! Quoting as in Go: string and character literals.

use std::fmt::Write as _;

use crate::unicode::is_print;

/// Which characters stand for themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plain {
    /// All that are printable in Unicode 15.0, as for `strconv.Quote`.
    Printable,
    /// Printable ASCII only, as for `strconv.QuoteToASCII`.
    Ascii,
}

/// A string literal in double quotes. Bytes that are no UTF-8 become `\xff`.
pub fn text(bytes: &[u8], plain: Plain) -> String {
    let mut out = String::with_capacity(bytes.len() + 2);
    out.push('"');
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            write_char(&mut out, c, '"', plain);
        }
        for b in chunk.invalid() {
            escape(&mut out, 'x', 2, (*b).into());
        }
    }
    out.push('"');
    out
}

/// A character literal in single quotes.
pub fn character(c: char, plain: Plain) -> String {
    let mut out = String::from('\'');
    write_char(&mut out, c, '\'', plain);
    out.push('\'');
    out
}

/// Whether the text can stand in backquotes as it is.
pub fn can_backquote(bytes: &[u8]) -> bool {
    let plain = |c| !matches!(c, '\0'..='\x08' | '\n'..='\x1f' | '`' | '\x7f' | '\u{feff}');
    str::from_utf8(bytes).is_ok_and(|text| text.chars().all(plain))
}

fn write_char(out: &mut String, c: char, quote: char, plain: Plain) {
    match c {
        '\\' => out.push_str(r"\\"),
        _ if c == quote => {
            out.push('\\');
            out.push(c);
        }
        _ if is_print(c) && (c.is_ascii() || plain == Plain::Printable) => out.push(c),
        '\x07' => out.push_str(r"\a"),
        '\x08' => out.push_str(r"\b"),
        '\x0c' => out.push_str(r"\f"),
        '\n' => out.push_str(r"\n"),
        '\r' => out.push_str(r"\r"),
        '\t' => out.push_str(r"\t"),
        '\x0b' => out.push_str(r"\v"),
        '\0'..' ' | '\x7f' => escape(out, 'x', 2, c.into()),
        '\0'..='\u{ffff}' => escape(out, 'u', 4, c.into()),
        _ => escape(out, 'U', 8, c.into()),
    }
}

fn escape(out: &mut String, kind: char, digits: usize, code: u32) {
    // Writing to a String cannot fail.
    let _ = write!(out, "\\{kind}{code:0digits$x}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_are_gos() {
        for (bytes, printable, ascii) in [
            (&b""[..], r#""""#, r#""""#),
            (b"a\"b\n", r#""a\"b\n""#, r#""a\"b\n""#),
            (
                b"\x07\x08\x0c\r\t\x0b\\'",
                r#""\a\b\f\r\t\v\\'""#,
                r#""\a\b\f\r\t\v\\'""#,
            ),
            (b"\0\x1b\x7f", r#""\x00\x1b\x7f""#, r#""\x00\x1b\x7f""#),
            ("é☃😀".as_bytes(), r#""é☃😀""#, r#""\u00e9\u2603\U0001f600""#),
            (
                "\u{a0}\u{ad}\u{2028}\u{fffd}".as_bytes(),
                "\"\\u00a0\\u00ad\\u2028\u{fffd}\"",
                r#""\u00a0\u00ad\u2028\ufffd""#,
            ),
            (
                b"ok\xffbad\xc3(\xf0\x9f\x98",
                r#""ok\xffbad\xc3(\xf0\x9f\x98""#,
                r#""ok\xffbad\xc3(\xf0\x9f\x98""#,
            ),
            // Unicode 15.0 has these, 15.1 brought those.
            ("\u{1fae8}".as_bytes(), "\"\u{1fae8}\"", r#""\U0001fae8""#),
            ("\u{2ffc}".as_bytes(), r#""\u2ffc""#, r#""\u2ffc""#),
        ] {
            assert_eq!(text(bytes, Plain::Printable), printable);
            assert_eq!(text(bytes, Plain::Ascii), ascii);
        }
        assert_eq!(character('\'', Plain::Printable), r"'\''");
        assert_eq!(character('"', Plain::Ascii), "'\"'");
        assert_eq!(character('é', Plain::Ascii), r"'\u00e9'");
    }

    #[test]
    fn backquotes() {
        assert!(can_backquote("a\tb \"☃\"".as_bytes()));
        for bytes in [&b"a`b"[..], b"a\nb", b"\x7f", b"\xff", "\u{feff}".as_bytes()] {
            assert!(!can_backquote(bytes));
        }
    }
}
