//! The calendar: from seconds to years, months and days, and back. As in Go, all of it wraps at the ends of 64 bits.

const DAY: u64 = 24 * 60 * 60;

/// The calendar repeats after so many days, which are 400 years.
const ERA: u64 = 146_097;

/// The first year that seconds in 64 bits can reach, negated. Days are counted from its 1 March.
const FIRST_YEAR: u64 = 292_277_022_400;

/// From that day to 1970: to March of the year 0, to the year 1, to 1970.
const TO_UNIX: u64 = (FIRST_YEAR / 400 * ERA + 306 + 719_162) * DAY;

/// A day, and the time of it.
pub(crate) struct Civil {
    pub(crate) year: i64,
    /// From 1.
    pub(crate) month: u8,
    pub(crate) day: u8,
    /// From 1.
    pub(crate) day_of_year: u16,
    /// From 0, which is Sunday.
    pub(crate) weekday: u8,
    pub(crate) hour: u8,
    pub(crate) minute: u8,
    pub(crate) second: u8,
}

impl Civil {
    /// `seconds` since 1970 on the clock that is looked at.
    pub(crate) fn from_unix(seconds: i64) -> Self {
        let absolute = seconds.cast_unsigned().wrapping_add(TO_UNIX);
        let (days, time) = (absolute / DAY, absolute % DAY);
        let (era, day_of_era) = (days / ERA, days % ERA);
        let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let from_march = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * from_march + 2) / 153;
        let turned = month_from_march >= 10; // January and February belong to the next year
        let year = (era * 400 + year_of_era + u64::from(turned))
            .wrapping_sub(FIRST_YEAR)
            .cast_signed();
        let day_of_year = if turned {
            from_march - 305
        } else {
            from_march + 60 + u64::from(is_leap(year))
        };
        Self {
            year,
            month: small(if turned {
                month_from_march - 9
            } else {
                month_from_march + 3
            }),
            day: small(from_march - (153 * month_from_march + 2) / 5 + 1),
            day_of_year: u16::try_from(day_of_year).unwrap_or_default(),
            weekday: small((days % 7 + 3) % 7), // the first day is a Wednesday
            hour: small(time / 3600),
            minute: small(time / 60 % 60),
            second: small(time % 60),
        }
    }

    pub(super) fn time_of_day(&self) -> i64 {
        i64::from(self.hour) * 3600 + i64::from(self.minute) * 60 + i64::from(self.second)
    }
}

/// Parts of a date are below 60.
fn small(part: u64) -> u8 {
    u8::try_from(part).unwrap_or_default()
}

/// Seconds since 1970 of a date, whose month and day may lie outside of their year and month.
pub(crate) fn to_unix(year: i64, month: i64, day: i64, time_of_day: i64) -> i64 {
    let month = month.wrapping_sub(1);
    let year = year.wrapping_add(month.div_euclid(12));
    let month = month.rem_euclid(12).cast_unsigned();
    let from_march = (month + 10) % 12;
    let year = year
        .cast_unsigned()
        .wrapping_sub(u64::from(month < 2))
        .wrapping_add(FIRST_YEAR);
    let (century, year_of_century) = (year / 100, year % 100);
    let day_of_century = 1461 * year_of_century / 4 + (153 * from_march + 2) / 5;
    let days = (century.wrapping_mul(ERA) / 4)
        .wrapping_add(day_of_century)
        .wrapping_add(day.cast_unsigned())
        .wrapping_sub(1);
    days.wrapping_mul(DAY)
        .wrapping_add(time_of_day.cast_unsigned())
        .wrapping_sub(TO_UNIX)
        .cast_signed()
}

pub(super) fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// `month` from 1.
pub(super) fn days_in(month: i64, year: i64) -> i64 {
    match month {
        2 => 28 + i64::from(is_leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_have_dates_and_dates_have_days() {
        for (seconds, date, day_of_year, weekday) in [
            (0, (1970, 1, 1), 1, 4),
            (951_782_400, (2000, 2, 29), 60, 2),
            (1_709_212_455, (2024, 2, 29), 60, 4),
            (-62_135_596_800, (1, 1, 1), 1, 1),
            (-62_135_596_801, (0, 12, 31), 366, 0),
            (253_402_300_800, (10_000, 1, 1), 1, 6),
            (i64::MAX, (292_277_026_596, 12, 4), 339, 0),
        ] {
            let civil = Civil::from_unix(seconds);
            let (year, month, day) = date;
            assert_eq!((civil.year, civil.month, civil.day), date);
            assert_eq!(
                (civil.day_of_year, civil.weekday),
                (day_of_year, weekday),
                "{date:?}"
            );
            let back = to_unix(year, i64::from(month), i64::from(day), civil.time_of_day());
            assert_eq!(back, seconds);
        }
    }
}
