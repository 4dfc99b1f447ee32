//! Durations as Go writes them, the only kind that the API knows.

use std::fmt;
use std::time::Duration;

use lockstep_gostd::duration::{self, Fault};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A duration such as `1h30m`. Keeps the text as the user wrote it, so that writing an object back changes nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoDuration {
    text: String,
    nanos: i64,
}

impl GoDuration {
    pub fn parse(text: impl Into<String>) -> Result<Self, String> {
        let text = text.into();
        let nanos = duration::parse(text.as_bytes()).map_err(|fault| explained(fault, &text))?;
        Ok(Self { text, nanos })
    }

    pub fn from_nanos(nanos: i64) -> Self {
        Self {
            text: duration::display(nanos),
            nanos,
        }
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    /// The same duration as Go writes it: `1h0m0s` for `60m`.
    #[must_use]
    pub fn canonical(&self) -> Self {
        Self::from_nanos(self.nanos)
    }

    pub fn nanos(&self) -> i64 {
        self.nanos
    }

    /// A negative duration means what zero means.
    pub fn to_std(&self) -> Duration {
        Duration::from_nanos(u64::try_from(self.nanos).unwrap_or(0))
    }
}

impl fmt::Display for GoDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for GoDuration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

impl Serialize for GoDuration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

/// Without a pattern: an object with a bad duration has to arrive, to be told so in a condition.
impl JsonSchema for GoDuration {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "GoDuration".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string"})
    }
}

const UNITS: &str = r#"use ns, us, ms, s, m or h, for example "24h""#;

/// How much of a bad text an error repeats.
const SHOWN: usize = 40;

fn explained(fault: Fault, text: &str) -> String {
    let text = shortened(text);
    match fault {
        Fault::NotADuration => format!("invalid duration {text:?} (a number and a unit, as in \"1h30m\")"),
        Fault::TooLong => format!("invalid duration {text:?} (the longest is about 292 years)"),
        Fault::MissingUnit => format!("missing unit in duration {text:?} ({UNITS})"),
        Fault::UnknownUnit(unit) => format!(
            "unknown unit {:?} in duration {text:?} ({UNITS})",
            shortened(&String::from_utf8_lossy(unit))
        ),
    }
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_duration_is_explained() {
        let message = |text: &str| GoDuration::parse(text).expect_err(text);
        assert_eq!(
            message("1d"),
            r#"unknown unit "d" in duration "1d" (use ns, us, ms, s, m or h, for example "24h")"#
        );
        assert_eq!(
            message("5"),
            r#"missing unit in duration "5" (use ns, us, ms, s, m or h, for example "24h")"#
        );
        assert!(message("").starts_with(r#"invalid duration """#));
        assert!(
            message(&"9".repeat(1000)).len() < 200,
            "an error does not repeat a long text"
        );
    }

    #[test]
    fn the_text_survives_and_negative_means_zero() {
        let duration = GoDuration::parse("60m").expect("valid");
        assert_eq!((duration.text(), duration.nanos()), ("60m", 3_600_000_000_000));
        assert_eq!(serde_json::to_value(&duration).expect("serializes"), "60m");
        assert_eq!(duration.canonical().text(), "1h0m0s");
        assert_eq!(GoDuration::parse("-1h").expect("valid").to_std(), Duration::ZERO);
        assert_eq!(
            GoDuration::from_nanos(i64::MIN).text(),
            "-2562047h47m16.854775808s"
        );
    }
}
