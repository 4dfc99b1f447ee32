//! Finding where things end in raw JSON.
//!
//! Nothing here validates: each function reads on until something looks like the end of what it was asked
//! for, which is how gjson treats malformed documents. Positions may lie one past the end of the text, which
//! stands for "ran off the end inside a string".

use crate::value::{Kind, Token};

/// The next thing of interest behind a position.
#[derive(Clone, Copy)]
pub(crate) enum Next<'j> {
    /// A complete string, number or literal, and the position behind it.
    Scalar(Token<'j>, usize),
    /// A `{` or `[` at this position.
    Open(usize),
    /// A `]` at this position; only in arrays.
    Close(usize),
    /// A string that never ends; reading stopped here.
    Broken(usize),
    /// Nothing more; reading stopped here.
    End(usize),
}

/// Looks for the next value from `from` on, skipping whatever cannot start one. Only an array stops at `]`.
pub(crate) fn next_value(json: &[u8], from: usize, in_array: bool) -> Next<'_> {
    let mut i = from;
    while let Some(&byte) = json.get(i) {
        match byte {
            b'"' => {
                return match string_end(json, i + 1) {
                    Some(end) => Next::Scalar(Token::new(Kind::String, &json[i..end]), end),
                    None => Next::Broken(json.len()),
                };
            }
            b'{' | b'[' => return Next::Open(i),
            b']' if in_array => return Next::Close(i),
            _ => {
                if let Some((kind, end)) = bare(json, i) {
                    return Next::Scalar(Token::new(kind, &json[i..end]), end);
                }
            }
        }
        i += 1;
    }
    Next::End(i)
}

/// The kind and end of a number or literal that starts at `i`. `nan` and the like count as numbers, so that
/// an `n` starts null only if a `u` follows, or nothing at all.
pub(crate) fn bare(json: &[u8], i: usize) -> Option<(Kind, usize)> {
    let kind = match json.get(i)? {
        b'n' if json.get(i + 1).is_none_or(|&b| b == b'u') => Kind::Null,
        b't' => Kind::True,
        b'f' => Kind::False,
        b'+' | b'-' | b'0'..=b'9' | b'i' | b'I' | b'n' | b'N' => Kind::Number,
        _ => return None,
    };
    let inside = |b: &u8| match kind {
        Kind::Number => !matches!(b, 0..=b' ' | b',' | b']' | b'}'),
        _ => b.is_ascii_lowercase(),
    };
    let rest = &json[i + 1..];
    let len = rest.iter().position(|b| !inside(b)).unwrap_or(rest.len());
    Some((kind, i + 1 + len))
}

/// The position behind the closing quote of a string whose content starts at `from`.
pub(crate) fn string_end(json: &[u8], from: usize) -> Option<usize> {
    let mut i = from;
    loop {
        i += quote_or_backslash(json.get(i..)?)?;
        if json[i] == b'"' {
            return Some(i + 1);
        }
        i += 2; // the backslash and what it protects
    }
}

/// The first quote or backslash, looking at eight bytes at a time.
fn quote_or_backslash(text: &[u8]) -> Option<usize> {
    const ONES: u64 = u64::MAX / 255;
    const HIGHS: u64 = ONES << 7;
    // The high bit of a byte is set if that byte was zero. Bytes above the first such one may be wrong.
    let zeros = |word: u64| word.wrapping_sub(ONES) & !word & HIGHS;
    let mut at = 0;
    while let Some(word) = text.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        let word = u64::from_le_bytes(*word);
        let hits = zeros(word ^ (ONES * 0x22)) | zeros(word ^ (ONES * 0x5c));
        if hits != 0 {
            return Some(at + hits.trailing_zeros() as usize / 8);
        }
        at += 8;
    }
    text[at..]
        .iter()
        .position(|b| matches!(b, b'"' | b'\\'))
        .map(|tail| at + tail)
}

/// The object or array that opens at `start`, and the position behind it. Brackets are only counted, not
/// matched up; without the last one everything up to the end is taken.
pub(crate) fn container(json: &[u8], start: usize) -> (&[u8], usize) {
    let mut depth = 1_usize;
    let mut i = start + 1;
    while let Some(&byte) = json.get(i) {
        match MARKS[usize::from(byte)] {
            Mark::None => {}
            Mark::Quote => match string_end(json, i + 1) {
                Some(end) => {
                    i = end;
                    continue;
                }
                None => return (&json[start..], json.len() + 1),
            },
            Mark::Open => depth += 1,
            Mark::Close => {
                depth -= 1;
                if depth == 0 {
                    return (&json[start..=i], i + 1);
                }
            }
        }
        i += 1;
    }
    (&json[start..], json.len())
}

#[derive(Clone, Copy)]
enum Mark {
    None,
    Quote,
    Open,
    Close,
}

/// All that counts between an opening bracket and its partner.
static MARKS: [Mark; 256] = {
    let mut table = [Mark::None; 256];
    table[b'"' as usize] = Mark::Quote;
    table[b'{' as usize] = Mark::Open;
    table[b'[' as usize] = Mark::Open;
    table[b'(' as usize] = Mark::Open;
    table[b'}' as usize] = Mark::Close;
    table[b']' as usize] = Mark::Close;
    table[b')' as usize] = Mark::Close;
    table
};

/// The string, object, array or parenthesis that `text` starts with, or all of `text` if it never ends.
pub(crate) fn balanced(text: &[u8]) -> &[u8] {
    match text.first() {
        None => text,
        Some(b'"') => string_end(text, 1).map_or(text, |end| &text[..end]),
        Some(_) => container(text, 0).0,
    }
}

/// `text` without control characters and spaces at both ends.
pub(crate) fn trim(text: &[u8]) -> &[u8] {
    let start = text.iter().position(|&b| b > b' ').unwrap_or(text.len());
    let end = text
        .iter()
        .rposition(|&b| b > b' ')
        .map_or(start, |last| last + 1);
    &text[start..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_end_at_the_first_unprotected_quote() {
        for (text, end) in [
            (r#"abc""#, Some(4)),
            (r#"a\"b"x"#, Some(5)),
            (r#"a\\"b"#, Some(4)),
            (r#"a\\\"b"#, None),
            ("abc", None),
            ("abc\\", None),
            ("", None),
        ] {
            assert_eq!(string_end(text.as_bytes(), 0), end, "{text}");
        }
    }

    #[test]
    fn containers_end_where_the_brackets_balance() {
        for (text, raw, end) in [
            ("{}x", "{}", 2),
            (r#"{"a":[1,"]}"]},"#, r#"{"a":[1,"]}"]}"#, 14),
            ("[1,[2]", "[1,[2]", 6),
            (r#"[1,"open"#, r#"[1,"open"#, 9),
            ("[(]", "[(]", 3),
        ] {
            assert_eq!(container(text.as_bytes(), 0), (raw.as_bytes(), end), "{text}");
        }
    }

    #[test]
    fn trim_takes_both_ends() {
        for (text, want) in [("", ""), (" \n\t", ""), (" a b ", "a b"), ("a", "a")] {
            assert_eq!(trim(text.as_bytes()), want.as_bytes());
        }
    }
}
