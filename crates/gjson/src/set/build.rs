//! Adding what a document does not have yet.

use super::error::SetError;
use super::segment::Segment;
use crate::limit::MAX_FILLED_ARRAY;
use crate::value::{Kind, Token};
use crate::{scan, text};

/// A JSON string. Go escapes `<`, `>` and `&` only in strings that need escaping anyway.
pub(super) fn string(value: &[u8]) -> Vec<u8> {
    if value.iter().any(|b| matches!(b, 0..b' ' | 0x80.. | b'"' | b'\\')) {
        return text::quote(value);
    }
    [b"\"".as_slice(), value, b"\""].concat()
}

/// Adds `segments` with `value` at their end to an object or array that lacks the first of them. Any other
/// document is replaced.
pub(super) fn add(json: &[u8], segments: &[Segment<'_>], value: &[u8]) -> Result<Vec<u8>, SetError> {
    let Some(first) = segments.first() else {
        return Ok(value.to_vec());
    };
    let root = match Token::parse(json) {
        Some((root, _)) if root.kind == Kind::Json => root.raw,
        _ if first.index().is_some() => b"[]",
        _ => b"{}",
    };
    let filled = root[1..]
        .iter()
        .find(|&&b| b > b' ')
        .is_some_and(|b| !matches!(b, b'}' | b']'));
    let comma: &[u8] = if filled { b"," } else { b"" };
    let value = wrap(segments, value)?;
    if root[0] == b'{' {
        let end = root.iter().rposition(|&b| b == b'}').unwrap_or(0);
        return Ok([&root[..end], comma, &string(&first.key), b":", &value, b"}"].concat());
    }
    if first.is_last() {
        let open = scan::trim(root);
        let open = open.strip_suffix(b"]").unwrap_or(open);
        return Ok([open, comma, &value, b"]"].concat());
    }
    let index = first
        .index()
        .ok_or_else(|| SetError::NotAnIndex(String::from_utf8_lossy(&first.key).into_owned()))?;
    append_at(root, index, comma, &value)
}

/// Appends to an array what is to have the position `index`, with nulls in between. The elements that are
/// there lose the space around them.
fn append_at(array: &[u8], index: usize, comma: &[u8], value: &[u8]) -> Result<Vec<u8>, SetError> {
    let elements = list(array);
    let nulls = fill(index.saturating_sub(elements.len()))?;
    let mut out = b"[".to_vec();
    out.extend_from_slice(&elements.join(b",".as_slice()));
    if elements.is_empty() {
        out.extend_from_slice(&b"null,".repeat(nulls));
    } else {
        out.extend_from_slice(&b",null".repeat(nulls));
        out.extend_from_slice(comma);
    }
    out.extend_from_slice(value);
    out.push(b']');
    Ok(out)
}

fn fill(nulls: usize) -> Result<usize, SetError> {
    if nulls > MAX_FILLED_ARRAY {
        Err(SetError::ArrayTooLong)
    } else {
        Ok(nulls)
    }
}

/// The elements of an array up to its end. Unlike the iterator of this crate, sjson stops at a bracket.
fn list(array: &[u8]) -> Vec<&[u8]> {
    let mut elements = Vec::new();
    let mut i = 1;
    while let Some(&byte) = array.get(i) {
        let end = match byte {
            b']' | b'}' => break,
            b'"' => scan::string_end(array, i + 1).unwrap_or(array.len()),
            b'{' | b'[' => scan::container(array, i).1.min(array.len()),
            b'-' | b'0'..=b'9' => scan::bare(array, i).map_or(i + 1, |(_, end)| end),
            b'n' | b't' | b'f' => {
                let tail = &array[i + 1..];
                i + 1
                    + tail
                        .iter()
                        .position(|b| !b.is_ascii_lowercase())
                        .unwrap_or(tail.len())
            }
            _ => {
                i += 1;
                continue;
            }
        };
        elements.push(&array[i..end]);
        i = end;
    }
    elements
}

/// Wraps `value` in what all segments but the first stand for.
fn wrap(segments: &[Segment<'_>], value: &[u8]) -> Result<Vec<u8>, SetError> {
    let mut opening = Vec::new();
    let mut closing = Vec::new();
    let mut nulls = 0;
    for segment in segments.iter().skip(1) {
        if segment.index().is_none() && !segment.is_last() {
            opening.push(b'{');
            opening.extend_from_slice(&string(&segment.key));
            opening.push(b':');
            closing.push(b'}');
        } else {
            nulls = fill(segment.index().unwrap_or(0).saturating_add(nulls))?;
            opening.push(b'[');
            opening.extend_from_slice(&b"null,".repeat(segment.index().unwrap_or(0)));
            closing.push(b']');
        }
    }
    closing.reverse();
    Ok([&opening, value, &closing].concat())
}
