//! Times in certificates.

use crate::crypto::der::{self, Der, Element, tag};
use crate::fault::{Fault, Outcome};
use crate::time::{Civil, to_unix};

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
    let midnight = to_unix(year, i64::from(*month), i64::from(*day), 0);
    let date = Civil::from_unix(midnight);
    (date.month, date.day) == (*month, *day)
        && *hour < 24
        && *minute < 60
        && second.iter().all(|second| *second < 60)
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
    let Civil {
        year,
        month,
        day,
        hour,
        minute,
        second,
        ..
    } = Civil::from_unix(seconds);
    let rest = format!("{month:02}{day:02}{hour:02}{minute:02}{second:02}Z");
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
