//! One flat JSON object of strings, sorted by key.

use std::collections::BTreeMap;

use zeroize::Zeroizing;

use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::engine::values::Values;

/// JSON has no bytes: a value that is no text is refused rather than disguised.
pub fn render(values: &Values) -> Result<SecretBytes, Problem> {
    let mut texts: BTreeMap<&str, &str> = BTreeMap::new();
    for (key, value) in values {
        let text = std::str::from_utf8(value.expose()).map_err(|_| Problem::BadData {
            why: format!("the value of key {key:?} is no text, and JSON has no bytes; use --format files"),
        })?;
        texts.insert(key, text);
    }
    // Room for the longest text that there can be: a buffer that grows leaves copies behind it.
    let room = texts
        .iter()
        .map(|(key, text)| 6 * (key.len() + text.len()) + 16)
        .sum::<usize>()
        + 16;
    let mut text = Zeroizing::new(Vec::with_capacity(room));
    serde_json::to_writer_pretty(&mut *text, &texts).map_err(|_| Problem::BadData {
        why: "the values cannot be written as JSON".to_owned(),
    })?;
    text.push(b'\n');
    Ok(SecretBytes::from(text.as_slice()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_strings_whatever_they_look_like() {
        let values = [("b", "{\"x\": 1}"), ("a", "1\n")]
            .map(|(key, value)| (key.to_owned(), SecretBytes::from(value)));
        let text = render(&values.into()).expect("JSON");
        assert_eq!(
            text.expose(),
            b"{\n  \"a\": \"1\\n\",\n  \"b\": \"{\\\"x\\\": 1}\"\n}\n"
        );
    }

    #[test]
    fn a_value_that_is_no_text_is_refused_by_its_key() {
        let values = [("key.bin".to_owned(), SecretBytes::from(&b"canary\xff"[..]))];
        let refused = render(&values.into()).expect_err("refused").to_string();
        assert!(
            refused.contains("key.bin") && !refused.contains("canary"),
            "{refused}"
        );
    }
}
