//! Reading.

use crate::integer::underscores_separate_digits;

/// Why a text is no number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseFloatError {
    #[error("invalid syntax")]
    Syntax,
    /// It is infinite or too large.
    #[error("value out of range")]
    Range,
}

/// Go's `ParseFloat`: decimal and hexadecimal numbers with underscores between digits, `inf`, `infinity` and `nan`
/// in any case.
pub fn parse(text: &[u8]) -> Result<f64, ParseFloatError> {
    let text = str::from_utf8(text).map_err(|_| ParseFloatError::Syntax)?;
    let (negative, unsigned) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    if text.eq_ignore_ascii_case("nan") {
        return Ok(f64::NAN);
    }
    let size = if unsigned.eq_ignore_ascii_case("inf") || unsigned.eq_ignore_ascii_case("infinity") {
        f64::INFINITY
    } else {
        parse_digits(unsigned)?
    };
    Ok(if negative { -size } else { size })
}

fn parse_digits(text: &str) -> Result<f64, ParseFloatError> {
    if text.contains('_') && !underscores_separate_digits(text.as_bytes()) {
        return Err(ParseFloatError::Syntax);
    }
    let digits = text.replace('_', "");
    let size = match digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        Some(hex) => parse_hex(hex).ok_or(ParseFloatError::Syntax)?,
        None => parse_decimal(&digits).ok_or(ParseFloatError::Syntax)?,
    };
    if size.is_infinite() {
        return Err(ParseFloatError::Range);
    }
    Ok(size)
}

fn parse_decimal(text: &str) -> Option<f64> {
    // The standard library also takes words and a second sign.
    let starts = text.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    let decimal = |b: u8| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-');
    (starts && text.bytes().all(decimal)).then_some(())?;
    text.parse().ok()
}

/// What is behind `0x`: digits and an exponent.
fn parse_hex(text: &str) -> Option<f64> {
    let (digits, exponent) = text.split_once(['p', 'P'])?;
    let mut power = parse_exponent(exponent)?;
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let mut mantissa = 0_u64;
    let places = whole
        .chars()
        .map(|c| (c, 0))
        .chain(fraction.chars().map(|c| (c, 4)));
    for (c, behind_point) in places {
        let digit = u64::from(c.to_digit(16)?);
        if mantissa >> 60 == 0 {
            mantissa = (mantissa << 4) | digit;
            power -= behind_point;
        } else {
            // Of digits that no longer fit only matters whether there are any.
            mantissa |= u64::from(digit != 0);
            power += 4 - behind_point;
        }
    }
    Some(scale(mantissa, power))
}

fn parse_exponent(text: &str) -> Option<i64> {
    /// Beyond this the result is zero or infinite. As in Go, however many digits there are before it.
    const ENOUGH: i64 = 10_000;
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() {
        return None;
    }
    let mut size = 0;
    for b in digits.bytes() {
        let digit = b.is_ascii_digit().then(|| i64::from(b - b'0'))?;
        if size < ENOUGH {
            size = size * 10 + digit;
        }
    }
    Some(if text.starts_with('-') { -size } else { size })
}

/// `mantissa × 2^power`, half to even. The lowest bit of a mantissa with more than 60 may stand for lost ones.
fn scale(mantissa: u64, power: i64) -> f64 {
    const LOWEST: i64 = -1074;
    const HIGHEST: i64 = 1024;
    if mantissa == 0 {
        return 0.0;
    }
    let bits = 64 - i64::from(mantissa.leading_zeros());
    if power + bits > HIGHEST {
        return f64::INFINITY;
    }
    // what is below the 53 bits of a number, or below the smallest number
    let lost = (bits - 53).max(LOWEST - power);
    if lost > 64 {
        return 0.0;
    }
    let kept = if lost <= 0 {
        u128::from(mantissa) << -lost
    } else {
        round(mantissa.into(), lost)
    };
    exactly(kept, power + lost)
}

/// Drops that many bits.
fn round(mantissa: u128, bits: i64) -> u128 {
    let kept = mantissa >> bits;
    let lost = mantissa - (kept << bits);
    let half = 1 << (bits - 1);
    kept + u128::from(lost > half || (lost == half && kept & 1 == 1))
}

/// For a mantissa of 54 bits at most, and a power that is not below the smallest number's.
#[expect(
    clippy::cast_precision_loss,
    reason = "53 bits fit, and the 54th comes with zeros"
)]
fn exactly(mantissa: u128, power: i64) -> f64 {
    let power = i32::try_from(power).unwrap_or(0);
    // in two steps, for one factor alone may be too large or too small for a number
    let half = power / 2;
    mantissa as f64 * 2f64.powi(half) * 2f64.powi(power - half)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_go_reads() {
        for (text, expected) in [
            ("0", 0.0),
            ("-0", 0.0),
            ("+1.5", 1.5),
            (".5", 0.5),
            ("5.", 5.0),
            ("1e3", 1000.0),
            ("1E+3", 1000.0),
            ("1_0.5", 10.5),
            ("1e1_0", 1e10),
            ("1e-99999999999999999999", 0.0),
            ("0e99999999999999999999", 0.0),
            ("0x1p-2", 0.25),
            ("0X1.8P1", 3.0),
            ("0x_1p0", 1.0),
            ("0x.8p0", 0.5),
            ("-0x1.fffffffffffffp1023", -f64::MAX),
            ("0x1p-1074", 5e-324),
            ("0x1p-1075", 0.0),
            ("0x1.8p-1075", 5e-324),
            ("0x1.00000000000008p0", 1.0),
            ("0x1.000000000000080000000000001p0", 1.0 + f64::EPSILON),
            ("0x0p99999", 0.0),
            ("inf", f64::INFINITY),
            ("-InFinity", f64::NEG_INFINITY),
        ] {
            assert_eq!(parse(text.as_bytes()), Ok(expected), "{text}");
        }
        assert!(parse(b"nAn").is_ok_and(f64::is_nan));
    }

    #[test]
    fn what_go_does_not_read() {
        for text in [
            "", " 1", "1 ", "+", ".", "e1", "1e", "1e+", "--1", "+nan", "infin", "1__0", "_1", "1_", "1_.5",
            "0x1", "0x", "0xp1", "0x.p1", "1p1", "0x1p", "0x1p1_", "0x+1p1", "+-1", "1.2.3", "1f", "１",
        ] {
            assert_eq!(parse(text.as_bytes()), Err(ParseFloatError::Syntax), "{text}");
        }
        for text in [
            "1e309",
            "-1e309",
            "0x1p1024",
            "0x1.fffffffffffff8p1023",
            "1e99999999999999999999",
        ] {
            assert_eq!(parse(text.as_bytes()), Err(ParseFloatError::Range), "{text}");
        }
        assert_eq!(parse(b"\xff"), Err(ParseFloatError::Syntax));
    }
}
