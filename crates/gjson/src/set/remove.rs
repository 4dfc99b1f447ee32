//! Cutting a member or element out together with its key and one comma.

use super::Spot;

/// What to keep in front of a value, and where to carry on behind it. The value lies at `spot` in `json`,
/// inside of a container that lies at `within`.
pub(super) fn bounds(json: &[u8], spot: Spot, within: Spot) -> (usize, usize) {
    let end = spot.end;
    let (keep, was_first) = before(&json[..spot.start]);
    if !was_first {
        return (keep, end);
    }
    // The first one has no comma in front, so the one behind goes.
    let rest = &json[end..within.end];
    let resume = match rest.iter().position(|&b| b > b' ') {
        Some(at) if rest[at] == b',' => end + at + 1,
        _ => end,
    };
    (keep, resume)
}

/// How much of the text in front of a value stays, and whether the value came first in what it lies in.
fn before(head: &[u8]) -> (usize, bool) {
    match head.iter().rposition(|b| matches!(b, b'[' | b',' | b':')) {
        Some(at) if head[at] == b'[' => (head.len(), true),
        Some(at) if head[at] == b',' => (at, false),
        Some(at) => before_key(&head[..at]).unwrap_or((head.len(), false)),
        None => (head.len(), false),
    }
}

/// The same for the text in front of a colon: skips the key and looks for what stands before it. An escaped
/// quote is only recognised by the backslash directly in front of it, as in sjson.
fn before_key(head: &[u8]) -> Option<(usize, bool)> {
    let mut i = head.iter().rposition(|&b| b == b'"')?;
    loop {
        i = head[..i].iter().rposition(|&b| b == b'"')?;
        if i == 0 || head[i - 1] != b'\\' {
            break;
        }
        i = i.checked_sub(2)?;
    }
    let at = head[..i].iter().rposition(|b| matches!(b, b'{' | b','))?;
    Some(if head[at] == b'{' {
        (at + 1, true)
    } else {
        (at, false)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts() {
        for (json, value, want) in [
            (r#"{"a":1,"b":2}"#, "1", r#"{"b":2}"#),
            (r#"{"a":1,"b":2}"#, "2", r#"{"a":1}"#),
            ("[1,2,3]", "2", "[1,3]"),
            ("[1 , 2]", "1", "[ 2]"),
            (r#"{ "a" : 1 , "b":2}"#, "1", r#"{ "b":2}"#),
            (r#"{"x":0,"a\"b":1}"#, "1", r#"{"x":0}"#),
        ] {
            let start = json.find(value).expect(value);
            let spot = Spot {
                start,
                end: start + value.len(),
            };
            let (keep, resume) = bounds(
                json.as_bytes(),
                spot,
                Spot {
                    start: 0,
                    end: json.len(),
                },
            );
            assert_eq!(format!("{}{}", &json[..keep], &json[resume..]), want, "{json}");
        }
    }
}
