//! Floating-point and complex numbers.

use lockstep_gostd::float::{self, Shape};

use super::Printer;
use crate::fault::Outcome;

/// Verbs for both.
pub(super) const VERBS: &str = "vbgGxXfFeE";

/// The precision of verbs that do not print the shortest form.
const PRECISION: usize = 6;

impl Printer<'_> {
    pub(super) fn complex(&mut self, re: f64, im: f64, verb: char) -> Outcome<()> {
        self.push(b"(")?;
        self.float(re, verb)?;
        let plus = std::mem::replace(&mut self.flags.plus, true);
        let done = self.float(im, verb);
        self.flags.plus = plus;
        done?;
        self.push(b"i)")
    }

    pub(super) fn float(&mut self, number: f64, verb: char) -> Outcome<()> {
        let precision = self.precision(verb);
        self.reserve(precision.unwrap_or(0))?;
        let mut text = float::format(number, shape(verb), precision);
        if verb.is_ascii_uppercase() && number.is_finite() {
            text.make_ascii_uppercase();
        }
        let (negative, size) = match text.strip_prefix('-') {
            Some(size) => (true, size),
            None => (false, text.strip_prefix('+').unwrap_or(&text)),
        };
        let sign = if negative { "-" } else { self.flags.positive_sign() };
        if !number.is_finite() {
            // infinity is never without its sign
            let sign = if number.is_infinite() && sign.is_empty() {
                "+"
            } else {
                sign
            };
            return self.pad_with_spaces(format!("{sign}{size}").as_bytes());
        }
        if self.flags.sharp && verb != 'b' {
            let full = with_point(size, verb, precision);
            self.signed(sign, &full)
        } else {
            self.signed(sign, size)
        }
    }

    /// Zeros go between the sign and the number.
    fn signed(&mut self, sign: &str, size: &str) -> Outcome<()> {
        if self.flags.filler() == b'0' {
            self.push(sign.as_bytes())?;
            let missing = self.missing(sign.len() + size.len());
            self.repeat(b'0', missing)?;
            return self.push(size.as_bytes());
        }
        self.pad(format!("{sign}{size}").as_bytes())
    }

    fn precision(&self, verb: char) -> Option<usize> {
        let default = matches!(verb, 'f' | 'F' | 'e' | 'E').then_some(PRECISION);
        self.flags.precision.or(default)
    }
}

fn shape(verb: char) -> Shape {
    match verb {
        'b' => Shape::Binary,
        'x' | 'X' => Shape::Hex,
        'e' | 'E' => Shape::Exponent,
        'f' | 'F' => Shape::Fixed,
        _ => Shape::General,
    }
}

/// What the sharp flag makes of a number: always a point, and the zeros that `%g` leaves out.
fn with_point(number: &str, verb: char, precision: Option<usize>) -> String {
    let exponent: &[char] = if matches!(verb, 'x' | 'X') {
        &['p', 'P']
    } else {
        &['e', 'E']
    };
    let end = number.find(exponent).unwrap_or(number.len());
    let (number, exponent) = number.split_at(end);

    let point = if number.contains('.') { "" } else { "." };
    let zero_counts = usize::from(number == "0");
    let digits = number.chars().filter(|c| *c != '.').skip_while(|c| *c == '0');
    let wanted = match verb {
        'v' | 'g' | 'G' | 'x' => precision.unwrap_or(PRECISION),
        _ => 0,
    };
    let missing = wanted.saturating_sub(digits.count() + zero_counts);
    format!("{number}{point}{}{exponent}", "0".repeat(missing))
}
