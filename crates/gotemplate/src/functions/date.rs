//! Dates: sprig's functions on `time.Time`.

use lockstep_gostd::duration;

use super::{Args, Function, Param};
use crate::env::Env;
use crate::fault::{Fault, Outcome};
use crate::time::{Time, zone};
use crate::value::{IntType, Text, Value};

pub(super) const TABLE: &[Function] = &[
    Function::new("ago", &[Param::Any], ago),
    Function::new("date", &[Param::Text, Param::Any], |env, args| {
        format(env, args.any(1)?, b"Local", args.text(0)?)
    }),
    Function::new("dateInZone", DATE_IN_ZONE, date_in_zone),
    Function::new("dateModify", DATE_MODIFY, date_modify),
    Function::new("date_in_zone", DATE_IN_ZONE, date_in_zone),
    Function::new("date_modify", DATE_MODIFY, date_modify),
    Function::new("duration", &[Param::Any], seconds_long),
    Function::new("durationRound", &[Param::Any], duration_round),
    Function::new("htmlDate", &[Param::Any], |env, args| {
        format(env, args.any(0)?, b"Local", HTML)
    }),
    Function::new("htmlDateInZone", &[Param::Any, Param::Text], |env, args| {
        format(env, args.any(0)?, args.text(1)?, HTML)
    }),
    Function::new("mustDateModify", DATE_MODIFY, must_date_modify),
    Function::new("mustToDate", TO_DATE, |env, args| Ok(time(parse(env, args)??))),
    Function::new("must_date_modify", DATE_MODIFY, must_date_modify),
    Function::new("now", &[], |env, _| Ok(time(env.now.into()))),
    Function::new("toDate", TO_DATE, |env, args| {
        Ok(time(parse(env, args)?.unwrap_or(Time::ZERO)))
    }),
    Function::new("unixEpoch", &[Param::Time], |_, args| {
        Ok(Value::text(args.time(0)?.seconds.to_string()))
    }),
];

const DATE_IN_ZONE: &[Param] = &[Param::Text, Param::Any, Param::Text];
const DATE_MODIFY: &[Param] = &[Param::Text, Param::Time];
const TO_DATE: &[Param] = &[Param::Text, Param::Text];

/// What a date field of HTML holds.
const HTML: &[u8] = b"2006-01-02";

fn time(time: Time) -> Value {
    Value::Time(time.into())
}

/// Within: what is no date.
fn parse(env: &mut Env, args: Args) -> Outcome<Outcome<Time>> {
    let (layout, value) = (args.text(0)?, args.text(1)?);
    env.spend(layout.len().saturating_add(value.len()))?;
    Ok(Time::parse(layout, value))
}

fn date_in_zone(env: &mut Env, args: Args) -> Outcome {
    format(env, args.any(1)?, args.text(2)?, args.text(0)?)
}

/// Anything that is no date is now, and an unknown zone is UTC.
fn format(env: &mut Env, date: &Value, zone: &[u8], layout: &[u8]) -> Outcome {
    let date = match date {
        Value::Time(time) => Time::clone(time),
        Value::Int(seconds, IntType::Int | IntType::Int64) => Time::unix(*seconds),
        _ => env.now.into(),
    };
    let formatted = match zone::lookup(zone, date.seconds) {
        Some(zone) => date.format_in(env, &zone, layout),
        None => date.in_utc().format(env, layout),
    };
    formatted.map(Value::text)
}

/// In whole seconds. Anything that is no date is now.
fn ago(env: &mut Env, args: Args) -> Outcome {
    let now = Time::from(env.now);
    let date = match args.any(0)? {
        Value::Time(time) => Time::clone(time),
        Value::Int(seconds, IntType::Int | IntType::Int64) => Time::unix(*seconds),
        _ => now.clone(),
    };
    let since = duration::round(now.sub(&date), 1_000_000_000);
    Ok(Value::text(duration::display(since)))
}

fn date_modify(env: &mut Env, args: Args) -> Outcome {
    let by = parse_duration(env, args.text(0)?)?.unwrap_or(0);
    Ok(time(args.time(1)?.add(by)))
}

fn must_date_modify(env: &mut Env, args: Args) -> Outcome {
    let by = parse_duration(env, args.text(0)?)?.ok_or_else(|| Fault::new("time: invalid duration"))?;
    Ok(time(args.time(1)?.add(by)))
}

fn parse_duration(env: &mut Env, text: &Text) -> Outcome<Option<i64>> {
    env.spend(text.len())?;
    Ok(duration::parse(text).ok())
}

/// Of a number of seconds, which has to be an `int64` or a text, the duration.
fn seconds_long(_: &mut Env, args: Args) -> Outcome {
    let seconds = match args.any(0)? {
        Value::Text(text) => integer(text),
        Value::Int(seconds, IntType::Int64) => *seconds,
        _ => 0,
    };
    Ok(Value::text(duration::display(
        seconds.wrapping_mul(1_000_000_000),
    )))
}

