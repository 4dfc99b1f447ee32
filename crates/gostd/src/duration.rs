//! Go's `time.Duration`: nanoseconds, written `1h0m0s`.

use thiserror::Error;

const SECOND: u64 = 1_000_000_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;

/// One more than the longest, which only a negative one may reach.
const LIMIT: u64 = 1 << 63;

/// Why a text is no duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Fault<'t> {
    #[error("not a number and a unit")]
    NotADuration,
    #[error("longer than about 292 years")]
    TooLong,
    #[error("a number without a unit")]
    MissingUnit,
    #[error("an unknown unit")]
    UnknownUnit(&'t [u8]),
}

pub fn display(nanos: i64) -> String {
    let sign = if nanos < 0 { "-" } else { "" };
    let nanos = nanos.unsigned_abs();
    match nanos {
        0 => "0s".to_owned(),
        1..1_000 => format!("{sign}{nanos}ns"),
        1_000..1_000_000 => format!("{sign}{}µs", decimal(nanos, 1_000)),
        1_000_000..SECOND => format!("{sign}{}ms", decimal(nanos, 1_000_000)),
        _ => {
            let seconds = decimal(nanos % MINUTE, SECOND);
            match (nanos / HOUR, nanos % HOUR / MINUTE) {
                (0, 0) => format!("{sign}{seconds}s"),
                (0, minutes) => format!("{sign}{minutes}m{seconds}s"),
                (hours, minutes) => format!("{sign}{hours}h{minutes}m{seconds}s"),
            }
        }
    }
}

/// `value / unit` with as many decimals as it takes; `unit` is a power of ten.
fn decimal(value: u64, unit: u64) -> String {
    let width = usize::try_from(unit.ilog10()).unwrap_or_default();
    let text = format!("{}.{:0width$}", value / unit, value % unit);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Go's `time.ParseDuration`: a sign, then any number of `<decimal><unit>`, or a bare zero.
pub fn parse(text: &[u8]) -> Result<i64, Fault<'_>> {
    let (negative, mut rest) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    if rest == b"0" {
        return Ok(0);
    }
    if rest.is_empty() {
        return Err(Fault::NotADuration);
    }
    let mut total = 0_u64;
    while !rest.is_empty() {
        let (part, after) = one_part(rest)?;
        let sum = total.checked_add(part).filter(|&total| total <= LIMIT);
        total = sum.ok_or(Fault::TooLong)?;
        rest = after;
    }
    let nanos = if negative {
        0_i64.checked_sub_unsigned(total)
    } else {
        total.try_into().ok()
    };
    nanos.ok_or(Fault::TooLong)
}

/// One `<decimal><unit>`, and what is left after it.
fn one_part(text: &[u8]) -> Result<(u64, &[u8]), Fault<'_>> {
    let (whole, rest) = digits(text);
    let (fraction, rest) = match rest.strip_prefix(b".") {
        Some(rest) => digits(rest),
        None => (&[][..], rest),
    };
    if whole.is_empty() && fraction.is_empty() {
        return Err(Fault::NotADuration);
    }
    let end = rest.iter().position(|byte| matches!(byte, b'.' | b'0'..=b'9'));
    let (name, rest) = rest.split_at(end.unwrap_or(rest.len()));
    let unit = unit(name)?;
    let value = number(whole)
        .and_then(|number| number.checked_mul(unit)?.checked_add(part_of(fraction, unit)))
        .filter(|&value| value <= LIMIT);
    Ok((value.ok_or(Fault::TooLong)?, rest))
}

fn unit(name: &[u8]) -> Result<u64, Fault<'_>> {
    match name {
        b"" => Err(Fault::MissingUnit),
        b"ns" => Ok(1),
        b"us" | b"\xc2\xb5s" | b"\xce\xbcs" => Ok(1_000), // both code points that look like a micro sign
        b"ms" => Ok(1_000_000),
        b"s" => Ok(SECOND),
        b"m" => Ok(MINUTE),
        b"h" => Ok(HOUR),
        _ => Err(Fault::UnknownUnit(name)),
    }
}

fn number(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0_u64, |number, digit| {
        number.checked_mul(10)?.checked_add(u64::from(digit - b'0'))
    })
}

fn digits(text: &[u8]) -> (&[u8], &[u8]) {
    let count = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    text.split_at(count)
}

