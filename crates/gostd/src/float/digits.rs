//! A number in decimal digits, and the layouts made of them.

use std::fmt::Write as _;
use std::iter::repeat_n;

/// The number `0.d₁d₂d₃… × 10^point`, without zeros at the end. Zero has no digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digits {
    pub digits: String,
    pub point: i32,
}

impl Digits {
    /// The fewest digits that read back the same number; of those the closest, and on a tie the even one. For numbers
    /// that are finite and not negative.
    pub fn shortest(size: f64) -> Self {
        let shortest = Self::read(&format!("{size:e}"));
        // On a tie the standard library takes the larger one.
        let even = Self::rounded(size, shortest.digits.len());
        if even != shortest && even.reads_back_as(size) {
            even
        } else {
            shortest
        }
    }

    /// That many digits, rounded half to even from the exact value, without zeros at the end.
    pub(super) fn rounded(size: f64, digits: usize) -> Self {
        /// No number has more. (And the standard library takes no more than 65535.)
        const ALL: usize = 767;
        let places = digits.clamp(1, ALL) - 1;
        Self::read(&format!("{size:.places$e}"))
    }

    /// Reads what the standard library prints, such as `1.25e-7`.
    fn read(text: &str) -> Self {
        let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
        let mut digits = mantissa.replace('.', "");
        digits.truncate(digits.trim_end_matches('0').len());
        if digits.is_empty() {
            return Self { digits, point: 0 };
        }
        let exponent: i32 = exponent.parse().unwrap_or(0);
        Self {
            digits,
            point: exponent + 1,
        }
    }

    fn reads_back_as(&self, size: f64) -> bool {
        let text = format!("0.{}e{}", self.digits, self.point);
        text.parse() == Ok(size)
    }

    fn len(&self) -> i32 {
        i32::try_from(self.digits.len()).unwrap_or(i32::MAX)
    }

    /// `%e`
    pub(super) fn exponent(&self, out: &mut String, places: Option<usize>) {
        let (first, rest) = self.digits.split_at_checked(1).unwrap_or(("0", ""));
        let places = places.unwrap_or(rest.len());
        out.push_str(first);
        fraction(out, rest, places);
        let exponent = if self.digits.is_empty() { 0 } else { self.point - 1 };
        let sign = if exponent < 0 { '-' } else { '+' };
        // Writing to a String cannot fail.
        let _ = write!(out, "e{sign}{:02}", exponent.unsigned_abs());
    }

    /// `%f`. To be given a precision only for digits that have been rounded to it.
    pub(super) fn fixed(&self, out: &mut String, places: Option<usize>) {
        let before = usize::try_from(self.point).unwrap_or(0);
        let zeros = usize::try_from(self.point.saturating_neg()).unwrap_or(0);
        let (whole, rest) = self.digits.split_at_checked(before).unwrap_or((&self.digits, ""));
        out.push_str(whole);
        out.extend(repeat_n(
            '0',
            (before - whole.len()).max(usize::from(before == 0)),
        ));
        let zeros = if rest.is_empty() { 0 } else { zeros };
        let rest = format!("{}{rest}", "0".repeat(zeros));
        fraction(out, &rest, places.unwrap_or(rest.len()));
    }

    /// `%g`. Zeros behind the last digit are not printed.
    pub(super) fn general(&self, out: &mut String, digits: Option<usize>) {
        /// For the shortest digits their count says nothing: from here on zeros before the point are too many.
        const LARGE: i32 = 6;
        let len = self.len();
        let wanted = digits.map_or(len, |digits| i32::try_from(digits).unwrap_or(i32::MAX));
        let limit = match digits {
            None => LARGE,
            Some(_) if wanted > len && len >= self.point => len,
            Some(_) => wanted,
        };
        let exponent = self.point - 1;
        if exponent < -4 || exponent >= limit {
            let places = wanted.min(len).saturating_sub(1);
            self.exponent(out, Some(usize::try_from(places).unwrap_or(0)));
        } else {
            let wanted = if wanted > self.point { len } else { wanted };
            let places = usize::try_from(wanted - self.point).unwrap_or(0);
            self.fixed(out, Some(places));
        }
    }
}

/// The point and what is behind it, in exactly so many digits.
fn fraction(out: &mut String, digits: &str, places: usize) {
    if places == 0 {
        return;
    }
    let digits = digits.get(..places).unwrap_or(digits);
    out.push('.');
    out.push_str(digits);
    out.extend(repeat_n('0', places - digits.len()));
}
