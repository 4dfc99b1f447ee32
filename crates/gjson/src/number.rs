//! Numbers as Go's `strconv` reads and prints them.

use std::borrow::Cow;

/// How gjson prints a number: digits as they stand, anything else as the shortest decimal without exponent.
pub(crate) fn text(raw: &[u8]) -> Cow<'_, [u8]> {
    let digits = raw.strip_prefix(b"-").unwrap_or(raw);
    if digits.iter().all(u8::is_ascii_digit) {
        return Cow::Borrowed(raw);
    }
    Cow::Owned(format(parse(raw)).into_bytes())
}

fn format(number: f64) -> String {
    if number.is_infinite() {
        return if number > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    // Among the shortest decimals that read back the same Go takes the closest, and on a tie the even one;
    // Rust takes the larger one on a tie.
    let shortest = format!("{number:e}");
    let decimals = shortest
        .split(['.', 'e'])
        .nth(1)
        .filter(|_| shortest.contains('.'))
        .map_or(0, str::len);
    let even = format!("{number:.decimals$e}");
    if even == shortest || parse(even.as_bytes()).to_bits() != number.to_bits() {
        return number.to_string();
    }
    without_exponent(&even).unwrap_or_else(|| number.to_string())
}

/// Writes a number such as `-1.25e3` in full.
fn without_exponent(number: &str) -> Option<String> {
    let (mantissa, exponent) = number.split_once('e')?;
    let unsigned = mantissa.strip_prefix('-').unwrap_or(mantissa);
    let sign = &mantissa[..mantissa.len() - unsigned.len()];
    let digits = unsigned.replace('.', "");
    let point = exponent.parse::<isize>().ok()? + 1;
    Some(match usize::try_from(point) {
        Ok(point) if point >= digits.len() => format!("{sign}{digits:0<point$}"),
        Ok(point) if point > 0 => format!("{sign}{}.{}", &digits[..point], &digits[point..]),
        _ => format!("{sign}0.{}{digits}", "0".repeat(point.unsigned_abs())),
    })
}

/// Whether a number counts as true; NaN does.
pub(crate) fn nonzero(number: f64) -> bool {
    number.partial_cmp(&0.0) != Some(std::cmp::Ordering::Equal)
}

/// Go's `ParseFloat` with the error ignored: zero for what is no number, infinity for what is too large.
pub(crate) fn parse(raw: &[u8]) -> f64 {
    let Ok(text) = str::from_utf8(raw) else { return 0.0 };
    let (sign, unsigned) = match text.as_bytes() {
        [b'-', ..] => (-1.0, &text[1..]),
        [b'+', ..] => (1.0, &text[1..]),
        _ => (1.0, text),
    };
    let lower = || unsigned.to_ascii_lowercase();
    match unsigned.as_bytes().first() {
        Some(b'i' | b'I') if matches!(lower().as_str(), "inf" | "infinity") => sign * f64::INFINITY,
        Some(b'n' | b'N') if text.eq_ignore_ascii_case("nan") => f64::NAN,
        Some(b'0'..=b'9' | b'.' | b'_') => parse_digits(unsigned).map_or(0.0, |n| sign * n),
        _ => 0.0,
    }
}

fn parse_digits(text: &str) -> Option<f64> {
    let hex = text.len() > 2 && (text.starts_with("0x") || text.starts_with("0X"));
    let joined: Cow<'_, str> = if text.contains('_') {
        underscores_separate_digits(text, hex).then(|| text.replace('_', "").into())?
    } else {
        text.into()
    };
    if hex {
        return parse_hex(&joined[2..]);
    }
    let decimal = |b: u8| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-');
    if !joined.bytes().all(decimal) {
        return None;
    }
    joined.parse().ok()
}

/// Whether each underscore stands between digits, where a base prefix counts as one.
fn underscores_separate_digits(text: &str, hex: bool) -> bool {
    let prefixed = matches!(
        text.as_bytes(),
        [b'0', b'b' | b'B' | b'o' | b'O' | b'x' | b'X', ..]
    );
    let mut last = if prefixed { b'0' } else { b'^' };
    for b in text.bytes().skip(if prefixed { 2 } else { 0 }) {
        let digit = b.is_ascii_digit() || (hex && b.is_ascii_hexdigit());
        if (b == b'_' && last != b'0') || (b != b'_' && !digit && last == b'_') {
            return false;
        }
        last = match b {
            b'_' => b'_',
            _ if digit => b'0',
            _ => b'!',
        };
    }
    last != b'_'
}

/// `H.HHHpEEE`, the part behind `0x`. The exponent is required.
fn parse_hex(text: &str) -> Option<f64> {
    let (digits, exponent) = text.split_once(['p', 'P'])?;
    let unsigned = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    if unsigned.is_empty() || !unsigned.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    // Beyond this the result is zero or infinity whatever the digits, of which there are not that many.
    let size = unsigned.parse::<i64>().unwrap_or(i64::MAX).min(1 << 40);
    let mut power = if exponent.starts_with('-') { -size } else { size };

    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let mut mantissa = 0_u64;
    for (c, in_fraction) in whole
        .chars()
        .map(|c| (c, false))
        .chain(fraction.chars().map(|c| (c, true)))
    {
        let digit = u64::from(c.to_digit(16)?);
        if mantissa >> 56 == 0 {
            mantissa = (mantissa << 4) | digit;
            power -= if in_fraction { 4 } else { 0 };
        } else {
            // Digits that no longer fit only say whether something was there.
            mantissa |= u64::from(digit != 0);
            power += if in_fraction { 0 } else { 4 };
        }
    }
    Some(scale(mantissa, power))
}

