//! Reading a date as a layout says.

use super::layout::{Chunk, Found, Fraction, Offset, Pad, Unit, next};
use super::parts::{Parts, Problem, Read};
use super::zone;
use super::{MONTHS, Time, WEEKDAYS};

/// Go's `time.ParseInLocation` for the local zone, which is UTC.
pub(super) fn parse(layout: &[u8], value: &[u8]) -> Result<Time, Problem> {
    let mut reader = Reader {
        rest: value,
        read: Parts::default(),
    };
    let mut layout = layout;
    while let Some(Found { before, chunk, after }) = next(layout) {
        reader.skip(before)?;
        reader.chunk(chunk, after)?;
        layout = after;
    }
    reader.skip(layout)?;
    if reader.rest.is_empty() {
        reader.read.time()
    } else {
        Err(Problem::Longer)
    }
}

struct Reader<'v> {
    rest: &'v [u8],
    read: Parts<'v>,
}

impl<'v> Reader<'v> {
    /// Text between chunks has to be there as it is, but for the number of spaces.
    fn skip(&mut self, text: &[u8]) -> Read {
        let mut text = text;
        while let Some((&first, after)) = text.split_first() {
            if first == b' ' {
                if self.rest.first().is_some_and(|&byte| byte != b' ') {
                    return Err(Problem::Misfit);
                }
                text = without_spaces(text);
                self.rest = without_spaces(self.rest);
            } else {
                self.rest = self.rest.strip_prefix(&[first]).ok_or(Problem::Misfit)?;
                text = after;
            }
        }
        Ok(())
    }

    fn chunk(&mut self, chunk: Chunk, layout: &[u8]) -> Read {
        match chunk {
            Chunk::LongMonth => self.read.month = Some(self.name(&MONTHS, usize::MAX)? + 1),
            Chunk::ShortMonth => self.read.month = Some(self.name(&MONTHS, 3)? + 1),
            Chunk::Month(pad) => self.read.month = Some(self.number(pad, 1..=12, "month")?),
            Chunk::LongWeekday => drop(self.name(&WEEKDAYS, usize::MAX)?),
            Chunk::ShortWeekday => drop(self.name(&WEEKDAYS, 3)?),
            Chunk::Day(pad) => {
                self.spaces(usize::from(pad == Pad::Space));
                self.read.day = Some(self.number(pad, 0..=99, "day")?);
            }
            Chunk::DayOfYear(pad) => self.read.day_of_year = Some(self.day_of_year(pad)?),
            Chunk::Hour => self.read.hour = self.number(Pad::None, 0..=23, "hour")?,
            Chunk::Hour12(pad) => self.read.hour = self.number(pad, 0..=12, "hour")?,
            Chunk::Minute(pad) => self.read.minute = self.number(pad, 0..=59, "minute")?,
            Chunk::Second(pad) => self.second(pad, layout)?,
            Chunk::LongYear => self.read.year = self.long_year()?,
            Chunk::ShortYear => {
                let year = integer(self.take(2)?)?;
                self.read.year = year + if year >= 69 { 1900 } else { 2000 };
            }
            Chunk::UpperHalf => self.half(*b"AM", *b"PM")?,
            Chunk::LowerHalf => self.half(*b"am", *b"pm")?,
            Chunk::ZoneName => self.zone_name()?,
            Chunk::Offset(style) => self.offset(style)?,
            Chunk::Fraction(fraction) => self.fraction(fraction)?,
        }
        Ok(())
    }

