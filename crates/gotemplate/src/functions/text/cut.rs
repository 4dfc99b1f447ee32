//! Parts of a text. Positions are counted in bytes and may cut a character in two, as in Go.

use std::collections::HashSet;

use lockstep_gostd::unicode;

use super::Args;
use crate::env::Env;
use crate::fault::{Fault, Outcome};
use crate::value::{Value, runes};

pub(super) fn trim(text: &[u8]) -> &[u8] {
    trim_where(text, unicode::is_space)
}

/// Without the characters of `unwanted` at both ends.
pub(super) fn trim_all<'t>(text: &'t [u8], unwanted: &[u8]) -> &'t [u8] {
    let unwanted: HashSet<char> = runes(unwanted).map(|(c, _)| c).collect();
    trim_where(text, |c| unwanted.contains(&c))
}

fn trim_where(text: &[u8], unwanted: impl Fn(char) -> bool) -> &[u8] {
    let mut at = 0;
    let mut kept = None;
    for (c, width) in runes(text) {
        if !unwanted(c) {
            let start = kept.map_or(at, |(start, _)| start);
            kept = Some((start, at + width));
        }
        at += width;
    }
    kept.map_or(&[], |(start, end)| &text[start..end])
}

/// The first `count` bytes, or the last ones if it is negative.
pub(super) fn truncated(count: i64, text: &[u8]) -> &[u8] {
    let bytes = usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX);
    if bytes >= text.len() {
        text
    } else if count < 0 {
        &text[text.len() - bytes..]
    } else {
        &text[..bytes]
    }
}

pub(super) fn substr(env: &mut Env, args: Args) -> Outcome {
    let (start, end, text) = (args.int(0)?, args.int(1)?, args.text(2)?);
    let start = usize::try_from(start).ok();
    let end = usize::try_from(end).ok();
    let range = match (start, end) {
        (None, None) => None,
        (None, Some(end)) => text.get(..end),
        (Some(start), Some(end)) if end <= text.len() => text.get(start..end),
        (Some(start), _) => text.get(start..),
    };
    let part = range.ok_or_else(|| Fault::new("the positions are not within the text"))?;
    env.spend(part.len())?;
    Ok(Value::text(part))
}

pub(super) fn abbrev(env: &mut Env, args: Args) -> Outcome {
    let (width, text) = (args.int(0)?, args.text(1)?);
    if width < 4 {
        return Ok(Value::Text(text.clone()));
    }
    env.spend(text.len())?;
    Ok(Value::text(abbreviated(text, 0, width)))
}

pub(super) fn abbrev_both(env: &mut Env, args: Args) -> Outcome {
    let (left, width, text) = (args.int(0)?, args.int(1)?, args.text(2)?);
    if width < 4 || left > 0 && width < 7 {
        return Ok(Value::Text(text.clone()));
    }
    env.spend(text.len())?;
    Ok(Value::text(abbreviated(text, left, width)))
}

/// At most `width` bytes (at least 4), of which dots stand for what was left out at the ends. What begins at `offset`
/// is shown.
fn abbreviated(text: &[u8], offset: i64, width: i64) -> Vec<u8> {
    let length = i64::try_from(text.len()).unwrap_or(i64::MAX);
    if length <= width {
        return text.to_vec();
    }
    let shown = width - 3;
    let mut offset = offset.min(length);
    if length.wrapping_sub(offset) < shown {
        offset = length - shown;
    }
    if offset <= 4 {
        return [truncated(shown, text), b"..."].concat();
    }
    if width < 7 {
        return Vec::new(); // too narrow for dots at both ends
    }
    if offset + shown < length {
        let tail = truncated(-(length - offset), text);
        return [b"...".to_vec(), abbreviated(tail, 0, shown)].concat();
    }
    [b"...", truncated(-shown, text)].concat()
}

#[cfg(test)]
mod tests {
    use crate::functions::testing::check;

