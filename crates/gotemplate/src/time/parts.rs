//! The parts of a date as they are read one by one, and the time that they make.

use super::Time;
use super::civil;
use super::zone::{self, Zone};
use crate::fault::Fault;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Problem {
    Misfit,
    Longer,
    OutOfRange(&'static str),
    /// The day of the year is not the day or the month.
    Contradiction,
}

impl From<Problem> for Fault {
    fn from(problem: Problem) -> Self {
        Self::new(match problem {
            Problem::Misfit => "parsing time: it does not fit the layout".into(),
            Problem::Longer => "parsing time: it is longer than the layout".into(),
            Problem::OutOfRange(part) => format!("parsing time: {part} out of range"),
            Problem::Contradiction => "parsing time: day-of-year does not match the date".into(),
        })
    }
}

pub(super) type Read<T = ()> = Result<T, Problem>;

/// What has been read.
#[derive(Default)]
pub(super) struct Parts<'v> {
    pub(super) year: i64,
    pub(super) month: Option<i64>,
    pub(super) day: Option<i64>,
    pub(super) day_of_year: Option<i64>,
    pub(super) hour: i64,
    pub(super) minute: i64,
    pub(super) second: i64,
    pub(super) nanos: u32,
    /// Whether it says so.
    pub(super) morning: bool,
    pub(super) afternoon: bool,
    pub(super) utc: bool,
    pub(super) offset: Option<i32>,
    pub(super) zone: &'v [u8],
}

impl Parts<'_> {
    pub(super) fn time(&self) -> Read<Time> {
        let (month, day) = self.date()?;
        if day < 1 || day > civil::days_in(month, self.year) {
            return Err(Problem::OutOfRange("day"));
        }
        let hour = match self.hour {
            0..12 if self.afternoon => self.hour + 12,
            12 if self.morning => 0,
            hour => hour,
        };
        let time_of_day = (hour * 60 + self.minute) * 60 + self.second;
        let seconds = civil::to_unix(self.year, month, day, time_of_day);
        let named = |offset| Zone::fixed(String::from_utf8_lossy(self.zone).into_owned(), offset);
        let (seconds, zone) = match self.offset {
            _ if self.utc => (seconds, Zone::Utc),
            None | Some(0) if self.zone.is_empty() => (seconds, Zone::Local),
            Some(offset) => (seconds - i64::from(offset), named(offset)),
            // Go knows no more of the zone than its name, and takes the time to be UTC.
            None => (seconds, named(zone::offset_in_name(self.zone))),
        };
        Ok(Time {
            seconds,
            nanos: self.nanos,
            zone,
        })
    }

    fn date(&self) -> Read<(i64, i64)> {
        let Some(day_of_year) = self.day_of_year else {
            return Ok((self.month.unwrap_or(1), self.day.unwrap_or(1)));
        };
        if !(1..=365 + i64::from(civil::is_leap(self.year))).contains(&day_of_year) {
            return Err(Problem::OutOfRange("day-of-year"));
        }
        let (mut month, mut day) = (1, day_of_year);
        while day > civil::days_in(month, self.year) {
            day -= civil::days_in(month, self.year);
            month += 1;
        }
        if self.month.is_some_and(|other| other != month) || self.day.is_some_and(|other| other != day) {
            return Err(Problem::Contradiction);
        }
        Ok((month, day))
    }
}
