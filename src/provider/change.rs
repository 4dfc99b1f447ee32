//! What becomes of a secret's value when a property of it is pushed or deleted. Pure.

use lockstep_gjson as gjson;

use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;

/// What is left of a value that a property is taken from.
#[derive(Debug, PartialEq)]
pub(super) enum Rest {
    /// The property is not there.
    Same,
    Less(SecretBytes),
    Nothing,
}

/// The value with this at a property, or this alone. A property is a path; what is missing on the way is made.
/// `provider` is as ESO calls it.
pub(super) fn with(
    existing: Option<&SecretBytes>,
    property: Option<&str>,
    value: &SecretBytes,
    provider: &str,
) -> Result<SecretBytes, Problem> {
    let Some(property) = property else {
        return Ok(value.clone());
    };
    let existing = existing.map_or(b"".as_slice(), SecretBytes::expose);
    if !existing.is_empty() && !gjson::is_valid(existing) {
        return Err(bad(format!(
            "PushSecret for {provider} with a pushSecretData property requires a json secret"
        )));
    }
    let changed = gjson::set(existing, property, value.expose());
    let changed = changed.map_err(|error| bad(format!("property {property}: {error}")))?;
    Ok(changed.into())
}

/// Takes a property away, and what was made on the way to it if nothing else is in there. What is no JSON, or is
/// reached by no plain path, was not pushed as a property.
pub(super) fn without(existing: &SecretBytes, property: &str) -> Rest {
    if !gjson::is_valid(existing.expose()) || !is_there(existing.expose(), property) {
        return Rest::Same;
    }
    let Ok(mut left) = gjson::delete(existing.expose(), property) else {
        return Rest::Same;
    };
    let mut path = property;
    while let Some(parent) = parent(path).filter(|parent| is_empty(gjson::get(&left, parent).raw())) {
        match gjson::delete(&left, parent) {
            Ok(less) => left = less,
            Err(_) => break,
        }
        path = parent;
    }
    if is_empty(&left) {
        Rest::Nothing
    } else {
        Rest::Less(left.into())
    }
}

fn is_there(json: &[u8], path: &str) -> bool {
    gjson::try_get(json, path).is_ok_and(|found| found.exists())
}

fn is_empty(json: &[u8]) -> bool {
    let mut json = json.iter().filter(|byte| !byte.is_ascii_whitespace());
    json.next() == Some(&b'{') && json.next() == Some(&b'}')
}

/// The path up to its last dot that stands for itself.
fn parent(path: &str) -> Option<&str> {
    let is_plain = |at: usize| {
        let slashes = path.as_bytes()[..at].iter().rev();
        slashes.take_while(|byte| **byte == b'\\').count() % 2 == 0
    };
    let mut dots = path.rmatch_indices('.').map(|(at, _)| at);
    dots.find(|at| is_plain(*at)).map(|at| &path[..at])
}

fn bad(why: String) -> Problem {
    Problem::BadData { why }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(value: &SecretBytes) -> String {
        String::from_utf8_lossy(value.expose()).into_owned()
    }

    #[test]
    fn a_property_is_a_path_into_what_is_there() {
        let set = |existing: Option<&str>, property| {
            let existing = existing.map(SecretBytes::from);
            let changed = with(existing.as_ref(), property, &"v".into(), "p");
            changed
                .map(|value| shown(&value))
                .map_err(|problem| problem.to_string())
        };
        let to = |text: &str| Ok(text.to_owned());
        assert_eq!(set(Some("plain"), None), to("v"));
        assert_eq!(set(None, Some("x.y")), to(r#"{"x":{"y":"v"}}"#));
        assert_eq!(set(Some(""), Some("x")), to(r#"{"x":"v"}"#));
        assert_eq!(
            set(Some(r#"{"a": 1.50, "x": {"y": 1}}"#), Some("x.y")),
            to(r#"{"a": 1.50, "x": {"y": "v"}}"#)
        );
        assert_eq!(set(Some("{}"), Some("a\\.b")), to(r#"{"a.b":"v"}"#));
        let refused = "PushSecret for p with a pushSecretData property requires a json secret";
        assert_eq!(set(Some("canary"), Some("x")), Err(refused.to_owned()));
    }

    #[test]
    fn what_is_left_is_what_others_put_there() {
        let take = |existing: &str, property| match without(&existing.into(), property) {
            Rest::Same => "same".to_owned(),
            Rest::Nothing => "nothing".to_owned(),
            Rest::Less(left) => shown(&left),
        };
        for (existing, property, left) in [
            (r#"{"x":{"y":"1"},"z":"2"}"#, "x.y", r#"{"z":"2"}"#),
            (
                r#"{"x":{"y":"1","w":{}},"z":"2"}"#,
                "x.y",
                r#"{"x":{"w":{}},"z":"2"}"#,
            ),
            (r#"{"x":{"y":{"z":"1"}}}"#, "x.y.z", "nothing"),
            (r#"{ "x" : "1" }"#, "x", "nothing"),
            (r#"{"a.b":"1","a":{}}"#, "a\\.b", r#"{"a":{}}"#),
            (r#"{"x":"1"}"#, "y", "same"),
            ("{}", "y", "same"),
            ("canary", "y", "same"),
            (r#"{"x":[1,2]}"#, "x.#", "same"),
        ] {
            assert_eq!(take(existing, property), left, "{existing} {property}");
        }
    }
}
