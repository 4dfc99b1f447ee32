//! The methods that a template can call on a time, a duration, a month and a weekday.
//!
//! Left out are those that take or give what no [`Value`] is: `In` and `Location` of a time, and whatever writes to a
//! `[]byte`.

use lockstep_gostd::duration;

use super::{STRING, Time, Zone, month_name, weekday_name};
use crate::fault::Outcome;
use crate::functions::{Args, Function, Param};
use crate::value::{IntType, Value};

/// Of `time.Time`.
pub(crate) const TIME: &[Function] = &[
    Function::new("Add", &[Param::Duration], |_, args| {
        Ok(new(args.time(0)?.add(args.int(1)?)))
    }),
    Function::new("AddDate", &[Param::Int, Param::Int, Param::Int], |_, args| {
        Ok(new(args.time(0)?.add_date(
            args.int(1)?,
            args.int(2)?,
            args.int(3)?,
        )))
    }),
    Function::new("After", &[Param::Time], |_, args| {
        Ok(Value::Bool(args.time(0)?.cmp(args.time(1)?).is_gt()))
    }),
    Function::new("Before", &[Param::Time], |_, args| {
        Ok(Value::Bool(args.time(0)?.cmp(args.time(1)?).is_lt()))
    }),
    Function::new("Compare", &[Param::Time], |_, args| {
        Ok(Value::int(args.time(0)?.cmp(args.time(1)?) as i64))
    }),
    Function::new("Day", &[], |_, args| Ok(int(args.time(0)?.civil().day))),
    Function::new("Equal", &[Param::Time], |_, args| {
        Ok(Value::Bool(args.time(0)?.cmp(args.time(1)?).is_eq()))
    }),
    Function::new("Format", &[Param::Text], |env, args| {
        Ok(Value::text(args.time(0)?.format(env, args.text(1)?)?))
    }),
    Function::new("GoString", &[], |env, args| {
        let time = args.time(0)?;
        env.spend(time.zone.name().len())?;
        Ok(Value::text(time.go_string()))
    }),
    Function::new("Hour", &[], |_, args| Ok(int(args.time(0)?.civil().hour))),
    // Only zones of the database have daylight saving time.
    Function::new("IsDST", &[], |_, args| args.time(0).map(|_| Value::Bool(false))),
    Function::new("IsZero", &[], |_, args| Ok(Value::Bool(args.time(0)?.is_zero()))),
    Function::new("Local", &[], |_, args| {
        Ok(new(args.time(0)?.in_zone(Zone::Local)))
    }),
    Function::new("Minute", &[], |_, args| Ok(int(args.time(0)?.civil().minute))),
    Function::new("Month", &[], |_, args| {
        let month = args.time(0)?.civil().month;
        Ok(Value::Int(month.into(), IntType::Month))
    }),
    Function::new("Nanosecond", &[], |_, args| Ok(int(args.time(0)?.nanos))),
    Function::new("Round", &[Param::Duration], |_, args| {
        Ok(new(args.time(0)?.round(args.int(1)?)))
    }),
    Function::new("Second", &[], |_, args| Ok(int(args.time(0)?.civil().second))),
    Function::new("String", &[], |env, args| {
        Ok(Value::text(args.time(0)?.format(env, STRING)?))
    }),
    Function::new("Sub", &[Param::Time], |_, args| {
        Ok(long(args.time(0)?.sub(args.time(1)?)))
    }),
    Function::new("Truncate", &[Param::Duration], |_, args| {
        Ok(new(args.time(0)?.truncate(args.int(1)?)))
    }),
    Function::new("UTC", &[], |_, args| Ok(new(args.time(0)?.in_zone(Zone::Utc)))),
    Function::new("Unix", &[], |_, args| Ok(Value::int64(args.time(0)?.seconds))),
    Function::new("UnixMicro", &[], |_, args| unix(args, 1_000_000)),
    Function::new("UnixMilli", &[], |_, args| unix(args, 1_000)),
    Function::new("UnixNano", &[], |_, args| unix(args, 1_000_000_000)),
    Function::new("Weekday", &[], |_, args| {
        let weekday = args.time(0)?.civil().weekday;
        Ok(Value::Int(weekday.into(), IntType::Weekday))
    }),
    Function::new("Year", &[], |_, args| Ok(int(args.time(0)?.civil().year))),
    Function::new("YearDay", &[], |_, args| {
        Ok(int(args.time(0)?.civil().day_of_year))
    }),
];

/// Of `time.Time` too, without parameters. Go refuses to call them for what they return, in these words.
pub(crate) const TIME_REFUSED: &[(&str, &str)] = &[
    ("Clock", "function Clock has 3 return values; should be 1 or 2"),
    ("Date", "function Date has 3 return values; should be 1 or 2"),
    (
        "ISOWeek",
        "invalid function signature for ISOWeek: second return value should be error; is int",
    ),
    (
        "Zone",
        "invalid function signature for Zone: second return value should be error; is int",
    ),
    (
        "ZoneBounds",
        "invalid function signature for ZoneBounds: second return value should be error; is time.Time",
    ),
];

/// Of `time.Duration`.
pub(crate) const DURATION: &[Function] = &[
    Function::new("Abs", &[], |_, args| Ok(long(args.int(0)?.saturating_abs()))),
    Function::new("Hours", &[], |_, args| {
        Ok(Value::Float(duration::hours(args.int(0)?)))
    }),
    Function::new("Microseconds", &[], |_, args| {
        Ok(Value::int64(args.int(0)? / 1_000))
    }),
    Function::new("Milliseconds", &[], |_, args| {
        Ok(Value::int64(args.int(0)? / 1_000_000))
    }),
    Function::new("Minutes", &[], |_, args| {
        Ok(Value::Float(duration::minutes(args.int(0)?)))
    }),
    Function::new("Nanoseconds", &[], |_, args| Ok(Value::int64(args.int(0)?))),
    Function::new("Round", &[Param::Duration], |_, args| {
        Ok(long(duration::round(args.int(0)?, args.int(1)?)))
    }),
    Function::new("Seconds", &[], |_, args| {
        Ok(Value::Float(duration::seconds(args.int(0)?)))
    }),
    Function::new("String", &[], |_, args| {
        Ok(Value::text(duration::display(args.int(0)?)))
    }),
    Function::new("Truncate", &[Param::Duration], |_, args| {
        Ok(long(duration::truncate(args.int(0)?, args.int(1)?)))
    }),
];

/// Of `time.Month`.
pub(crate) const MONTH: &[Function] = &[Function::new("String", &[], |_, args| {
    Ok(Value::text(&*month_name(args.int(0)?)))
})];

/// Of `time.Weekday`.
pub(crate) const WEEKDAY: &[Function] = &[Function::new("String", &[], |_, args| {
    Ok(Value::text(&*weekday_name(args.int(0)?)))
})];

fn new(time: Time) -> Value {
    Value::Time(time.into())
}

fn long(nanos: i64) -> Value {
    Value::Int(nanos, IntType::Duration)
}

fn int(part: impl Into<i64>) -> Value {
    Value::int(part.into())
}

fn unix(args: Args, per_second: u32) -> Outcome {
    Ok(Value::int64(args.time(0)?.unix_units(per_second)))
}
