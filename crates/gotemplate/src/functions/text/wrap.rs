//! Lines of a certain width, in bytes.

use super::Args;
use crate::env::Env;
use crate::fault::Outcome;
use crate::value::Value;

/// Words that are longer than the line stay whole.
pub(super) fn wrap(env: &mut Env, args: Args) -> Outcome {
    wrapped(env, args.int(0)?, b"\n", false, args.text(1)?)
}

/// Words that are longer than the line are cut.
pub(super) fn wrap_with(env: &mut Env, args: Args) -> Outcome {
    let between: &[u8] = match args.text(1)? {
        text if text.is_empty() => b"\n",
        text => text,
    };
    wrapped(env, args.int(0)?, between, true, args.text(2)?)
}

/// Spaces at the beginning of a line that is full are dropped, with the one it was broken at.
fn wrapped(env: &mut Env, width: i64, between: &[u8], cut: bool, text: &[u8]) -> Outcome {
    let width = usize::try_from(width.max(1)).unwrap_or(usize::MAX);
    env.spend(text.len())?;
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while rest.len() > width {
        if let Some(after) = rest.strip_prefix(b" ") {
            rest = after;
            continue;
        }
        let line = match memchr::memrchr(b' ', &rest[..=width]) {
            None if cut => width,
            None => match memchr::memchr(b' ', &rest[width..]) {
                Some(space) => width + space,
                None => break,
            },
            Some(space) => space,
        };
        env.spend(between.len())?;
        out.extend_from_slice(&rest[..line]);
        out.extend_from_slice(between);
        rest = &rest[line..];
        // A word that was cut has no space behind it: it goes on.
        rest = rest.strip_prefix(b" ").unwrap_or(rest);
    }
    out.extend_from_slice(rest);
    Ok(Value::text(out))
}

#[cfg(test)]
mod tests {
    use crate::functions::testing::check;

    #[test]
    fn lines() {
        check(&[
            (
                r#"{{ wrap 5 "aa  bb cc   dd" | printf "%q" }}"#,
                Some(r#""aa \nbb cc\n  dd""#),
            ),
            (
                r#"{{ wrap 3 "abcdef gh i" | printf "%q" }}"#,
                Some(r#""abcdef\ngh\ni""#),
            ),
            (r#"{{ wrap -1 "a  b" | printf "%q" }}"#, Some(r#""a\nb""#)),
            (r#"{{ wrap 9 "  a b" | printf "%q" }}"#, Some(r#""  a b""#)),
            (r#"{{ wrap 1 "☃ ☃" | printf "%q" }}"#, Some(r#""☃\n☃""#)),
            (
                r#"{{ wrapWith 3 "|" "abcdefg h ij" | printf "%q" }}"#,
                Some(r#""abc|def|g h|ij""#),
            ),
            (
                r#"{{ wrapWith 3 "" "abc def " | printf "%q" }}"#,
                Some(r#""abc\ndef\n""#),
            ),
            (
                r#"{{ wrapWith 2 "|" "☃" | printf "%q" }}"#,
                Some(r#""\xe2\x98|\x83""#),
            ),
            (
                r#"{{ wrap 9223372036854775807 "a b" | printf "%q" }}"#,
                Some(r#""a b""#),
            ),
        ]);
    }
}
