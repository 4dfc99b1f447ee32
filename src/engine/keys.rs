//! Keys that a Secret may have, and how others become such.
//!
//! Letters and numbers of all scripts pass here, as they do in ESO; the API server then refuses those beyond ASCII.

use std::borrow::Cow;
use std::sync::LazyLock;

use lockstep_api::ConversionStrategy;
use regex::{Captures, Regex};

use super::problem::Problem;
use super::values::Values;

/// In bytes.
const MAX_LEN: usize = 253;

/// Go's `unicode.IsLetter` and `unicode.IsNumber` are the general categories L and N.
static ILLEGAL: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"[^\p{L}\p{N}._-]").expect("a valid pattern"));

static ESCAPED: LazyLock<Regex> =
    LazyLock::new(|| Regex::new("_U([0-9a-fA-F]{4,5})_").expect("a valid pattern"));

/// Replaces every character that is not allowed. Two keys that become the same are an error.
pub fn convert(strategy: ConversionStrategy, values: Values) -> Result<Values, Problem> {
    rename(values, |key| convert_key(strategy, key).into_owned())
}

/// Undoes [`ConversionStrategy::Unicode`]. Two keys that become the same are an error.
pub fn reverse(values: Values) -> Result<Values, Problem> {
    rename(values, reverse_unicode)
}

fn rename(values: Values, new: impl Fn(&str) -> String) -> Result<Values, Problem> {
    let mut renamed = Values::new();
    for (key, value) in values {
        let key = new(&key);
        if renamed.contains_key(&key) {
            return Err(Problem::BadData {
                why: format!("secret name collision during conversion: {key}"),
            });
        }
        renamed.insert(key, value);
    }
    Ok(renamed)
}

fn convert_key(strategy: ConversionStrategy, key: &str) -> Cow<'_, str> {
    match strategy {
        ConversionStrategy::Default => ILLEGAL.replace_all(key, "_"),
        ConversionStrategy::Unicode => ILLEGAL.replace_all(key, |illegal: &Captures| {
            let code = illegal[0].chars().next().map_or(0, u32::from);
            format!("_U{code:04x}_")
        }),
    }
}

/// Undoes [`ConversionStrategy::Unicode`] for one key. What is no character becomes U+FFFD.
pub fn reverse_unicode(key: &str) -> String {
    let reversed = ESCAPED.replace_all(key, |escaped: &Captures| {
        let code = u32::from_str_radix(&escaped[1], 16).ok();
        code.and_then(char::from_u32)
            .unwrap_or(char::REPLACEMENT_CHARACTER)
            .to_string()
    });
    reversed.into_owned()
}

/// Drops an empty key; any other has to be one that a Secret may have.
pub fn validate(mut values: Values) -> Result<Values, Problem> {
    values.remove("");
    match values.keys().find_map(|key| fault(key)) {
        None => Ok(values),
        Some(why) => Err(Problem::BadData { why }),
    }
}

fn fault(key: &str) -> Option<String> {
    if key.len() > MAX_LEN {
        let shown = &key[..key.floor_char_boundary(MAX_LEN)];
        let length = key.len();
        return Some(format!(
            "key has length {length} but max is {MAX_LEN}: (following is truncated): {shown}"
        ));
    }
    let illegal = ILLEGAL.find(key)?.as_str();
    Some(format!(
        "key has invalid character {illegal}, only alphanumeric, '-', '.' and '_' are allowed: {key}"
    ))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;
    use crate::engine::vectors::{Tally, load, text, texts};

    /// Each value is its old key, so that it tells which key became which.
    fn by_key(case: &Value) -> Values {
        texts(case, "keys")
            .into_iter()
            .map(|key| (key.to_owned(), key.into()))
            .collect()
    }

    fn renamed(case: &Value) -> Option<Values> {
        let (old, error) = (texts(case, "keys"), &case["error"]);
        let pairs = || {
            texts(case, "output")
                .into_iter()
                .zip(old)
                .map(|(new, old)| (new.to_owned(), old.into()))
        };
        error.is_null().then(|| pairs().collect())
    }

    #[test]
    fn keys_are_converted_as_eso_converts_them() {
        let mut tally = Tally::default();
        for case in load("keys.json").iter().filter(|case| case["op"] == "convert") {
            let strategy = match text(case, "strategy") {
                "" | "Default" => ConversionStrategy::Default,
                "Unicode" => ConversionStrategy::Unicode,
                _ => {
                    tally.leave_out(case, "the API refuses the strategy");
                    continue;
                }
            };
            tally.expect(case, convert(strategy, by_key(case)), renamed(case));
        }
        tally.settle("keys.json, convert", 10);
    }

    #[test]
    fn keys_are_reversed_as_eso_reverses_them() {
        let mut tally = Tally::default();
        for case in load("keys.json").iter().filter(|case| case["op"] == "reverse") {
            if text(case, "strategy") == "ReverseUnicode" {
                tally.expect(case, reverse(by_key(case)), renamed(case));
            } else {
                tally.leave_out(case, "nobody calls it for other strategies");
            }
        }
        tally.settle("keys.json, reverse", 3);
    }

    #[test]
    fn keys_are_validated_as_eso_validates_them() {
        let mut tally = Tally::default();
        for case in load("keys.json").iter().filter(|case| case["op"] == "validate") {
            let kept = validate(by_key(case)).map(|values| values.into_keys().collect::<BTreeSet<_>>());
            let wanted = || texts(case, "output").into_iter().map(str::to_owned).collect();
            tally.expect(case, kept, case["error"].is_null().then(wanted));
        }
        tally.settle("keys.json, validate", 0);
    }

    #[test]
    fn a_long_key_is_cut_between_characters() {
        let values = Values::from([("é".repeat(200), "".into())]);
        let message = validate(values).expect_err("too long").to_string();
        assert_eq!(message.chars().filter(|&c| c == 'é').count(), MAX_LEN / 2);
    }
}
