//! The order of members under `@pretty:{"sortKeys":true}`.

use std::borrow::Cow;
use std::cmp::Ordering;

use crate::number;
use crate::text;
use crate::valid::is_valid;

/// A printed member: its quoted key, and where it lies in the output.
pub(super) struct Member<'j> {
    pub(super) key: &'j [u8],
    pub(super) start: usize,
    pub(super) end: usize,
}

/// The members in order of their keys, then of their values, one per line.
pub(super) fn sorted(printed: &[u8], members: &[Member<'_>]) -> Vec<u8> {
    let mut rows: Vec<Row<'_>> = members.iter().map(|member| Row::of(printed, member)).collect();
    rows.sort_by(|a, b| a.key.cmp(&b.key).then_with(|| compare(a.value, b.value)));
    let lines: Vec<&[u8]> = rows.iter().map(|row| row.text).collect();
    lines.join(b",\n".as_slice())
}

struct Row<'a> {
    key: Cow<'a, [u8]>,
    value: &'a [u8],
    text: &'a [u8],
}

impl<'a> Row<'a> {
    fn of(printed: &'a [u8], member: &Member<'a>) -> Self {
        // Output that hit its ceiling is shorter than it should be, and nobody will see it.
        let text = printed.get(member.start..member.end).unwrap_or_default();
        let value = text.trim_ascii().get(member.key.len() + 1..).unwrap_or_default();
        Self {
            key: string_text(member.key),
            value: value.trim_ascii(),
            text,
        }
    }
}

/// Orders printed values by type, then by what they mean.
fn compare(a: &[u8], b: &[u8]) -> Ordering {
    let rank = |value: &[u8]| match value.first() {
        None | Some(b'n') => 0,
        Some(b'f') => 1,
        Some(b'"') => 3,
        Some(b't') => 4,
        Some(b'[' | b'{') => 5,
        Some(_) => 2,
    };
    rank(a).cmp(&rank(b)).then_with(|| match rank(a) {
        2 => {
            let (a, b) = (number::parse(a), number::parse(b));
            // NaN has to go somewhere, or this would be no order.
            a.partial_cmp(&b).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
        }
        3 => string_text(a).cmp(&string_text(b)),
        _ => a.cmp(b),
    })
}

/// The content of a quoted string; empty if it is malformed.
fn string_text(quoted: &[u8]) -> Cow<'_, [u8]> {
    let Some(end) = quoted
        .get(1..)
        .and_then(|rest| rest.iter().position(|b| matches!(b, b'"' | b'\\')))
    else {
        return Cow::default();
    };
    if quoted[end + 1] == b'"' {
        return Cow::Borrowed(&quoted[1..=end]);
    }
    if !is_valid(quoted) {
        return Cow::default();
    }
    let text = text::unescape(&quoted[1..quoted.len() - 1]);
    Cow::Owned(String::from_utf8_lossy(&text).into_owned().into_bytes())
}
