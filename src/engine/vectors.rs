//! Results recorded from ESO, against which the engine is held.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::secret_bytes::SecretBytes;
use super::values::Values;

pub use lockstep_vectors::load;

/// A member that is a text.
pub fn text<'c>(case: &'c Value, field: &str) -> &'c str {
    case[field]
        .as_str()
        .unwrap_or_else(|| panic!("case {} lacks the text {field}", case["name"]))
}

/// A member that is an array of texts.
pub fn texts<'c>(case: &'c Value, field: &str) -> Vec<&'c str> {
    let array = case[field]
        .as_array()
        .unwrap_or_else(|| panic!("case {} lacks the array {field}", case["name"]));
    array
        .iter()
        .map(|text| text.as_str().expect("an array of texts"))
        .collect()
}

/// Bytes are recorded as base64.
pub fn bytes(value: &Value) -> SecretBytes {
    let text = value.as_str().unwrap_or_else(|| panic!("{value} is no text"));
    STANDARD.decode(text).expect("base64").into()
}

/// A map of bytes; `null` is an empty one.
pub fn values(value: &Value) -> Values {
    let map: Option<BTreeMap<String, Value>> = serde_json::from_value(value.clone()).expect("a map");
    map.unwrap_or_default()
        .into_iter()
        .map(|(key, value)| (key, bytes(&value)))
        .collect()
}

/// What went wrong in a file, and what was left out of it.
#[derive(Debug, Default)]
pub struct Tally {
    passed: usize,
    left_out: Vec<String>,
    failures: Vec<String>,
}

impl Tally {
    /// Counts a case. Where nothing is wanted it has to fail, with an error that has the recorded words in it.
    pub fn expect<T: PartialEq, E: std::fmt::Display>(
        &mut self,
        case: &Value,
        got: Result<T, E>,
        wanted: Option<T>,
    ) {
        let failure = match (got, wanted) {
            (Ok(got), Some(wanted)) if got == wanted => None,
            (Ok(_), Some(_)) => Some("another result".to_owned()),
            (Ok(_), None) => Some("should be refused".to_owned()),
            (Err(error), Some(_)) => Some(format!("refused: {error}")),
            (Err(error), None) => {
                let fragment = case["error_contains"].as_str().unwrap_or_default();
                (!error.to_string().contains(fragment))
                    .then(|| format!("says {:?}, not {fragment:?}", error.to_string()))
            }
        };
        match failure {
            None => self.passed += 1,
            Some(failure) => self.failures.push(format!("{}: {failure}", case["name"])),
        }
    }

    pub fn leave_out(&mut self, case: &Value, why: &str) {
        self.left_out.push(format!("{} ({why})", text(case, "name")));
    }

    /// Fails if a case failed, or if another number than `left_out` was left out.
    pub fn settle(self, what: &str, left_out: usize) {
        println!("{what}: {} passed, {} left out", self.passed, self.left_out.len());
        self.left_out
            .iter()
            .for_each(|case| println!("  left out: {case}"));
        assert!(self.passed > 0, "{what} has no cases");
        assert!(
            self.failures.is_empty(),
            "{} cases of {what} fail:\n{}",
            self.failures.len(),
            self.failures.join("\n")
        );
        assert_eq!(self.left_out.len(), left_out, "{what}: left out");
    }
}