    #[test]
    fn trims() {
        check(&[
            (
                r#"{{ trim "\u2003\v a\u0085\xff \u3000" | printf "%q" }}"#,
                Some(r#""a\u0085\xff""#),
            ),
            (r#"{{ trim " \n" | printf "%q" }}"#, Some(r#""""#)),
            (
                r#"{{ trimAll "é" "éxé\xc3" | printf "%q" }}"#,
                Some(r#""xé\xc3""#),
            ),
            (
                r#"{{ trimAll "\xff" "\ufffdx\xfe" | printf "%q" }}"#,
                Some(r#""x""#),
            ),
            (r#"{{ trimAll "a" "\xff" | printf "%q" }}"#, Some(r#""\xff""#)),
            (r#"{{ trimAll "" "a" | printf "%q" }}"#, Some(r#""a""#)),
            (
                r#"{{ trimSuffix "\x98\x83" "☃" | printf "%q" }}"#,
                Some(r#""\xe2""#),
            ),
            (r#"{{ trimPrefix "aa" "a" | printf "%q" }}"#, Some(r#""a""#)),
        ]);
    }

    #[test]
    fn parts_are_counted_in_bytes() {
        check(&[
            (r#"{{ trunc 2 "é☃" | printf "%q" }}"#, Some(r#""é""#)),
            (r#"{{ trunc -1 "☃" | printf "%q" }}"#, Some(r#""\x83""#)),
            (
                r#"{{ trunc -9223372036854775808 "abc" | printf "%q" }}"#,
                Some(r#""abc""#),
            ),
            (r#"{{ trunc -3 "abc" | printf "%q" }}"#, Some(r#""abc""#)),
            (r#"{{ substr -1 2 "hello" | printf "%q" }}"#, Some(r#""he""#)),
            (r#"{{ substr -1 -1 "hello" | printf "%q" }}"#, None),
            (r#"{{ substr -1 9 "hello" | printf "%q" }}"#, None),
            (r#"{{ substr 2 -1 "hello" | printf "%q" }}"#, Some(r#""llo""#)),
            (r#"{{ substr 5 9 "hello" | printf "%q" }}"#, Some(r#""""#)),
            (r#"{{ substr 6 9 "hello" | printf "%q" }}"#, None),
            (r#"{{ substr 3 2 "hello" | printf "%q" }}"#, None),
        ]);
    }

    #[test]
    fn abbreviations() {
        check(&[
            (r#"{{ abbrev 3 "hello" | printf "%q" }}"#, Some(r#""hello""#)),
            (r#"{{ abbrev 4 "☃☃" | printf "%q" }}"#, Some(r#""\xe2...""#)),
            (
                r#"{{ abbrevboth 5 7 "abcdefghijklm" | printf "%q" }}"#,
                Some(r#""...f...""#),
            ),
            (
                r#"{{ abbrevboth 4 7 "abcdefghijklm" | printf "%q" }}"#,
                Some(r#""abcd...""#),
            ),
            (
                r#"{{ abbrevboth 5 9 "abcdefghijklm" | printf "%q" }}"#,
                Some(r#""...fgh...""#),
            ),
            (
                r#"{{ abbrevboth 99 10 "abcdefghijklm" | printf "%q" }}"#,
                Some(r#""...ghijklm""#),
            ),
            (
                r#"{{ abbrevboth 1 6 "abcdefghijklm" | printf "%q" }}"#,
                Some(r#""abcdefghijklm""#),
            ),
            (
                r#"{{ abbrevboth -1 6 "abcdefghijklm" | printf "%q" }}"#,
                Some(r#""abc...""#),
            ),
            (
                r#"{{ abbrevboth -9223372036854775808 6 "abcdefghijklm" | printf "%q" }}"#,
                Some(r#""""#),
            ),
            (
                r#"{{ abbrevboth -9223372036854775808 9 "abcdefghijklm" | printf "%q" }}"#,
                Some(r#""...hijklm""#),
            ),
        ]);
    }
}
