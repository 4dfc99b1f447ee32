//! Number literals. One literal may become several types: which, the place where it is used decides.

use lockstep_gostd::float::parse as parse_float;
use lockstep_gostd::integer::{Base, parse as parse_int, parse_u64};
use lockstep_gostd::unquote::{Unit, unit};

use super::tree::Number;
use super::{Parsed, Parser};
use crate::lex::{Kind, Token};
use crate::message::Message;
use crate::unicode::quote;

impl Parser<'_> {
    pub(super) fn number(&self, token: &Token) -> Parsed<Number> {
        let source = String::from_utf8_lossy(self.text_of(token));
        let number = match token.kind {
            Kind::Rune => rune(&source),
            Kind::Complex => complex(&source),
            _ => number(&source),
        };
        let number = number.map_err(|message| self.error(message))?;
        Ok(Number {
            source: source.into(),
            ..number
        })
    }
}

/// `'a'`
fn rune(source: &str) -> Result<Number, Message> {
    let (unit, length) = unit(&source.as_bytes()[1..], b'\'').ok_or("invalid syntax")?;
    if &source[1 + length..] != "'" {
        return Err(Message::new("malformed character constant: ").quotes(source));
    }
    let code = match unit {
        Unit::Byte(byte) => byte.into(),
        Unit::Char(char) => u32::from(char),
    };
    Ok(Number {
        int: Some(code.into()),
        uint: Some(code.into()),
        float: Some(code.into()),
        ..Number::default()
    })
}

/// `1+2i`
fn complex(source: &str) -> Result<Number, Message> {
    let syntax = || Message::new("syntax error scanning complex number");
    let (real, rest) = source.split_at(float_length(source));
    let sign = usize::from(rest.starts_with(['+', '-']));
    let (imaginary, rest) = rest.split_at(sign + float_length(&rest[sign..]));
    if sign == 0 || imaginary.len() == sign || rest != "i" {
        return Err(syntax());
    }
    let part = |text: &str| {
        parse_float(text.as_bytes()).map_err(|why| {
            let message = Message::new("strconv.ParseFloat: parsing ").quotes(&quote(text.as_bytes()));
            message.says(&format!(": {why}"))
        })
    };
    Ok(of_complex(part(real)?, part(imaginary)?))
}

/// How much of the text Go's scanner takes for a float.
fn float_length(text: &str) -> usize {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let is_hex = unsigned.starts_with("0x") || unsigned.starts_with("0X");
    let mut rest = if is_hex { &unsigned[2..] } else { unsigned };
    let digit = |char: char| char == '_' || char.is_digit(if is_hex { 16 } else { 10 });
    rest = rest.trim_start_matches(digit);
    rest = rest
        .strip_prefix('.')
        .map_or(rest, |rest| rest.trim_start_matches(digit));
    let exponent: &[char] = if is_hex {
        &['p', 'P']
    } else {
        &['e', 'E', 'p', 'P']
    };
    if let Some(power) = rest.strip_prefix(exponent) {
        rest = power.strip_prefix(['+', '-']).unwrap_or(power);
        rest = rest.trim_start_matches(|char: char| char == '_' || char.is_ascii_digit());
    }
    text.len() - rest.len()
}

fn of_complex(real: f64, imaginary: f64) -> Number {
    let number = if imaginary == 0.0 {
        of_float(real)
    } else {
        Number::default()
    };
    Number {
        complex: Some((real, imaginary)),
        ..number
    }
}

/// A float, and the integers that are the same.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "in range and whole"
)]
fn of_float(float: f64) -> Number {
    const TWO_63: f64 = 9_223_372_036_854_775_808.0;
    let whole = float.fract() == 0.0;
    Number {
        int: (whole && (-TWO_63..TWO_63).contains(&float)).then_some(float as i64),
        uint: (whole && (0.0..2.0 * TWO_63).contains(&float)).then_some(float as u64),
        float: Some(float),
        ..Number::default()
    }
}

#[expect(clippy::cast_precision_loss, reason = "as in Go")]
fn number(source: &str) -> Result<Number, Message> {
    let digits = source.as_bytes();
    if let Some(Ok(imaginary)) = digits.strip_suffix(b"i").map(parse_float) {
        return Ok(of_complex(0.0, imaginary));
    }
    let int = parse_int(digits, Base::Prefixed).ok();
    let uint = parse_u64(digits, Base::Prefixed).or(if int == Some(0) { Some(0) } else { None });
    if int.is_some() || uint.is_some() {
        let float = int.map(|int| int as f64).or(uint.map(|uint| uint as f64));
        return Ok(Number {
            int,
            uint,
            float,
            ..Number::default()
        });
    }
    let quoted = || quote(digits);
    match parse_float(digits) {
        Err(_) => Err(Message::new("illegal number syntax: ").quotes(&quoted())),
        Ok(_) if !source.contains(['.', 'e', 'E', 'p', 'P']) => {
            Err(Message::new("integer overflow: ").quotes(&quoted()))
        }
        Ok(float) => Ok(of_float(float)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_literal_is_many_types() {
        let of = |source| number(source).map(|it| (it.int, it.uint, it.float, it.complex));
        let cases = [
            ("1", (Some(1), Some(1), Some(1.0), None)),
            ("-0", (Some(0), Some(0), Some(0.0), None)),
            ("+5", (Some(5), None, Some(5.0), None)),
            ("-1", (Some(-1), None, Some(-1.0), None)),
            ("1e3", (Some(1000), Some(1000), Some(1000.0), None)),
            ("1.5", (None, None, Some(1.5), None)),
            ("0x1p-2", (None, None, Some(0.25), None)),
            (
                "18446744073709551615",
                (None, Some(u64::MAX), Some(18_446_744_073_709_551_615.0), None),
            ),
            (
                "9223372036854775808.0",
                (None, Some(1 << 63), Some(9_223_372_036_854_775_808.0), None),
            ),
            ("1e19", (None, Some(10_000_000_000_000_000_000), Some(1e19), None)),
            ("1e20", (None, None, Some(1e20), None)),
            ("2i", (None, None, None, Some((0.0, 2.0)))),
            ("0i", (Some(0), Some(0), Some(0.0), Some((0.0, 0.0)))),
        ];
        for (source, expected) in cases {
            assert_eq!(of(source), Ok(expected), "{source}");
        }
    }

    #[test]
    fn complex_numbers_are_scanned_as_in_go() {
        for (source, expected) in [
            ("2+3i", Some((2.0, 3.0))),
            ("1e3-2.5i", Some((1000.0, -2.5))),
            ("0x1p1+1_0i", Some((2.0, 10.0))),
            ("1+i", None),
            ("1i+2i", None),
            ("-+2i", None),
            ("0x1+2i", None),
            ("1e400+1i", None),
        ] {
            assert_eq!(
                complex(source).ok().and_then(|it| it.complex),
                expected,
                "{source}"
            );
        }
    }
}
