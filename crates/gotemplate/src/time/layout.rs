//! Layouts: how Go describes a format of dates, by writing a certain date in it.

/// A part of a layout that stands for a part of a date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Chunk {
    LongMonth,
    ShortMonth,
    Month(Pad),
    LongWeekday,
    ShortWeekday,
    Day(Pad),
    DayOfYear(Pad),
    Hour,
    Hour12(Pad),
    Minute(Pad),
    Second(Pad),
    LongYear,
    ShortYear,
    /// `AM` or `PM`
    UpperHalf,
    /// `am` or `pm`
    LowerHalf,
    ZoneName,
    Offset(Offset),
    Fraction(Fraction),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pad {
    None,
    Space,
    Zero,
}

/// How an offset from UTC is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Offset {
    /// Whether UTC is `Z`.
    pub(super) zulu: bool,
    pub(super) colon: bool,
    pub(super) down_to: Unit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Unit {
    Hours,
    Minutes,
    Seconds,
}

/// Fractions of a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fraction {
    pub(super) separator: u8,
    pub(super) digits: usize,
    /// Whether zeros at the end are left out.
    pub(super) trimmed: bool,
}

/// Go keeps the count of digits in so many bits.
const DIGITS: usize = 0xfff;

const fn offset(zulu: bool, colon: bool, down_to: Unit) -> Chunk {
    Chunk::Offset(Offset { zulu, colon, down_to })
}

/// The first that fits counts.
const CHUNKS: &[(&[u8], Chunk)] = &[
    (b"January", Chunk::LongMonth),
    (b"Jan", Chunk::ShortMonth),
    (b"Monday", Chunk::LongWeekday),
    (b"Mon", Chunk::ShortWeekday),
    (b"MST", Chunk::ZoneName),
    (b"01", Chunk::Month(Pad::Zero)),
    (b"02", Chunk::Day(Pad::Zero)),
    (b"03", Chunk::Hour12(Pad::Zero)),
    (b"04", Chunk::Minute(Pad::Zero)),
    (b"05", Chunk::Second(Pad::Zero)),
    (b"06", Chunk::ShortYear),
    (b"002", Chunk::DayOfYear(Pad::Zero)),
    (b"15", Chunk::Hour),
    (b"1", Chunk::Month(Pad::None)),
    (b"2006", Chunk::LongYear),
    (b"2", Chunk::Day(Pad::None)),
    (b"_2", Chunk::Day(Pad::Space)),
    (b"__2", Chunk::DayOfYear(Pad::Space)),
    (b"3", Chunk::Hour12(Pad::None)),
    (b"4", Chunk::Minute(Pad::None)),
    (b"5", Chunk::Second(Pad::None)),
    (b"PM", Chunk::UpperHalf),
    (b"pm", Chunk::LowerHalf),
    (b"-070000", offset(false, false, Unit::Seconds)),
    (b"-07:00:00", offset(false, true, Unit::Seconds)),
    (b"-0700", offset(false, false, Unit::Minutes)),
    (b"-07:00", offset(false, true, Unit::Minutes)),
    (b"-07", offset(false, false, Unit::Hours)),
    (b"Z070000", offset(true, false, Unit::Seconds)),
    (b"Z07:00:00", offset(true, true, Unit::Seconds)),
    (b"Z0700", offset(true, false, Unit::Minutes)),
    (b"Z07:00", offset(true, true, Unit::Minutes)),
    (b"Z07", offset(true, false, Unit::Hours)),
];

/// The first chunk of a layout.
pub(super) struct Found<'l> {
    pub(super) before: &'l [u8],
    pub(super) chunk: Chunk,
    pub(super) after: &'l [u8],
}

pub(super) fn next(layout: &[u8]) -> Option<Found<'_>> {
    (0..layout.len()).find_map(|start| {
        let (before, rest) = layout.split_at(start);
        if rest.starts_with(b"_2006") {
            return None; // a year, behind something that means nothing
        }
        let (length, chunk) = starting(rest).or_else(|| fraction(rest))?;
        let after = &rest[length..];
        Some(Found { before, chunk, after })
    })
}

fn starting(text: &[u8]) -> Option<(usize, Chunk)> {
    let fits = |&&(written, chunk): &&(&[u8], Chunk)| {
        let word = matches!(chunk, Chunk::ShortMonth | Chunk::ShortWeekday);
        let longer = || text.get(written.len()).is_some_and(u8::is_ascii_lowercase);
        text.starts_with(written) && !(word && longer())
    };
    CHUNKS
        .iter()
        .find(fits)
        .map(|(written, chunk)| (written.len(), *chunk))
}

/// A separator and zeros or nines, which no other digit follows.
fn fraction(text: &[u8]) -> Option<(usize, Chunk)> {
    let (&separator @ (b'.' | b','), digits) = text.split_first()? else {
        return None;
    };
    let first = *digits.first().filter(|digit| matches!(digit, b'0' | b'9'))?;
    let count = digits.iter().take_while(|&&digit| digit == first).count();
    if digits.get(count).is_some_and(u8::is_ascii_digit) {
        return None;
    }
    let fraction = Fraction {
        separator,
        digits: count & DIGITS,
        trimmed: first == b'9',
    };
    Some((count + 1, Chunk::Fraction(fraction)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunks(layout: &str) -> Vec<(String, Chunk)> {
        let mut rest = layout.as_bytes();
        let mut all = Vec::new();
        while let Some(found) = next(rest) {
            all.push((String::from_utf8_lossy(found.before).into_owned(), found.chunk));
            rest = found.after;
        }
        all
    }

    #[test]
    fn chunks_are_told_from_text() {
        let owned = |all: &[(&str, Chunk)]| -> Vec<(String, Chunk)> {
            all.iter()
                .map(|(text, chunk)| ((*text).to_owned(), *chunk))
                .collect()
        };
        for (layout, wanted) in [
            ("_2006", owned(&[("_", Chunk::LongYear)])),
            (
                "__2006",
                owned(&[("", Chunk::DayOfYear(Pad::Space)), ("0", Chunk::ShortYear)]),
            ),
            ("Month Janus", vec![]),
            (
                "MonJan",
                owned(&[("", Chunk::ShortWeekday), ("", Chunk::ShortMonth)]),
            ),
            ("07 0x", vec![]),
            (".00a", owned(&[("", fraction(b".00").expect("a fraction").1)])),
            (".09", vec![]),
            (".005", owned(&[(".0", Chunk::Second(Pad::Zero))])),
            ("-07:0", owned(&[("", offset(false, false, Unit::Hours))])),
        ] {
            assert_eq!(chunks(layout), wanted, "{layout}");
        }
    }
}
