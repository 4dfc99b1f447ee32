//! Go's `time.Time`.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::env::Env;
use crate::fault::{Fault, Outcome};

pub(crate) use zone::Zone;

mod civil;
mod format;
mod layout;
pub(crate) mod methods;
mod parse;
mod parts;
pub(crate) mod zone;

pub(crate) use civil::{Civil, to_unix};
use format::View;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

const WEEKDAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];

/// How a time is shown.
const STRING: &[u8] = b"2006-01-02 15:04:05.999999999 -0700 MST";

/// Go counts from the year 1, which shows where a count overflows.
const YEAR_ONE: i64 = -62_135_596_800;

const NANOS: i64 = 1_000_000_000;

/// A point in time, seen from a zone. Equal are those that are the same to Go's `==`; see [`Time::cmp`] for the time
/// alone.
#[derive(Clone, PartialEq)]
pub(crate) struct Time {
    /// Since 1970 in UTC; any year that Go knows.
    pub(crate) seconds: i64,
    /// Below a second.
    pub(crate) nanos: u32,
    pub(crate) zone: Zone,
}

impl Time {
    /// Go's zero.
    pub(crate) const ZERO: Self = Self {
        seconds: YEAR_ONE,
        nanos: 0,
        zone: Zone::Utc,
    };

    /// Go's `time.Unix(seconds, 0)`.
    pub(crate) fn unix(seconds: i64) -> Self {
        Self {
            seconds,
            nanos: 0,
            zone: Zone::Local,
        }
    }

    /// Go's `time.ParseInLocation` for the local zone, which is UTC.
    pub(crate) fn parse(layout: &[u8], value: &[u8]) -> Outcome<Self> {
        parse::parse(layout, value).map_err(Fault::from)
    }

    pub(crate) fn format(&self, env: &mut Env, layout: &[u8]) -> Outcome<Vec<u8>> {
        formatted(env, self.view(), layout)
    }

    /// As [`Self::format`], but in a zone of the database.
    pub(crate) fn format_in(&self, env: &mut Env, zone: &zone::Local, layout: &[u8]) -> Outcome<Vec<u8>> {
        let view = View {
            zone: &zone.name,
            offset: zone.offset,
            ..self.view()
        };
        formatted(env, view, layout)
    }

    /// Go's `String()`.
    pub(crate) fn display(&self) -> String {
        self.written(STRING)
    }