    fn take(&mut self, count: usize) -> Read<&'v [u8]> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(Problem::Misfit)?;
        self.rest = rest;
        Ok(taken)
    }

    fn spaces(&mut self, count: usize) {
        for _ in 0..count {
            self.rest = self.rest.strip_prefix(b" ").unwrap_or(self.rest);
        }
    }

    /// A name in upper or lower case, of which so many letters are written.
    fn name(&mut self, names: &[&str], letters: usize) -> Read<i64> {
        for (number, name) in (0..).zip(names) {
            let written = &name.as_bytes()[..letters.min(name.len())];
            let start = self.rest.get(..written.len());
            if start.is_some_and(|start| start.eq_ignore_ascii_case(written)) {
                self.rest = &self.rest[written.len()..];
                return Ok(number);
            }
        }
        Err(Problem::Misfit)
    }

    /// One or two digits; two where the layout has a zero in front.
    fn number(&mut self, pad: Pad, range: std::ops::RangeInclusive<i64>, part: &'static str) -> Read<i64> {
        let number = match digits(self.rest).min(2) {
            0 => Err(Problem::Misfit),
            1 if pad == Pad::Zero => Err(Problem::Misfit),
            count => integer(self.take(count)?),
        }?;
        if range.contains(&number) {
            Ok(number)
        } else {
            Err(Problem::OutOfRange(part))
        }
    }

    fn day_of_year(&mut self, pad: Pad) -> Read<i64> {
        if pad == Pad::Space {
            self.spaces(2);
        }
        match digits(self.rest).min(3) {
            0 => Err(Problem::Misfit),
            1 | 2 if pad == Pad::Zero => Err(Problem::Misfit),
            count => integer(self.take(count)?),
        }
    }

    fn long_year(&mut self) -> Read<i64> {
        if digits(self.rest) == 0 {
            return Err(Problem::Misfit);
        }
        integer(self.take(4)?)
    }

    /// Fractions may follow even where the layout has none.
    fn second(&mut self, pad: Pad, layout: &[u8]) -> Read {
        self.read.second = self.number(pad, 0..=59, "second")?;
        let expected = next(layout).is_some_and(|next| matches!(next.chunk, Chunk::Fraction(_)));
        if expected { Ok(()) } else { self.any_fraction() }
    }

    fn any_fraction(&mut self) -> Read {
        let Some((b'.' | b',', after)) = self.rest.split_first() else {
            return Ok(());
        };
        match digits(after) {
            0 => Ok(()),
            count => self.nanos(count),
        }
    }

    fn fraction(&mut self, fraction: Fraction) -> Read {
        if fraction.trimmed {
            self.any_fraction()
        } else {
            self.nanos(fraction.digits)
        }
    }

    /// A separator and so many digits. Those behind the ninth are dropped.
    fn nanos(&mut self, count: usize) -> Read {
        let (separator, digits) = self.take(count + 1)?.split_at(1);
        if !matches!(separator, b"." | b",") {
            return Err(Problem::Misfit);
        }
        let digits = &digits[..count.min(9)];
        let number = integer(digits)?;
        let scale = 10_i64.pow(9 - u32::try_from(digits.len()).unwrap_or(9));
        self.read.nanos =
            u32::try_from(number * scale).map_err(|_| Problem::OutOfRange("fractional second"))?;
        Ok(())
    }

    fn half(&mut self, am: [u8; 2], pm: [u8; 2]) -> Read {
        match self.take(2)? {
            half if half == pm => self.read.afternoon = true,
            half if half == am => self.read.morning = true,
            _ => return Err(Problem::Misfit),
        }
        Ok(())
    }

    fn offset(&mut self, style: Offset) -> Read {
        if style.zulu
            && let Some(rest) = self.rest.strip_prefix(b"Z")
        {
            self.rest = rest;
            self.read.utc = true;
            return Ok(());
        }
        let sign = self.take(1)?;
        let hours = self.two_digits()?;
        let minutes = self.further(style, Unit::Minutes)?;
        let seconds = self.further(style, Unit::Seconds)?;
        for (number, limit, part) in [
            (hours, 24, "time zone offset hour"),
            (minutes, 60, "time zone offset minute"),
            (seconds, 60, "time zone offset second"),
        ] {
            if number > limit {
                return Err(Problem::OutOfRange(part));
            }
        }
        let offset = (hours * 60 + minutes) * 60 + seconds;
        self.read.offset = match sign {
            b"+" => Some(offset),
            // For Go a second west is as if there were no offset.
            b"-" if offset == 1 => None,
            b"-" => Some(-offset),
            _ => return Err(Problem::Misfit),
        };
        Ok(())
    }

    fn two_digits(&mut self) -> Read<i32> {
        match self.take(2)? {
            &[tens @ b'0'..=b'9', ones @ b'0'..=b'9'] => {
                Ok(i32::from(tens - b'0') * 10 + i32::from(ones - b'0'))
            }
            _ => Err(Problem::Misfit),
        }
    }

    fn further(&mut self, style: Offset, unit: Unit) -> Read<i32> {
        if style.down_to < unit {
            return Ok(0);
        }
        if style.colon && self.take(1)? != b":" {
            return Err(Problem::Misfit);
        }
        self.two_digits()
    }

    fn zone_name(&mut self) -> Read {
        if let Some(rest) = self.rest.strip_prefix(b"UTC") {
            self.rest = rest;
            self.read.utc = true;
            return Ok(());
        }
        let length = zone::name(self.rest).ok_or(Problem::Misfit)?;
        self.read.zone = self.take(length)?;
        Ok(())
    }
}

