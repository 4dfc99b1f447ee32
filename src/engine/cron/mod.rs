//! Cron schedules in the dialect of robfig/cron v3, which is ESO's.
//!
//! Five fields (minute, hour, day of month, month, day of week) of numbers, names of months and days, lists, ranges
//! and steps; or `@daily` and its like; or `@every` and a duration. `TZ=Zone ` or `CRON_TZ=Zone ` may stand before.
//! There is no seventh weekday, no `L`, `W` or `#`.
//!
//! A schedule fires at the instants at which the clock on the wall shows a minute that matches: not at all where
//! clocks are put forward over it, twice where they are put back over it. Time zones come from the tables compiled
//! in, so that a schedule means the same everywhere.
//!
//! Why no crate: `croner` reads another dialect in both directions (no `5/15` and no `@every`, but six fields, `L` and
//! a weekday 7), so that all of the parsing would have to be done before it, for the little search that is below.

use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

mod parse;
mod seek;

use seek::{Fields, Toward};

/// How far robfig looks for the next firing, in calendar years of the schedule's zone.
const YEARS_AHEAD: i16 = 5;

/// How far we look back: from one 29th of February to the next it can be eight years.
const YEARS_BACK: i16 = 8;

const NANOSECOND: Duration = Duration::from_nanos(1);

#[derive(Clone, Debug, PartialEq)]
pub enum Schedule {
    Calendar(Calendar),
    /// Fires that long after it was asked, whenever that is. Whole seconds, at least one.
    Every(Duration),
}

/// Fires when the clock on the wall of a zone shows certain minutes.
#[derive(Clone, Debug, PartialEq)]
pub struct Calendar {
    fields: Fields,
    zone: TimeZone,
}

impl Schedule {
    /// The error says what is wrong, much as robfig does.
    pub fn parse(text: &str) -> Result<Self, String> {
        parse::schedule(text)
    }

    /// The first firing after an instant, if there is one in five years.
    pub fn next(&self, after: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Calendar(calendar) => calendar.next(after),
            Self::Every(period) => {
                let part = u64::try_from(after.as_nanosecond().rem_euclid(1_000_000_000)).ok()?;
                after
                    .checked_add(period.checked_sub(Duration::from_nanos(part))?)
                    .ok()
            }
        }
    }
}

impl Calendar {
    /// The first firing after an instant, if there is one in five years.
    pub fn next(&self, after: Timestamp) -> Option<Timestamp> {
        let mut from = after.checked_add(NANOSECOND).ok()?;
        let last_year = self.local(from).year().checked_add(YEARS_AHEAD)?;
        let mut changes = self.zone.following(after).map(|change| change.timestamp());
        // Between two changes of the clock local time runs evenly, so each such stretch is searched by itself.
        while self.local(from).year() <= last_year {
            let end = changes.next();
            let offset = self.zone.to_offset(from);
            let found = minute_from(self.local(from))
                .and_then(|start| self.fields.seek(Toward::Future, start, last_year));
            let firing = found.and_then(|local| offset.to_timestamp(local).ok());
            match end {
                None => return firing,
                Some(end) if firing.is_some_and(|firing| firing < end) => return firing,
                Some(end) => from = end,
            }
        }
        None
    }

    /// The last firing at an instant or before it, if there is one in eight years.
    pub fn last(&self, until: Timestamp) -> Option<Timestamp> {
        let first_year = self.local(until).year().checked_sub(YEARS_BACK)?;
        let mut changes = self
            .zone
            .preceding(until.checked_add(NANOSECOND).ok()?)
            .map(|change| change.timestamp());
        let mut until = until;
        while self.local(until).year() >= first_year {
            let start = changes.next();
            let offset = self.zone.to_offset(until);
            let found = self.fields.seek(Toward::Past, self.local(until), first_year);
            let firing = found.and_then(|local| offset.to_timestamp(local).ok());
            match start {
                None => return firing,
                Some(start) if firing.is_some_and(|firing| firing >= start) => return firing,
                Some(start) => until = start.checked_sub(NANOSECOND).ok()?,
            }
        }
        None
    }

    fn local(&self, instant: Timestamp) -> DateTime {
        self.zone.to_offset(instant).to_datetime(instant)
    }
}

