//! Searching the calendar, whatever the zone.

use jiff::civil::{Date, DateTime};

/// The numbers that each field allows, as bits.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Fields {
    pub(super) minutes: u64,
    pub(super) hours: u64,
    pub(super) days: u64,
    pub(super) months: u64,
    /// From Sunday, 0, to Saturday.
    pub(super) weekdays: u64,
    /// Day of the month and day of the week must both match, as one of them is `*`. Else either is enough.
    pub(super) both_days: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Toward {
    Future,
    Past,
}

impl Fields {
    /// The minute that matches and is nearest to `start`, which may be it. None beyond the year `limit` is looked at.
    pub(super) fn seek(&self, toward: Toward, start: DateTime, limit: i16) -> Option<DateTime> {
        let mut month = start.date().first_of_month();
        let mut days = self.days_of(month);
        if days & bit(start.day()) != 0
            && let Some((hour, minute)) = self.time_from(toward, start)
        {
            return Some(start.date().at(hour, minute, 0, 0));
        }
        days &= toward.beyond(start.day());
        while days == 0 {
            month = toward.month_after(month)?;
            if toward.is_beyond(month.year(), limit) {
                return None;
            }
            days = self.days_of(month);
        }
        let date = Date::new(month.year(), month.month(), toward.nearest(days)?).ok()?;
        let (hour, minute) = (toward.nearest(self.hours)?, toward.nearest(self.minutes)?);
        Some(date.at(hour, minute, 0, 0))
    }

    /// The days that match of the month that begins on `first`.
    fn days_of(&self, first: Date) -> u64 {
        if self.months & bit(first.month()) == 0 {
            return 0;
        }
        let month = (1..=first.days_in_month()).fold(0, |days, day| days | bit(day));
        let weekday = first.weekday().to_sunday_zero_offset();
        let by_weekday =
            (1..=first.days_in_month()).filter(|day| self.weekdays & bit((weekday + day - 1) % 7) != 0);
        let by_weekday = by_weekday.fold(0, |days, day| days | bit(day));
        month
            & if self.both_days {
                self.days & by_weekday
            } else {
                self.days | by_weekday
            }
    }

    /// The time of day that matches and is nearest to `start`.
    fn time_from(&self, toward: Toward, start: DateTime) -> Option<(i8, i8)> {
        let (hour, minute) = (start.hour(), start.minute());
        let this_hour = self.minutes & (toward.beyond(minute) | bit(minute));
        if self.hours & bit(hour) != 0 && this_hour != 0 {
            return Some((hour, toward.nearest(this_hour)?));
        }
        Some((
            toward.nearest(self.hours & toward.beyond(hour))?,
            toward.nearest(self.minutes)?,
        ))
    }
}

impl Toward {
    /// The number that is met first.
    fn nearest(self, bits: u64) -> Option<i8> {
        let number = match self {
            Self::Future => bits.trailing_zeros(),
            Self::Past => 63_u32.wrapping_sub(bits.leading_zeros()),
        };
        (bits != 0)
            .then_some(number)
            .and_then(|number| i8::try_from(number).ok())
    }

    /// All numbers on the far side of one.
    fn beyond(self, number: i8) -> u64 {
        match self {
            Self::Future => !(bit(number) | (bit(number) - 1)),
            Self::Past => bit(number) - 1,
        }
    }

    fn is_beyond(self, year: i16, limit: i16) -> bool {
        match self {
            Self::Future => year > limit,
            Self::Past => year < limit,
        }
    }

    fn month_after(self, first: Date) -> Option<Date> {
        let (year, month) = match (self, first.month()) {
            (Self::Future, 12) => (first.year() + 1, 1),
            (Self::Future, month) => (first.year(), month + 1),
            (Self::Past, 1) => (first.year() - 1, 12),
            (Self::Past, month) => (first.year(), month - 1),
        };
        Date::new(year, month, 1).ok()
    }
}

/// Of a number below 64, as all numbers of dates and times are.
fn bit(number: i8) -> u64 {
    1 << number
}