/// Go's `ParseInt`, whose result is used even where it fails: the nearest number where it is too large.
fn integer(text: &Text) -> i64 {
    let (negative, digits) = match text.split_first() {
        Some((b'-', digits)) => (true, digits),
        Some((b'+', digits)) => (false, digits),
        _ => (false, text.bytes()),
    };
    if !digits.iter().all(u8::is_ascii_digit) {
        return 0;
    }
    digits.iter().fold(0_i64, |number, digit| {
        let digit = i64::from(digit - b'0');
        let number = number.saturating_mul(10);
        if negative {
            number.saturating_sub(digit)
        } else {
            number.saturating_add(digit)
        }
    })
}

/// From the largest on. A year is as long as 365 days, and a month as 30.
const UNITS: &[(u64, &str)] = &[
    (365 * 24 * 3600, "y"),
    (30 * 24 * 3600, "mo"),
    (24 * 3600, "d"),
    (3600, "h"),
    (60, "m"),
    (1, "s"),
];

/// How often the largest unit goes into it, without a sign. Exactly one of a unit is still told in the next smaller.
fn duration_round(env: &mut Env, args: Args) -> Outcome {
    let nanos = match args.any(0)? {
        Value::Text(text) => parse_duration(env, text)?.unwrap_or(0),
        Value::Int(nanos, IntType::Int64) => *nanos,
        Value::Time(time) => Time::from(env.now).sub(time),
        _ => 0,
    };
    let nanos = nanos.unsigned_abs();
    let fits = |&&(seconds, _): &&(u64, &str)| nanos > seconds * 1_000_000_000;
    Ok(Value::text(match UNITS.iter().find(fits) {
        Some((seconds, unit)) => format!("{}{unit}", nanos / (seconds * 1_000_000_000)),
        None => "0s".to_owned(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::functions::testing::call;

    fn shown(name: &str, args: &[Value]) -> String {
        match call(name, args) {
            Ok(Value::Text(text)) => String::from_utf8_lossy(&text).into_owned(),
            Ok(Value::Time(time)) => time.display(),
            _ => "fails".to_owned(),
        }
    }

    /// The results are Go's. Now is 1970.
    #[test]
    fn dates_are_shown_in_zones() {
        let second = |at| Value::int(at);
        for (date, zone, wanted) in [
            (second(1_720_000_000), "Europe/Berlin", "2024-07-03 11:46 CEST"),
            (second(1_720_000_000), "europe/berlin", "2024-07-03 09:46 UTC"),
            (second(1_720_000_000), "Local", "2024-07-03 09:46 UTC"),
            (Value::int64(0), "Asia/Kolkata", "1970-01-01 05:30 IST"),
            (Value::text("no date"), "", "1970-01-01 00:00 UTC"),
            (Value::Float(1e9), "UTC", "1970-01-01 00:00 UTC"),
        ] {
            let args = [Value::text("2006-01-02 15:04 MST"), date, Value::text(zone)];
            assert_eq!(shown("dateInZone", &args), wanted, "{zone}");
        }
        assert_eq!(
            shown("htmlDateInZone", &[second(0), Value::text("America/Los_Angeles")]),
            "1969-12-31"
        );
        assert_eq!(shown("ago", &[Value::int(-3661)]), "1h1m1s");
    }

    #[test]
    fn dates_are_read_and_changed() {
        let day = || Value::Time(Time::unix(86_400).into());
        let read = |name, value: &str| shown(name, &[Value::text("2006-01-02"), Value::text(value)]);
        assert_eq!(read("toDate", "2024-02-29"), "2024-02-29 00:00:00 +0000 UTC");
        assert_eq!(read("toDate", "2023-02-29"), "0001-01-01 00:00:00 +0000 UTC");
        assert_eq!(read("mustToDate", "2023-02-29"), "fails");
        let by = |name, duration: &str| shown(name, &[Value::text(duration), day()]);
        assert_eq!(by("dateModify", "-1.5h"), "1970-01-01 22:30:00 +0000 UTC");
        assert_eq!(by("dateModify", "1d"), "1970-01-02 00:00:00 +0000 UTC");
        assert_eq!(by("mustDateModify", "1d"), "fails");
    }

    #[test]
    fn durations_are_shown() {
        for (seconds, wanted) in [
            (Value::text("-3600"), "-1h0m0s"),
            (Value::text("99999999999"), "2157299h53m50.45224192s"),
            (Value::text("99999999999999999999"), "-1s"),
            (Value::text("5x"), "0s"),
            (Value::int64(95), "1m35s"),
            (Value::int(95), "0s"),
        ] {
            assert_eq!(shown("duration", &[seconds]), wanted);
        }
        for (duration, wanted) in [
            ("8760h", "12mo"),
            ("8760h1ns", "1y"),
            ("720h1s", "1mo"),
            ("24h", "24h"),
            ("-25h", "1d"),
            ("1s", "0s"),
            ("x", "0s"),
        ] {
            assert_eq!(
                shown("durationRound", &[Value::text(duration)]),
                wanted,
                "{duration}"
            );
        }
    }
}