/// The first whole minute at a time or after it.
fn minute_from(time: DateTime) -> Option<DateTime> {
    let whole = time.date().at(time.hour(), time.minute(), 0, 0);
    if whole == time {
        Some(whole)
    } else {
        whole.checked_add(Duration::from_mins(1)).ok()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::engine::vectors::{Tally, load, text, texts};

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a time")
    }

    fn calendar(text: &str) -> Calendar {
        match Schedule::parse(text).expect("a schedule") {
            Schedule::Calendar(calendar) => calendar,
            Schedule::Every(_) => panic!("{text} is no calendar"),
        }
    }

    #[test]
    fn schedules_fire_when_those_of_eso_do() {
        let mut tally = Tally::default();
        for case in load("cron.json") {
            let next = Schedule::parse(text(&case, "schedule")).map(|schedule| {
                let firings = std::iter::successors(schedule.next(at(text(&case, "from"))), |&firing| {
                    schedule.next(firing)
                });
                firings
                    .take(5)
                    .map(|firing| firing.to_string())
                    .collect::<Vec<_>>()
            });
            let wanted = || texts(&case, "next").into_iter().map(str::to_owned).collect();
            tally.expect(&case, next, case["error"].is_null().then(wanted));
        }
        tally.settle("cron.json", 0);
    }

    #[test]
    fn the_last_firing_is_the_one_that_no_other_follows() {
        for (schedule, until, last) in [
            ("0 2 * * *", "2024-01-02T02:00:00Z", "2024-01-02T02:00:00Z"),
            (
                "0 2 * * *",
                "2024-01-02T01:59:59.999999999Z",
                "2024-01-01T02:00:00Z",
            ),
            ("*/15 * * * *", "2024-03-01T00:14:59Z", "2024-03-01T00:00:00Z"),
            ("30 23 31 * *", "2024-03-01T00:00:00Z", "2024-01-31T23:30:00Z"),
            ("0 0 29 2 *", "2104-02-28T00:00:00Z", "2096-02-29T00:00:00Z"),
            ("0 9 * * MON", "2024-01-07T12:00:00Z", "2024-01-01T09:00:00Z"),
            // Clocks are put forward over 2:30 on the 10th of March, and back over 1:30 on the 3rd of November.
            (
                "TZ=America/New_York 30 2 * * *",
                "2024-03-10T12:00:00Z",
                "2024-03-09T07:30:00Z",
            ),
            (
                "TZ=America/New_York 30 1 * * *",
                "2024-11-03T12:00:00Z",
                "2024-11-03T06:30:00Z",
            ),
            (
                "TZ=America/New_York 30 1 * * *",
                "2024-11-03T06:29:59Z",
                "2024-11-03T05:30:00Z",
            ),
        ] {
            assert_eq!(
                calendar(schedule).last(at(until)),
                Some(at(last)),
                "{schedule} until {until}"
            );
        }
        assert_eq!(calendar("0 0 30 2 *").last(at("2024-01-01T00:00:00Z")), None);
        assert_eq!(calendar(", * * * *").last(at("2024-01-01T00:00:00Z")), None);
    }

    /// Looking back from one firing to the one before, and ahead again, is the way it came.
    #[test]
    fn next_and_last_agree() {
        for schedule in [
            "*/7 3-5 * * *",
            "TZ=America/New_York */20 * * * *",
            "TZ=Australia/Lord_Howe 15,45 1-2 * * *",
            "TZ=Africa/Casablanca 10 2 * * SUN",
            "TZ=America/Sao_Paulo 0 0 * * *",
            "TZ=Asia/Beirut 0 0,9 * * 0",
        ] {
            let schedule = calendar(schedule);
            let mut firing = at("2018-09-30T00:00:00Z");
            for _ in 0..3000 {
                let Some(next) = schedule.next(firing) else {
                    panic!("no firing after {firing}")
                };
                assert!(next > firing);
                assert_eq!(schedule.last(next), Some(next));
                assert!(
                    schedule.last(next - NANOSECOND).is_none_or(|last| last <= firing),
                    "{next}"
                );
                firing = next;
            }
        }
    }

    proptest! {
        #[test]
        fn no_text_is_too_odd(text in r"(TZ=[A-Z/a-z]{0,8} )?([0-9*?/,a-z-]{1,5} ){4}[0-9*?/,A-Z-]{1,5}|@\PC*|\PC*") {
            if let Ok(schedule) = Schedule::parse(&text) {
                let from = at("2024-01-01T00:00:00Z");
                prop_assert!(schedule.next(from).is_none_or(|next| next > from));
            }
        }
    }

    #[test]
    fn the_ends_of_time_are_no_trouble() {
        for schedule in [
            "* * * * *",
            "0 0 29 2 *",
            "TZ=America/New_York 0 0 31 12 *",
            "@every 2000000h",
        ] {
            let schedule = Schedule::parse(schedule).expect("a schedule");
            for instant in [
                Timestamp::MIN,
                Timestamp::MAX,
                Timestamp::MAX - NANOSECOND,
                Timestamp::MIN + NANOSECOND,
            ] {
                schedule.next(instant);
                if let Schedule::Calendar(calendar) = &schedule {
                    calendar.last(instant);
                }
            }
        }
    }
}
