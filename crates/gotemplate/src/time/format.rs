//! Writing a date as a layout says.

use std::io::Write as _;

use super::civil::Civil;
use super::layout::{Chunk, Fraction, Offset, Pad, Unit, next};
use super::{MONTHS, WEEKDAYS};

/// A point in time, and the zone to show it in.
#[derive(Clone, Copy)]
pub(super) struct View<'z> {
    pub(super) seconds: i64,
    pub(super) nanos: u32,
    /// Empty where it has none.
    pub(super) zone: &'z str,
    /// Of the zone, in seconds east of UTC.
    pub(super) offset: i64,
}

impl View<'_> {
    pub(super) fn civil(&self) -> Civil {
        Civil::from_unix(self.seconds.wrapping_add(self.offset))
    }

    pub(super) fn format(&self, layout: &[u8]) -> Vec<u8> {
        let civil = self.civil();
        let mut out = Vec::with_capacity(layout.len());
        let mut rest = layout;
        while let Some(found) = next(rest) {
            out.extend_from_slice(found.before);
            self.write(&mut out, found.chunk, &civil);
            rest = found.after;
        }
        out.extend_from_slice(rest);
        out
    }

    /// At most this long, for each byte of its layout.
    pub(super) fn longest(&self) -> usize {
        4 + self.zone.len() / 3
    }

    fn write(&self, out: &mut Vec<u8>, chunk: Chunk, civil: &Civil) {
        let month = MONTHS[usize::from(civil.month - 1)];
        let weekday = WEEKDAYS[usize::from(civil.weekday)];
        let half = |names: [&'static str; 2]| names[usize::from(civil.hour >= 12)].as_bytes();
        match chunk {
            Chunk::LongMonth => out.extend_from_slice(month.as_bytes()),
            Chunk::ShortMonth => out.extend_from_slice(&month.as_bytes()[..3]),
            Chunk::Month(pad) => number(out, civil.month.into(), pad, 2),
            Chunk::LongWeekday => out.extend_from_slice(weekday.as_bytes()),
            Chunk::ShortWeekday => out.extend_from_slice(&weekday.as_bytes()[..3]),
            Chunk::Day(pad) => number(out, civil.day.into(), pad, 2),
            Chunk::DayOfYear(pad) => number(out, civil.day_of_year.into(), pad, 3),
            Chunk::Hour => number(out, civil.hour.into(), Pad::Zero, 2),
            Chunk::Hour12(pad) => number(out, u64::from((civil.hour + 11) % 12 + 1), pad, 2),
            Chunk::Minute(pad) => number(out, civil.minute.into(), pad, 2),
            Chunk::Second(pad) => number(out, civil.second.into(), pad, 2),
            Chunk::LongYear => {
                if civil.year < 0 {
                    out.push(b'-');
                }
                number(out, civil.year.unsigned_abs(), Pad::Zero, 4);
            }
            Chunk::ShortYear => number(out, civil.year.unsigned_abs() % 100, Pad::Zero, 2),
            Chunk::UpperHalf => out.extend_from_slice(half(["AM", "PM"])),
            Chunk::LowerHalf => out.extend_from_slice(half(["am", "pm"])),
            Chunk::ZoneName if self.zone.is_empty() => self.write_offset(out, UNNAMED),
            Chunk::ZoneName => out.extend_from_slice(self.zone.as_bytes()),
            Chunk::Offset(Offset { zulu: true, .. }) if self.offset == 0 => out.push(b'Z'),
            Chunk::Offset(style) => self.write_offset(out, style),
            Chunk::Fraction(fraction) => self.write_fraction(out, fraction),
        }
    }

    fn write_offset(&self, out: &mut Vec<u8>, style: Offset) {
        out.push(if self.offset <= -60 { b'-' } else { b'+' });
        let seconds = self.offset.unsigned_abs();
        let colon = |out: &mut Vec<u8>| {
            if style.colon {
                out.push(b':');
            }
        };
        number(out, seconds / 3600, Pad::Zero, 2);
        if style.down_to >= Unit::Minutes {
            colon(out);
            number(out, seconds / 60 % 60, Pad::Zero, 2);
        }
        if style.down_to >= Unit::Seconds {
            colon(out);
            if (-59..=-1).contains(&self.offset) {
                out.push(b'-'); // where Go puts the sign of less than a minute
            }
            number(out, seconds % 60, Pad::Zero, 2);
        }
    }

    fn write_fraction(&self, out: &mut Vec<u8>, fraction: Fraction) {
        if fraction.trimmed && (fraction.digits == 0 || self.nanos == 0) {
            return;
        }
        let digits = format!("{:09}", self.nanos);
        let mut digits = &digits[..fraction.digits.min(9)];
        if fraction.trimmed {
            digits = digits.trim_end_matches('0');
            if digits.is_empty() {
                return;
            }
        }
        out.push(fraction.separator);
        out.extend_from_slice(digits.as_bytes());
    }
}

/// How the offset of a zone without a name takes the place of its name.
const UNNAMED: Offset = Offset {
    zulu: false,
    colon: false,
    down_to: Unit::Minutes,
};

fn number(out: &mut Vec<u8>, number: u64, pad: Pad, width: usize) {
    // Writing to a vector cannot fail.
    let _ = match pad {
        Pad::None => write!(out, "{number}"),
        Pad::Space => write!(out, "{number:width$}"),
        Pad::Zero => write!(out, "{number:0width$}"),
    };
}
