//! Durations as Go writes them, the only kind that the API knows.

use std::fmt;
use std::time::Duration;

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
        let nanos = parse(&text).map_err(|problem| problem.about(&text))?;
        Ok(Self { text, nanos })
    }

    pub fn from_nanos(nanos: i64) -> Self {
        Self {
            text: go_string(nanos),
            nanos,
        }
    }

    pub fn text(&self) -> &str {
        &self.text
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

/// Prints a duration the way Go does: `1h0m0s`, `1.5ms`, `0s`.
pub fn go_string(nanos: i64) -> String {
    let sign = if nanos < 0 { "-" } else { "" };
    let nanos = nanos.unsigned_abs();
    let body = match nanos {
        0 => "0s".to_owned(),
        1..1_000 => format!("{nanos}ns"),
        1_000..1_000_000 => format!("{}µs", decimal(nanos, 1_000)),
        1_000_000..1_000_000_000 => format!("{}ms", decimal(nanos, 1_000_000)),
        _ => {
            let seconds = decimal(nanos % MINUTE, SECOND);
            match (nanos / HOUR, nanos % HOUR / MINUTE) {
                (0, 0) => format!("{seconds}s"),
                (0, minutes) => format!("{minutes}m{seconds}s"),
                (hours, minutes) => format!("{hours}h{minutes}m{seconds}s"),
            }
        }
    };
    format!("{sign}{body}")
}

/// `value / unit` with as many decimals as it takes; `unit` is a power of ten.
fn decimal(value: u64, unit: u64) -> String {
    let width = usize::try_from(unit.ilog10()).unwrap_or_default();
    let text = format!("{}.{:0width$}", value / unit, value % unit);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

const SECOND: u64 = 1_000_000_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;

/// One more than the longest duration, which only a negative one may reach.
const LIMIT: u64 = 1 << 63;

const UNITS: &str = r#"use ns, us, ms, s, m or h, for example "24h""#;

/// How much of a bad text an error repeats.
const SHOWN: usize = 40;

#[derive(Debug, PartialEq)]
enum Problem {
    NotADuration,
    TooLong,
    MissingUnit,
    UnknownUnit(String),
}

impl Problem {
    fn about(self, text: &str) -> String {
        let text = shortened(text);
        match self {
            Self::NotADuration => format!("invalid duration {text:?} (a number and a unit, as in \"1h30m\")"),
            Self::TooLong => format!("invalid duration {text:?} (the longest is about 292 years)"),
            Self::MissingUnit => format!("missing unit in duration {text:?} ({UNITS})"),
            Self::UnknownUnit(unit) => format!(
                "unknown unit {:?} in duration {text:?} ({UNITS})",
                shortened(&unit)
            ),
        }
    }
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Go's `time.ParseDuration`: a sign, then any number of `<decimal><unit>`, or a bare zero.
fn parse(text: &str) -> Result<i64, Problem> {
    let (negative, mut rest) = match text.strip_prefix(['-', '+']) {
        Some(rest) => (text.starts_with('-'), rest),
        None => (false, text),
    };
    if rest == "0" {
        return Ok(0);
    }
    if rest.is_empty() {
        return Err(Problem::NotADuration);
    }
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let (part, after) = one_part(rest)?;
        total = total
            .checked_add(part)
            .filter(|&total| total <= LIMIT)
            .ok_or(Problem::TooLong)?;
        rest = after;
    }
    if negative {
        0_i64.checked_sub_unsigned(total).ok_or(Problem::TooLong)
    } else {
        i64::try_from(total).map_err(|_| Problem::TooLong)
    }
}

/// Reads one `<decimal><unit>` and says what is left after it.
fn one_part(text: &str) -> Result<(u64, &str), Problem> {
    let (whole, rest) = digits(text);
    let (fraction, rest) = match rest.strip_prefix('.') {
        Some(rest) => digits(rest),
        None => ("", rest),
    };
    if whole.is_empty() && fraction.is_empty() {
        return Err(Problem::NotADuration);
    }
    let unit_end = rest
        .find(|c: char| c == '.' || c.is_ascii_digit())
        .unwrap_or(rest.len());
    let (name, rest) = rest.split_at(unit_end);
    let unit = match name {
        "" => return Err(Problem::MissingUnit),
        "ns" => 1,
        "us" | "µs" | "μs" => 1_000, // both code points that look like a micro sign
        "ms" => 1_000_000,
        "s" => SECOND,
        "m" => MINUTE,
        "h" => HOUR,
        _ => return Err(Problem::UnknownUnit(name.to_owned())),
    };
    let whole: u64 = if whole.is_empty() {
        0
    } else {
        whole.parse().map_err(|_| Problem::TooLong)?
    };
    whole
        .checked_mul(unit)
        .and_then(|value| value.checked_add(fraction_of(fraction, unit)))
        .filter(|&value| value <= LIMIT)
        .map(|value| (value, rest))
        .ok_or(Problem::TooLong)
}

fn digits(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text.split_at(end)
}

/// In floating point and with the digits Go looks at, so that the last nanosecond is Go's.
#[expect(clippy::cast_precision_loss, reason = "as Go computes it")]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "below one unit and never negative"
)]
fn fraction_of(digits: &str, unit: u64) -> u64 {
    let mut value: u64 = 0;
    let mut scale: f64 = 1.0;
    for digit in digits.bytes() {
        let next = value.checked_mul(10).map(|value| value + u64::from(digit - b'0'));
        match next.filter(|&next| next <= LIMIT && value <= (LIMIT - 1) / 10) {
            Some(next) => (value, scale) = (next, scale * 10.0),
            None => break,
        }
    }
    (value as f64 * (unit as f64 / scale)) as u64
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
        assert_eq!(GoDuration::parse("-1h").expect("valid").to_std(), Duration::ZERO);
        assert_eq!(
            GoDuration::from_nanos(i64::MIN).text(),
            "-2562047h47m16.854775808s"
        );
    }
}
