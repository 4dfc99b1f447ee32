//! Times in certificates.

use crate::crypto::der::{self, Der, Element, tag};
use crate::fault::{Fault, Outcome};
use crate::time::{Civil, to_unix};

/// Seconds since 1970, from `YYMMDDhhmm[ss]` or `YYYYMMDDhhmmss`, then `Z` or an offset such as `+0100`.
pub(super) fn read(time: Element) -> Outcome<i64> {
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
    let there = match (time.tag, pairs.as_slice(), digits) {
        (tag::UTC_TIME, [year, rest @ ..], 10 | 12) => {
            let year = i64::from(*year);
            date_and_time(if year < 50 { 2000 } else { 1900 } + year, rest)
        }
        (tag::GENERALIZED_TIME, [century, year, rest @ ..], 14) => {
            date_and_time(i64::from(*century) * 100 + i64::from(*year), rest)
        }
        _ => None,
    };
    match (there, offset(zone)) {
        (Some(there), Some(offset)) => Ok(there - offset),
        _ => Err(Fault::new("a certificate with a malformed time")),
    }
}

/// `rest` is month, day, hour, minute and second if there is one.
fn date_and_time(year: i64, rest: &[u8]) -> Option<i64> {
    let [month @ 1..=12, day, hour @ 0..=23, minute @ 0..=59, second @ ..] = rest else {
        return None;
    };
    let midnight = to_unix(year, i64::from(*month), i64::from(*day), 0);
    let date = Civil::from_unix(midnight);
    let second = second.first().copied().unwrap_or_default();
    let is_there = (date.month, date.day) == (*month, *day) && second < 60;
    is_there.then(|| midnight + i64::from(*hour) * 3600 + i64::from(*minute) * 60 + i64::from(second))
}

/// How far a zone is ahead, in seconds.
fn offset(zone: &[u8]) -> Option<i64> {
    let (sign, digits) = match zone {
        b"Z" => return Some(0),
        [b'+', digits @ ..] => (1, digits),
        [b'-', digits @ ..] => (-1, digits),
        _ => return None,
    };
    let [a, b, c @ b'0'..=b'5', d] = digits else {
        return None;
    };
    let number = |tens: &u8, ones: &u8| {
        let are_digits = tens.is_ascii_digit() && ones.is_ascii_digit();
        are_digits.then(|| i64::from(tens - b'0') * 10 + i64::from(ones - b'0'))
    };
    let (hours, minutes) = (number(a, b)?, number(c, d)?);
    // Nothing is printed `Z`, never as an offset of zero.
    (hours < 24 && hours + minutes > 0).then_some(sign * (hours * 3600 + minutes * 60))
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