/// `mantissa * 2^power`, rounded half to even; the lowest bit of a large mantissa may stand for lost digits.
fn scale(mut mantissa: u64, mut power: i64) -> f64 {
    const LOWEST: i64 = -1074; // the power of the smallest number above zero
    if mantissa == 0 {
        return 0.0;
    }
    // 53 bits of precision, one bit for the half and one for everything below.
    let excess = 9 - i64::from(mantissa.leading_zeros());
    let drop = excess.max(LOWEST - 2 - power);
    if drop >= 64 {
        return 0.0;
    }
    if drop > 0 {
        let lost = mantissa & ((1 << drop) - 1) != 0;
        mantissa = (mantissa >> drop) | u64::from(lost);
    } else {
        mantissa <<= -drop;
    }
    power += drop + 2;
    let (half, odd) = (mantissa & 3, (mantissa >> 2) & 1);
    mantissa = (mantissa >> 2) + u64::from(half == 3 || (half == 2 && odd == 1));
    if power > 1023 {
        return f64::INFINITY;
    }
    // Both factors and the product are exact, so that nothing is rounded twice.
    #[expect(clippy::cast_precision_loss, reason = "at most 2^53")]
    let number = mantissa as f64;
    let step = |p: i64| f64::from_bits(u64::try_from(p + 1023).unwrap_or(0) << 52);
    if power >= -1022 {
        number * step(power)
    } else {
        number * step(-1022) * step(power + 1022)
    }
}

/// gjson's `Int()` of a number: the float where integers are exact, else the digits as they stand.
pub(crate) fn integer(raw: &[u8]) -> i64 {
    const EXACT: f64 = 9_007_199_254_740_991.0;
    let number = parse(raw);
    if (-EXACT..=EXACT).contains(&number) {
        return truncate(number);
    }
    digits(raw).unwrap_or_else(|| truncate(number))
}

/// An integer of digits only, wrapping around as in Go.
pub(crate) fn digits(raw: &[u8]) -> Option<i64> {
    let unsigned = raw.strip_prefix(b"-").unwrap_or(raw);
    if unsigned.is_empty() || !unsigned.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let n = unsigned
        .iter()
        .fold(0_i64, |n, b| n.wrapping_mul(10).wrapping_add(i64::from(b - b'0')));
    Some(if raw.len() > unsigned.len() {
        n.wrapping_neg()
    } else {
        n
    })
}

/// The whole part of a number. Go leaves it to the processor what too large a one becomes; on amd64 it is the
/// smallest integer.
#[expect(clippy::cast_possible_truncation, reason = "this is what truncation is for")]
fn truncate(number: f64) -> i64 {
    const END: f64 = 9_223_372_036_854_775_808.0;
    if (-END..END).contains(&number) {
        number as i64
    } else {
        i64::MIN
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_as_gjson() {
        for (raw, want) in [
            ("1", "1"),
            ("-0", "-0"),
            ("-0.0", "-0"),
            ("007", "007"),
            ("-", "-"),
            ("12345678901234567890", "12345678901234567890"),
            ("1.50", "1.5"),
            ("1e6", "1000000"),
            ("1e21", "1000000000000000000000"),
            ("1e-7", "0.0000001"),
            (
                "123456789012345678901234567890.5",
                "123456789012345680000000000000",
            ),
            ("1844674407370955.25", "1844674407370955.2"),
            ("1844674407370955.75", "1844674407370955.8"),
            ("-1844674407370955.25", "-1844674407370955.2"),
            ("1e400", "+Inf"),
            ("-1e400", "-Inf"),
            ("NaN", "NaN"),
            ("nope", "0"),
            ("5x", "0"),
            ("-5x", "0"),
            ("+1", "1"),
        ] {
            assert_eq!(text(raw.as_bytes()), want.as_bytes(), "{raw}");
        }
    }

    #[test]
    fn exponents_are_written_out() {
        for (number, want) in [
            ("1.25e3", "1250"),
            ("-1.25e1", "-12.5"),
            ("1.25e-3", "0.00125"),
            ("5e0", "5"),
            ("-5e-1", "-0.5"),
        ] {
            assert_eq!(without_exponent(number).as_deref(), Some(want));
        }
    }

    #[test]
    fn reads_as_go() {
        for (raw, want) in [
            ("1_000", 1000.0),
            ("1__000", 0.0),
            ("_1", 0.0),
            ("0x1p4", 16.0),
            ("0x_1.8p1", 3.0),
            ("0x1F", 0.0),
            ("0xp1", 0.0),
            ("0x1p-1074", 5e-324),
            ("0x1p-1075", 0.0),
            ("0x1.8p-1075", 5e-324),
            ("0x1.fffffffffffff8p1023", f64::INFINITY),
            ("0x1.fffffffffffff7p1023", f64::MAX),
            ("-infinity", f64::NEG_INFINITY),
            ("infinit", 0.0),
            ("1.", 1.0),
            (".5", 0.5),
            (".", 0.0),
            ("1e", 0.0),
            ("+nan", 0.0),
        ] {
            assert_eq!(parse(raw.as_bytes()).to_bits(), f64::to_bits(want), "{raw}");
        }
        assert!(parse(b"nAn").is_nan());
    }
}