/// In floating point and with the digits Go looks at, so that the last nanosecond is Go's.
#[expect(clippy::cast_precision_loss, reason = "as Go computes it")]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "below one unit and never negative"
)]
fn part_of(digits: &[u8], unit: u64) -> u64 {
    let mut value = 0_u64;
    let mut scale = 1.0;
    for digit in digits {
        if value > (LIMIT - 1) / 10 {
            break;
        }
        let next = value * 10 + u64::from(digit - b'0');
        if next > LIMIT {
            break;
        }
        (value, scale) = (next, scale * 10.0);
    }
    (value as f64 * (unit as f64 / scale)) as u64
}

/// Towards zero.
pub fn truncate(nanos: i64, to: i64) -> i64 {
    if to <= 0 { nanos } else { nanos - nanos % to }
}

/// Halves go away from zero; what would be too long is as long as can be.
pub fn round(nanos: i64, to: i64) -> i64 {
    if to <= 0 {
        return nanos;
    }
    let rest = (nanos % to).unsigned_abs();
    let towards_zero = nanos - nanos % to;
    if rest < to.unsigned_abs() - rest {
        towards_zero
    } else if nanos < 0 {
        towards_zero.saturating_sub(to)
    } else {
        towards_zero.saturating_add(to)
    }
}

/// So many of a unit: whole ones, and then the rest.
#[expect(clippy::cast_precision_loss, reason = "as Go computes it")]
fn count_of(nanos: i64, unit: u64) -> f64 {
    let unit = unit.cast_signed();
    (nanos / unit) as f64 + (nanos % unit) as f64 / unit as f64
}

pub fn hours(nanos: i64) -> f64 {
    count_of(nanos, HOUR)
}

pub fn minutes(nanos: i64) -> f64 {
    count_of(nanos, MINUTE)
}

pub fn seconds(nanos: i64) -> f64 {
    count_of(nanos, SECOND)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_written_as_go_writes_them() {
        for (nanos, text) in [
            (0, "0s"),
            (1, "1ns"),
            (-1_500, "-1.5µs"),
            (1_100_000, "1.1ms"),
            (2_000_000_000, "2s"),
            (60_000_000_000, "1m0s"),
            (86_461_000_000_000, "24h1m1s"),
            (3_600_000_000_001, "1h0m0.000000001s"),
            (i64::MIN, "-2562047h47m16.854775808s"),
        ] {
            assert_eq!(display(nanos), text);
            assert_eq!(parse(text.as_bytes()), Ok(nanos), "{text}");
        }
    }

    #[test]
    fn durations_are_read_as_go_reads_them() {
        for (text, nanos) in [
            ("+0", Ok(0)),
            ("-1.5h", Ok(-5_400_000_000_000)),
            (".5s", Ok(500_000_000)),
            ("1h1h", Ok(7_200_000_000_000)),
            ("0.3333333333333333333h", Ok(1_200_000_000_000)),
            ("9223372036854775807ns", Ok(i64::MAX)),
            ("9223372036854775808ns", Err(Fault::TooLong)),
            ("-9223372036854775808ns", Ok(i64::MIN)),
            ("99999999999999999999h", Err(Fault::TooLong)),
            ("1d", Err(Fault::UnknownUnit(b"d"))),
            ("1", Err(Fault::MissingUnit)),
            ("", Err(Fault::NotADuration)),
            ("-", Err(Fault::NotADuration)),
            (".s", Err(Fault::NotADuration)),
            ("1μs1µs", Ok(2_000)),
            ("1\u{ff}s", Err(Fault::UnknownUnit("\u{ff}s".as_bytes()))),
        ] {
            assert_eq!(parse(text.as_bytes()), nanos, "{text}");
        }
    }

    #[test]
    fn rounding_is_away_from_zero_and_saturates() {
        assert_eq!(round(15, 10), 20);
        assert_eq!(round(-15, 10), -20);
        assert_eq!(round(-14, 10), -10);
        assert_eq!(round(i64::MAX, 1 << 62), i64::MAX);
        assert_eq!(round(i64::MIN, 3), i64::MIN);
        assert_eq!(round(7, 0), 7);
        assert_eq!(truncate(-15, 10), -10);
    }
}