    /// As Go writes it into JSON, or why it does not.
    pub(crate) fn rfc3339(&self) -> Result<String, &'static str> {
        if !(0..=9999).contains(&self.civil().year) {
            return Err("year outside of range [0,9999]");
        }
        if self.zone.offset().abs() >= 24 * 3600 {
            return Err("timezone hour outside of range [0,23]");
        }
        Ok(self.written(b"2006-01-02T15:04:05.999999999Z07:00"))
    }

    fn written(&self, layout: &[u8]) -> String {
        String::from_utf8_lossy(&self.view().format(layout)).into_owned()
    }

    fn view(&self) -> View<'_> {
        View {
            seconds: self.seconds,
            nanos: self.nanos,
            zone: self.zone.name(),
            offset: self.zone.offset(),
        }
    }

    fn civil(&self) -> Civil {
        self.view().civil()
    }

    /// Go's `GoString()`.
    pub(crate) fn go_string(&self) -> String {
        let civil = self.civil();
        let zone = match &self.zone {
            Zone::Utc => "time.UTC".to_owned(),
            Zone::Local => "time.Local".to_owned(),
            Zone::Fixed(fixed) => format!("time.Location(\"{}\")", fixed.name),
        };
        format!(
            "time.Date({}, time.{}, {}, {}, {}, {}, {}, {zone})",
            civil.year,
            MONTHS[usize::from(civil.month - 1)],
            civil.day,
            civil.hour,
            civil.minute,
            civil.second,
            self.nanos,
        )
    }

    /// Since the year 1.
    pub(crate) fn internal(&self) -> i64 {
        self.seconds.wrapping_sub(YEAR_ONE)
    }

    fn total_nanos(&self) -> i128 {
        i128::from(self.internal()) * i128::from(NANOS) + i128::from(self.nanos)
    }

    /// Which is earlier, wherever they are seen from.
    pub(crate) fn cmp(&self, other: &Self) -> Ordering {
        self.total_nanos().cmp(&other.total_nanos())
    }

    /// Go's `reflect.DeepEqual`, to which zones are the same that look the same.
    pub(crate) fn deep_equals(&self, other: &Self) -> bool {
        let fixed = |zone: &Zone| matches!(zone, Zone::Fixed(_));
        let zone = |time: &Self| (time.zone.name().to_owned(), time.zone.offset());
        let same_zone =
            self.zone == other.zone || fixed(&self.zone) && fixed(&other.zone) && zone(self) == zone(other);
        same_zone && (self.seconds, self.nanos) == (other.seconds, other.nanos)
    }

    pub(crate) fn add(&self, duration: i64) -> Self {
        let nanos = i64::from(self.nanos) + duration % NANOS;
        let seconds = duration / NANOS + nanos.div_euclid(NANOS);
        let internal = match self.internal().checked_add(seconds) {
            Some(internal) => internal,
            None if seconds > 0 => i64::MAX,
            None => -i64::MAX,
        };
        Self {
            seconds: internal.wrapping_add(YEAR_ONE),
            nanos: u32::try_from(nanos.rem_euclid(NANOS)).unwrap_or_default(),
            zone: self.zone.clone(),
        }
    }

    /// How long after the other, at most the longest duration.
    pub(crate) fn sub(&self, other: &Self) -> i64 {
        let difference = self.total_nanos() - other.total_nanos();
        let limit = if difference < 0 { i64::MIN } else { i64::MAX };
        i64::try_from(difference).unwrap_or(limit)
    }

    /// The same time of day some years, months and days later. 31 April is 1 May.
    fn add_date(&self, years: i64, months: i64, days: i64) -> Self {
        let civil = self.civil();
        let seconds = civil::to_unix(
            civil.year.wrapping_add(years),
            i64::from(civil.month).wrapping_add(months),
            i64::from(civil.day).wrapping_add(days),
            civil.time_of_day(),
        );
        Self {
            seconds: seconds.wrapping_sub(self.zone.offset()),
            ..self.clone()
        }
    }

    /// What is over a multiple of the duration since the year 1; nothing where it is not positive.
    fn over(&self, duration: i64) -> i64 {
        let over = match duration {
            ..=0 => 0,
            _ => self.total_nanos().rem_euclid(duration.into()),
        };
        i64::try_from(over).unwrap_or_default()
    }

    fn truncate(&self, duration: i64) -> Self {
        self.add(-self.over(duration))
    }

    /// Halves go up.
    fn round(&self, duration: i64) -> Self {
        let over = self.over(duration);
        if over < duration.saturating_sub(over) || duration <= 0 {
            self.add(-over)
        } else {
            self.add(duration - over)
        }
    }

    pub(crate) fn in_utc(&self) -> Self {
        self.in_zone(Zone::Utc)
    }

    fn is_zero(&self) -> bool {
        self.seconds == YEAR_ONE && self.nanos == 0
    }

    fn in_zone(&self, zone: Zone) -> Self {
        Self { zone, ..self.clone() }
    }

    /// Since 1970, in units of which so many are a second; wraps as Go's does.
    fn unix_units(&self, per_second: u32) -> i64 {
        let whole = self.seconds.wrapping_mul(per_second.into());
        whole.wrapping_add(i64::from(self.nanos / (1_000_000_000 / per_second)))
    }
}

impl From<SystemTime> for Time {
    fn from(time: SystemTime) -> Self {
        let nanos = match time.duration_since(UNIX_EPOCH) {
            Ok(after) => i64::try_from(after.as_nanos()).unwrap_or(i64::MAX),
            Err(before) => i64::try_from(before.duration().as_nanos()).map_or(i64::MIN, |nanos| -nanos),
        };
        Self::unix(0).add(nanos)
    }
}

fn formatted(env: &mut Env, view: View, layout: &[u8]) -> Outcome<Vec<u8>> {
    env.spend(layout.len().saturating_mul(view.longest()))?;
    Ok(view.format(layout))
}

/// Go's `Month.String()`.
pub(crate) fn month_name(month: i64) -> Cow<'static, str> {
    match usize::try_from(month) {
        Ok(number @ 1..=12) => MONTHS[number - 1].into(),
        _ => format!("%!Month({})", month.cast_unsigned()).into(),
    }
}

/// Go's `Weekday.String()`.
pub(crate) fn weekday_name(weekday: i64) -> Cow<'static, str> {
    match usize::try_from(weekday) {
        Ok(number @ 0..7) => WEEKDAYS[number].into(),
        _ => format!("%!Weekday({})", weekday.cast_unsigned()).into(),
    }
}
