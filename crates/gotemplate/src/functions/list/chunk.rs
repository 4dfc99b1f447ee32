//! `chunk`, which counts in floating point numbers and so has answers for odd sizes too.

use super::{Args, items};
use crate::env::Env;
use crate::fault::{Fault, Outcome};
use crate::value::{List, ListType, Value};

pub(super) fn chunk(env: &mut Env, args: Args) -> Outcome {
    let (size, items) = (args.int(0)?, items(args.any(1)?, "Cannot chunk type")?);
    let count =
        count(size, items.len()).ok_or_else(|| Fault::new("runtime error: makeslice: len out of range"))?;
    env.spend_items(items.len() + count)?;
    let mut chunks = Vec::with_capacity(count);
    for nth in 0..count {
        let start = nth.saturating_mul(usize::try_from(size).unwrap_or(0));
        let length = if nth + 1 == count {
            last(size, items.len())
        } else {
            usize::try_from(size).ok()
        };
        let chunk = length.and_then(|length| items.get(start..start.checked_add(length)?));
        let chunk = chunk.ok_or_else(|| Fault::new("runtime error: makeslice: len out of range"))?;
        chunks.push(Value::list(chunk.to_vec())?);
    }
    List::new(ListType::Lists, chunks).map(Value::List)
}

/// How many chunks there are. With a negative size it may be none or one.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it is what sprig does, and the range is checked"
)]
fn count(size: i64, length: usize) -> Option<usize> {
    let count = ((length as f64 - 1.0) / size as f64).floor() + 1.0;
    (0.0..=length.max(2) as f64)
        .contains(&count)
        .then_some(count as usize)
}

/// How long the last chunk is: what is left over, or else as long as all.
fn last(size: i64, length: usize) -> Option<usize> {
    let length = i64::try_from(length).ok()?;
    match length.checked_rem(size)? {
        0 => usize::try_from(size).ok(),
        left => usize::try_from(left).ok(),
    }
}

#[cfg(test)]
mod tests {
    use crate::functions::testing::check;

    #[test]
    fn odd_sizes() {
        check(&[
            (r#"{{ chunk 0 (list 1) | printf "%#v" }}"#, None),
            (r#"{{ chunk 0 (list) | printf "%#v" }}"#, None),
            (
                r#"{{ chunk -5 (list 1) | printf "%#v" }}"#,
                Some("[][]interface {}{[]interface {}{1}}"),
            ),
            (
                r#"{{ chunk -5 (list 1 2) | printf "%#v" }}"#,
                Some("[][]interface {}{}"),
            ),
            (
                r#"{{ chunk -1 (list 1 2) | printf "%#v" }}"#,
                Some("[][]interface {}{}"),
            ),
            (r#"{{ chunk -1 (list) | printf "%#v" }}"#, None),
            (
                r#"{{ chunk -9223372036854775808 (list 1) | printf "%#v" }}"#,
                Some("[][]interface {}{[]interface {}{1}}"),
            ),
            (
                r#"{{ chunk 9223372036854775807 (list 1 2) | printf "%#v" }}"#,
                Some("[][]interface {}{[]interface {}{1, 2}}"),
            ),
            (
                r#"{{ chunk 2 (until 5) | printf "%#v" }}"#,
                Some("[][]interface {}{[]interface {}{0, 1}, []interface {}{2, 3}, []interface {}{4}}"),
            ),
            (
                r#"{{ chunk 3 (list) | printf "%#v" }}"#,
                Some("[][]interface {}{}"),
            ),
            (r#"{{ chunk 3 "abc" | printf "%#v" }}"#, None),
        ]);
    }
}
