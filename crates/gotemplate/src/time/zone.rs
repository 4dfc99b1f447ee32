//! Time zones: those that a time carries with it, and those that have a name in the database.

use std::rc::Rc;
use std::sync::LazyLock;

use jiff::Timestamp;
use jiff::tz::{TimeZone, TimeZoneDatabase};

/// The zone of a time. No time that a template holds has a zone from the database.
#[derive(Clone)]
pub(crate) enum Zone {
    Utc,
    /// UTC too, but another one for `==`.
    Local,
    Fixed(Rc<Fixed>),
}

pub(crate) struct Fixed {
    pub(super) name: String,
    /// In seconds east of UTC.
    pub(super) offset: i32,
}

impl Zone {
    pub(super) fn fixed(name: String, offset: i32) -> Self {
        Self::Fixed(Rc::new(Fixed { name, offset }))
    }

    pub(super) fn name(&self) -> &str {
        match self {
            Self::Utc | Self::Local => "UTC",
            Self::Fixed(fixed) => &fixed.name,
        }
    }

    pub(super) fn offset(&self) -> i64 {
        match self {
            Self::Utc | Self::Local => 0,
            Self::Fixed(fixed) => fixed.offset.into(),
        }
    }
}

/// Go compares zones by where they are in memory, and keeps but one of each that has no name and whole hours.
impl PartialEq for Zone {
    fn eq(&self, other: &Self) -> bool {
        let kept = |zone: &Fixed| {
            zone.name.is_empty() && zone.offset % 3600 == 0 && (-12..=14).contains(&(zone.offset / 3600))
        };
        match (self, other) {
            (Self::Utc, Self::Utc) | (Self::Local, Self::Local) => true,
            (Self::Fixed(one), Self::Fixed(two)) => {
                Rc::ptr_eq(one, two) || (one.offset == two.offset && kept(one) && kept(two))
            }
            _ => false,
        }
    }
}

/// What a zone of the database is called, and how far from UTC it is, at some time.
pub(crate) struct Local {
    pub(crate) name: String,
    pub(crate) offset: i64,
}

/// Only what is built in: nothing on the machine changes what a template makes.
static DATABASE: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// Looks the time up in the zone of that name. Names are case-sensitive, as the files that Go looks for.
pub(crate) fn lookup(zone: &[u8], seconds: i64) -> Option<Local> {
    let zone = std::str::from_utf8(zone).ok()?;
    let found = DATABASE.get(zone).ok()?;
    let known = !found.is_unknown() && found.iana_name() == Some(zone);
    known.then(|| at(&found, seconds))
}

fn at(zone: &TimeZone, seconds: i64) -> Local {
    let info = zone.to_offset_info(timestamp(seconds));
    Local {
        name: info.abbreviation().to_owned(),
        offset: info.offset().seconds().into(),
    }
}

/// The calendar repeats after so many seconds, and with it the rules for daylight saving time.
const ERA: i64 = 146_097 * 24 * 60 * 60;

/// A time that the database knows and in which clocks show the same.
fn timestamp(seconds: i64) -> Timestamp {
    let last = Timestamp::MAX.as_second();
    let seconds = if seconds > last {
        last - ERA + (seconds - last) % ERA
    } else {
        seconds
    };
    Timestamp::from_second(seconds).unwrap_or(Timestamp::MIN)
}

/// How long the abbreviation of a zone is that a text begins with, if Go takes it for one.
pub(super) fn name(text: &[u8]) -> Option<usize> {
    if text.len() < 3 {
        return None;
    }
    if text.starts_with(b"ChST") || text.starts_with(b"MeST") {
        return Some(4);
    }
    if let Some(rest) = text.strip_prefix(b"GMT") {
        return Some(3 + signed_hours(rest).unwrap_or(0));
    }
    if matches!(text[0], b'+' | b'-') {
        return signed_hours(text);
    }
    let capitals = text.iter().take_while(|byte| byte.is_ascii_uppercase()).count();
    match capitals {
        3 => Some(3),
        4 if text[3] == b'T' || text.starts_with(b"WITA") => Some(4),
        5 if text[4] == b'T' => Some(5),
        _ => None,
    }
}

/// The length of a sign and a number up to 23.
fn signed_hours(text: &[u8]) -> Option<usize> {
    let (b'+' | b'-', digits) = text.split_first()? else {
        return None;
    };
    let count = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let hours = number(&digits[..count]);
    (count > 0 && hours <= 23).then_some(count + 1)
}

fn number(digits: &[u8]) -> i32 {
    digits.iter().fold(0, |number: i32, digit| {
        number.saturating_mul(10).saturating_add(i32::from(digit - b'0'))
    })
}

/// Seconds east of UTC in `GMT+3`. Of any other name Go knows nothing.
pub(super) fn offset_in_name(name: &[u8]) -> i32 {
    match name.strip_prefix(b"GMT").and_then(<[u8]>::split_first) {
        Some((b'-', hours)) => number(hours) * -3600,
        Some((_, hours)) => number(hours) * 3600,
        None => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_are_found_by_their_exact_name() {
        let berlin = |seconds| lookup(b"Europe/Berlin", seconds).map(|it| (it.name, it.offset));
        assert_eq!(berlin(1_720_000_000), Some(("CEST".to_owned(), 7200)));
        assert_eq!(berlin(1_700_000_000), Some(("CET".to_owned(), 3600)));
        assert_eq!(berlin(1_720_000_000 + 100 * ERA), Some(("CEST".to_owned(), 7200)));
        assert_eq!(berlin(i64::MIN), Some(("LMT".to_owned(), 3208)));
        assert!(berlin(i64::MAX).is_some());
        for unknown in [
            "europe/berlin",
            "Nowhere/Land",
            "Etc/Unknown",
            "",
            "..",
            "/etc/localtime",
            "utc",
        ] {
            assert!(lookup(unknown.as_bytes(), 0).is_none(), "{unknown}");
        }
    }

    #[test]
    fn abbreviations_are_told_from_other_text() {
        for (text, length) in [
            ("CETx", Some(3)),
            ("CEST", Some(4)),
            ("WITA", Some(4)),
            ("ABCD", None),
            ("ABCDT", Some(5)),
            ("ABCDEF", None),
            ("ChST", Some(4)),
            ("GMT", Some(3)),
            ("GMT+3x", Some(5)),
            ("GMT-24", Some(3)),
            ("+03", Some(3)),
            ("+24", None),
            ("ab", None),
        ] {
            assert_eq!(name(text.as_bytes()), length, "{text}");
        }
    }
}
