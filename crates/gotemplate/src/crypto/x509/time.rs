//! Times in certificates.

use crate::crypto::der::{self, Der, Element, tag};
use crate::fault::{Fault, Outcome};

const DAY: i64 = 86_400;

/// Whether it is a time: `YYMMDDhhmm[ss]` or `YYYYMMDDhhmmss`, then `Z` or an offset such as `+0100`.
pub(super) fn check(time: Element) -> Outcome<()> {
    let digits = time
        .content
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    let (date, zone) = time.content.split_at(digits);
    let pairs: Vec<u8> = date
        .as_chunks::<2>()
        .0
        .iter()
        .map(|[tens, ones]| (tens - b'0') * 10 + (ones - b'0'))
        .collect();
    let is_time = match (time.tag, pairs.as_slice(), digits) {
        (tag::UTC_TIME, [year, rest @ ..], 10 | 12) => {
            let year = i64::from(*year);
            is_date(if year < 50 { 2000 } else { 1900 } + year, rest)
        }
        (tag::GENERALIZED_TIME, [century, year, rest @ ..], 14) => {
            is_date(i64::from(*century) * 100 + i64::from(*year), rest)
        }
        _ => false,
    };
    if is_time && is_zone(zone) {
        Ok(())
    } else {
        Err(Fault::new("a certificate with a malformed time"))
    }
}

/// `rest` is month, day, hour, minute and second if there is one.
fn is_date(year: i64, rest: &[u8]) -> bool {
    let [month @ 1..=12, day, hour, minute, second @ ..] = rest else {
        return false;
    };
    let (month, day) = (i64::from(*month), i64::from(*day));
    let days = civil(days(year, month, 1) + day - 1);
    days == (year, month, day) && *hour < 24 && *minute < 60 && second.iter().all(|second| *second < 60)
}

fn is_zone(zone: &[u8]) -> bool {
    match zone {
        b"Z" => true,
        [b'+' | b'-', digits @ ..] => {
            let digits: Option<Vec<u8>> = digits
                .iter()
                .map(|digit| digit.is_ascii_digit().then(|| digit - b'0'))
                .collect();
            // Nothing is printed `Z`, never as an offset of zero.
            matches!(digits.as_deref(), Some([a, b, c @ 0..=5, d]) if a * 10 + b < 24 && a + b + c + d > 0)
        }
        _ => false,
    }
}

/// The time in seconds since 1970, to be written into a certificate.
pub(super) fn write(seconds: i64) -> Outcome<Der> {
    let (year, month, day) = civil(seconds.div_euclid(DAY));
    let clock = seconds.rem_euclid(DAY);
    let rest = format!(
        "{month:02}{day:02}{:02}{:02}{:02}Z",
        clock / 3600,
        clock / 60 % 60,
        clock % 60
    );
    match year {
        1950..2050 => {
            let text = format!("{:02}{rest}", year % 100);
            Ok(der::element(tag::UTC_TIME, &[text.as_bytes()]))
        }
        0..10000 => {
            let text = format!("{year:04}{rest}");
            Ok(der::element(tag::GENERALIZED_TIME, &[text.as_bytes()]))
        }
        _ => Err(Fault::new("a certificate cannot be valid in that year")),
    }
}

/// Year, month and day of a day counted from 1970.
fn civil(days: i64) -> (i64, i64, i64) {
    // Years start in March here, so that the leap day is the last one; 146097 days are 400 years.
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}

/// The day, counted from 1970.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + of_year - 719_468
}