fn without_spaces(text: &[u8]) -> &[u8] {
    let spaces = text.iter().take_while(|&&byte| byte == b' ').count();
    &text[spaces..]
}

/// How many digits come first.
fn digits(text: &[u8]) -> usize {
    text.iter().take_while(|byte| byte.is_ascii_digit()).count()
}

/// A number with or without a sign. It has few digits, or even none, which Go takes for zero.
fn integer(text: &[u8]) -> Read<i64> {
    let (negative, number) = match text.split_first() {
        Some((b'-', rest)) => (true, rest),
        Some((b'+', rest)) => (false, rest),
        _ => (false, text),
    };
    let number = number.iter().try_fold(0_i64, |number, byte| {
        byte.is_ascii_digit()
            .then(|| number * 10 + i64::from(byte - b'0'))
    });
    let number = number.ok_or(Problem::Misfit)?;
    Ok(if negative { -number } else { number })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The results are Go's.
    #[test]
    fn dates_are_read_as_go_reads_them() {
        for (layout, value, wanted) in [
            ("2006-01-02", "2024-02-29", "2024-02-29 00:00:00 +0000 UTC"),
            ("06-1-2", "+5-3-4", "2005-03-04 00:00:00 +0000 UTC"),
            ("06", "-5", "1995-01-01 00:00:00 +0000 UTC"),
            ("15:04:05", "01:02:03.5", "0000-01-01 01:02:03.5 +0000 UTC"),
            ("3PM pm", "12AM pm", "0000-01-01 00:00:00 +0000 UTC"),
            ("2006 002", "2024 060", "2024-02-29 00:00:00 +0000 UTC"),
            ("15:04 MST", "12:00 GMT+3", "0000-01-01 15:00:00 +0300 GMT+3"),
            (
                "15:04 -0700 MST",
                "12:00 +0200 CEST",
                "0000-01-01 12:00:00 +0200 CEST",
            ),
            ("15:04 Z07:00", "12:00 -03:30", "0000-01-01 12:00:00 -0330 -0330"),
            (
                "15:04 -07:00:00",
                "12:00 -00:00:01",
                "0000-01-01 12:00:00 +0000 UTC",
            ),
            (".000", ".+12", "0000-01-01 00:00:00.012 +0000 UTC"),
            ("Jan _2", "FEB  3", "0000-02-03 00:00:00 +0000 UTC"),
        ] {
            let time = parse(layout.as_bytes(), value.as_bytes());
            assert_eq!(
                time.map(|time| time.display()).as_deref(),
                Ok(wanted),
                "{layout} {value}"
            );
        }
    }

    #[test]
    fn a_bad_date_is_told_without_repeating_it() {
        for (layout, value, wanted) in [
            ("2006-01-02", "2023-02-29", Problem::OutOfRange("day")),
            ("2006-01-02", "2023-13-01", Problem::OutOfRange("month")),
            ("15", "24", Problem::OutOfRange("hour")),
            ("2006", "2006 ", Problem::Longer),
            ("2006", "20", Problem::Misfit),
            ("MST", "ABCDE", Problem::Misfit),
            ("002 1", "032 1", Problem::Contradiction),
            (".000", ".-12", Problem::OutOfRange("fractional second")),
        ] {
            let time = parse(layout.as_bytes(), value.as_bytes());
            assert_eq!(time.err(), Some(wanted), "{layout} {value}");
        }
    }
}
