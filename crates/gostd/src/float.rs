//! Floating-point numbers as Go's `strconv` prints and reads them.

use std::fmt::Write as _;

pub use digits::Digits;
pub use parse::{ParseFloatError, parse};

mod binary;
mod digits;
mod parse;

/// How a number is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// `%e`: `-1.25e+03`
    Exponent,
    /// `%f`: `-1250`
    Fixed,
    /// `%g`: with an exponent if that is much shorter
    General,
    /// `%x`: `-0x1.388p+10`
    Hex,
    /// `%b`: `-5497558138880000p-42`
    Binary,
}

/// Prints a number. Without a precision it gets the fewest digits that read back the same.
///
/// The precision counts the digits behind the point, for [`Shape::General`] all significant ones;
/// [`Shape::Binary`] has none.
pub fn format(number: f64, shape: Shape, precision: Option<usize>) -> String {
    if number.is_nan() {
        return "NaN".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let mut out = String::new();
    if number.is_sign_negative() {
        out.push('-');
    }
    let size = number.abs();
    match (shape, precision) {
        (Shape::Hex, _) => binary::hex(&mut out, size, precision),
        (Shape::Binary, _) => binary::binary(&mut out, size),
        (Shape::Exponent, None) => Digits::shortest(size).exponent(&mut out, None),
        (Shape::Exponent, Some(places)) => {
            Digits::rounded(size, places.saturating_add(1)).exponent(&mut out, Some(places));
        }
        (Shape::Fixed, None) => Digits::shortest(size).fixed(&mut out, None),
        (Shape::Fixed, Some(places)) => fixed(&mut out, size, places),
        (Shape::General, None) => Digits::shortest(size).general(&mut out, None),
        (Shape::General, Some(digits)) => {
            let digits = digits.max(1);
            Digits::rounded(size, digits).general(&mut out, Some(digits));
        }
    }
    out
}

/// The shortest form of `%g`, which is also what `%v` prints.
pub fn text(number: f64) -> String {
    format(number, Shape::General, None)
}

fn fixed(out: &mut String, size: f64, places: usize) {
    /// No number has more digits behind the point. (And the standard library takes no more than 65535.)
    const ALL: usize = 1074;
    let exact = places.min(ALL);
    // Writing to a String cannot fail.
    let _ = write!(out, "{size:.exact$}");
    out.extend(std::iter::repeat_n('0', places - exact));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shortest_forms_are_gos() {
        for (number, general, exponent, fixed) in [
            (0.0, "0", "0e+00", "0"),
            (-0.0, "-0", "-0e+00", "-0"),
            (1.0, "1", "1e+00", "1"),
            (100_000.0, "100000", "1e+05", "100000"),
            (1e6, "1e+06", "1e+06", "1000000"),
            (123_456_789.0, "1.23456789e+08", "1.23456789e+08", "123456789"),
            (1e-4, "0.0001", "1e-04", "0.0001"),
            (1e-5, "1e-05", "1e-05", "0.00001"),
            (1.5e100, "1.5e+100", "1.5e+100", &format!("15{}", "0".repeat(99))),
            (5e-324, "5e-324", "5e-324", &format!("0.{}5", "0".repeat(323))),
            // ties: the even digit, where Rust takes the larger one
            (
                2f64.powi(-44),
                "5.684341886080802e-14",
                "5.684341886080802e-14",
                "0.00000000000005684341886080802",
            ),
        ] {
            assert_eq!(super::text(number), general);
            assert_eq!(format(number, Shape::Exponent, None), exponent);
            assert_eq!(format(number, Shape::Fixed, None), fixed);
        }
    }

    #[test]
    fn a_precision_rounds_the_exact_value_half_to_even() {
        for (number, shape, precision, expected) in [
            (2.5, Shape::Fixed, 0, "2"),
            (3.5, Shape::Fixed, 0, "4"),
            (0.5, Shape::Fixed, 0, "0"),
            (0.125, Shape::Fixed, 2, "0.12"),
            (1.005, Shape::Fixed, 2, "1.00"),
            (0.0, Shape::Exponent, 3, "0.000e+00"),
            (999_999.5, Shape::Exponent, 5, "1.00000e+06"),
            (123_456.0, Shape::General, 3, "1.23e+05"),
            (123_456.0, Shape::General, 0, "1e+05"),
            (100.0, Shape::General, 3, "100"),
            (0.0, Shape::General, 5, "0"),
            (1.0, Shape::Hex, 0, "0x1p+00"),
            (1.5, Shape::Hex, 0, "0x1p+01"),
            (1.999, Shape::Hex, 1, "0x1.0p+01"),
            (-1250.0, Shape::Hex, 3, "-0x1.388p+10"),
        ] {
            assert_eq!(
                format(number, shape, Some(precision)),
                expected,
                "{number} {shape:?}"
            );
        }
    }

    #[test]
    fn a_precision_may_be_beyond_all_digits() {
        assert_eq!(format(0.5, Shape::Fixed, Some(100_000)).len(), 100_002);
        assert_eq!(format(0.5, Shape::Exponent, Some(100_000)).len(), 100_006);
        assert_eq!(format(0.5, Shape::General, Some(100_000)), "0.5");
        assert_eq!(format(0.5, Shape::Hex, Some(100_000)).len(), 100_008);
    }

    #[test]
    fn numbers_that_are_none() {
        assert_eq!(super::text(f64::NAN), "NaN");
        assert_eq!(format(f64::INFINITY, Shape::Hex, Some(3)), "+Inf");
        assert_eq!(super::text(f64::NEG_INFINITY), "-Inf");
    }

    #[test]
    fn binary_forms() {
        assert_eq!(format(1.0, Shape::Binary, None), "4503599627370496p-52");
        assert_eq!(format(-1250.0, Shape::Binary, Some(2)), "-5497558138880000p-42");
        assert_eq!(format(0.0, Shape::Binary, None), "0p-1074");
        assert_eq!(format(0.0, Shape::Hex, None), "0x0p+00");
        assert_eq!(format(5e-324, Shape::Hex, None), "0x1p-1074");
        assert_eq!(format(f64::MAX, Shape::Hex, None), "0x1.fffffffffffffp+1023");
    }
}
