//! Layouts that show the binary number.

use std::fmt::Write as _;
use std::iter::repeat_n;

const FRACTION_BITS: u32 = f64::MANTISSA_DIGITS - 1;
/// The exponent of numbers whose exponent bits are 1, seen from the lowest bit of the mantissa.
const LOWEST: i32 = f64::MIN_EXP - f64::MANTISSA_DIGITS.cast_signed();

/// The number is `mantissa × 2^exponent`.
fn parts(size: f64) -> (u64, i32) {
    let bits = size.to_bits();
    let fraction = bits & ((1 << FRACTION_BITS) - 1);
    let exponent = i32::try_from((bits >> FRACTION_BITS) & 0x7ff).unwrap_or(0);
    match exponent {
        0 => (fraction, LOWEST),
        _ => (fraction | 1 << FRACTION_BITS, LOWEST + exponent - 1),
    }
}

/// `%b`
pub(super) fn binary(out: &mut String, size: f64) {
    let (mantissa, exponent) = parts(size);
    // Writing to a String cannot fail.
    let _ = write!(out, "{mantissa}p{exponent:+}");
}

/// `%x`
pub(super) fn hex(out: &mut String, size: f64, precision: Option<usize>) {
    const DIGITS: u32 = FRACTION_BITS / 4;
    let (mut mantissa, mut exponent) = parts(size);
    if mantissa == 0 {
        exponent = 0;
    } else {
        // the leading 1 in front of the point, everything else behind it
        let shift = mantissa.leading_zeros() + FRACTION_BITS - 63;
        mantissa <<= shift;
        exponent += i32::try_from(FRACTION_BITS - shift).unwrap_or(0);
    }
    let places = match precision {
        None => usize::try_from(DIGITS - (mantissa.trailing_zeros() / 4).min(DIGITS)).unwrap_or(0),
        Some(places) => {
            if let Ok(kept) = u32::try_from(places)
                && kept < DIGITS
            {
                mantissa = round(mantissa, (DIGITS - kept) * 4);
            }
            places
        }
    };
    if mantissa >> (FRACTION_BITS + 1) != 0 {
        mantissa >>= 1;
        exponent += 1;
    }
    let _ = write!(out, "0x{}", mantissa >> FRACTION_BITS);
    if places > 0 {
        let fraction = format!("{:013x}", mantissa & ((1 << FRACTION_BITS) - 1));
        let shown = fraction.get(..places).unwrap_or(&fraction);
        out.push('.');
        out.push_str(shown);
        out.extend(repeat_n('0', places - shown.len()));
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    let _ = write!(out, "p{sign}{:02}", exponent.unsigned_abs());
}

/// Clears that many low bits, half to even.
fn round(mantissa: u64, bits: u32) -> u64 {
    let kept = mantissa >> bits;
    let lost = mantissa & ((1 << bits) - 1);
    let half = 1 << (bits - 1);
    let up = lost > half || (lost == half && kept & 1 == 1);
    (kept + u64::from(up)) << bits
}
