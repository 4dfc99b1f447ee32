//! Reading schedules. The errors are robfig's, or near to them.

use std::time::Duration;

use jiff::tz::{TimeZone, TimeZoneDatabase};
use lockstep_api::GoDuration;

use super::seek::Fields;
use super::{Calendar, Schedule};

/// What a field may hold.
struct Bounds {
    min: u64,
    max: u64,
    /// Names of the numbers from `min` on.
    names: &'static [&'static str],
}

const MINUTES: Bounds = Bounds {
    min: 0,
    max: 59,
    names: &[],
};
const HOURS: Bounds = Bounds {
    min: 0,
    max: 23,
    names: &[],
};
const DAYS: Bounds = Bounds {
    min: 1,
    max: 31,
    names: &[],
};
const MONTHS: Bounds = Bounds {
    min: 1,
    max: 12,
    names: &[
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ],
};
const WEEKDAYS: Bounds = Bounds {
    min: 0,
    max: 6,
    names: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
};

pub(super) fn schedule(text: &str) -> Result<Schedule, String> {
    let (zone, rest) = match text.strip_prefix("TZ=").or_else(|| text.strip_prefix("CRON_TZ=")) {
        Some(zoned) => zone(zoned)?,
        None => (TimeZone::UTC, text),
    };
    let fields = match rest {
        "@yearly" | "@annually" => "0 0 1 1 *",
        "@monthly" => "0 0 1 * *",
        "@weekly" => "0 0 * * 0",
        "@daily" | "@midnight" => "0 0 * * *",
        "@hourly" => "0 * * * *",
        fields => fields,
    };
    if fields.starts_with('@') {
        return every(fields);
    }
    Ok(Schedule::Calendar(Calendar {
        fields: calendar(fields)?,
        zone,
    }))
}

/// The zone's name stands before the first space. Without one it is UTC, and so is the zone of the machine.
fn zone(text: &str) -> Result<(TimeZone, &str), String> {
    let (name, rest) = text
        .split_once(' ')
        .ok_or("provided no schedule behind the location")?;
    let zone = match name {
        "" | "UTC" | "Local" => Some(TimeZone::UTC),
        // Names are looked up regardless of case; Go looks for a file.
        name => TimeZoneDatabase::bundled()
            .get(name)
            .ok()
            .filter(|zone| zone.iana_name() == Some(name)),
    };
    let zone = zone.ok_or_else(|| format!("provided bad location {name}"))?;
    Ok((zone, rest.trim()))
}

fn every(descriptor: &str) -> Result<Schedule, String> {
    let period = descriptor
        .strip_prefix("@every ")
        .ok_or_else(|| format!("unrecognized descriptor: {descriptor}"))?;
    let period =
        GoDuration::parse(period).map_err(|why| format!("failed to parse duration {descriptor}: {why}"))?;
    Ok(Schedule::Every(Duration::from_secs(
        period.to_std().as_secs().max(1),
    )))
}

fn calendar(text: &str) -> Result<Fields, String> {
    let fields: Vec<&str> = text.split_whitespace().collect();
    let &[minutes, hours, days, months, weekdays] = fields.as_slice() else {
        return Err(format!(
            "expected exactly 5 fields, found {}: [{}]",
            fields.len(),
            fields.join(" ")
        ));
    };
    let (minutes, _) = field(minutes, &MINUTES)?;
    let (hours, _) = field(hours, &HOURS)?;
    let (days, any_day) = field(days, &DAYS)?;
    let (months, _) = field(months, &MONTHS)?;
    let (weekdays, any_weekday) = field(weekdays, &WEEKDAYS)?;
    Ok(Fields {
        minutes,
        hours,
        days,
        months,
        weekdays,
        both_days: any_day || any_weekday,
    })
}

/// The numbers of a list of ranges, as bits, and whether one of them was `*` without steps.
fn field(text: &str, bounds: &Bounds) -> Result<(u64, bool), String> {
    let mut field = (0, false);
    for range in text.split(',').filter(|range| !range.is_empty()) {
        let (bits, any) = one_range(range, bounds)?;
        field = (field.0 | bits, field.1 || any);
    }
    Ok(field)
}

/// `*`, `n`, `n-m`, each perhaps with a step behind a slash; `n/step` goes on to the end.
fn one_range(text: &str, bounds: &Bounds) -> Result<(u64, bool), String> {
    let (range, step) = match text.split_once('/') {
        None => (text, None),
        Some((_, step)) if step.contains('/') => return Err(format!("too many slashes: {text}")),
        Some((range, step)) => (range, Some(step)),
    };
    let (low, high) = match range.split_once('-') {
        None => (range, None),
        Some((low, high)) => (low, Some(high)),
    };
    let any = matches!(low, "*" | "?");
    let (start, end) = match high {
        _ if any => (bounds.min, bounds.max),
        Some(high) if high.contains('-') => return Err(format!("too many hyphens: {text}")),
        Some(high) => (bounds.number(low)?, bounds.number(high)?),
        None if step.is_some() => (bounds.number(low)?, bounds.max),
        None => (bounds.number(low)?, bounds.number(low)?),
    };
    let step = step.map_or(Ok(1), integer)?;
    let why = if start < bounds.min {
        format!("beginning of range ({start}) below minimum ({})", bounds.min)
    } else if end > bounds.max {
        format!("end of range ({end}) above maximum ({})", bounds.max)
    } else if start > end {
        format!("beginning of range ({start}) beyond end of range ({end})")
    } else if step == 0 {
        "step of range should be a positive number".to_owned()
    } else {
        let bits = (start..=end)
            .filter(|number| (number - start) % step == 0)
            .fold(0, |bits, number| bits | 1 << number);
        return Ok((bits, any && step == 1));
    };
    Err(format!("{why}: {text}"))
}

impl Bounds {
    fn number(&self, text: &str) -> Result<u64, String> {
        let name = (self.min..)
            .zip(self.names)
            .find(|(_, name)| name.eq_ignore_ascii_case(text));
        name.map_or_else(|| integer(text), |(number, _)| Ok(number))
    }
}

fn integer(text: &str) -> Result<u64, String> {
    let number: i64 = text
        .parse()
        .map_err(|_| format!("failed to parse int from {text}"))?;
    u64::try_from(number).map_err(|_| format!("negative number ({number}) not allowed: {text}"))
}
