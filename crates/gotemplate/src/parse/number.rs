//! Number literals. One literal may become several types: which, the place where it is used decides.

use super::literal::{Unit, unit};
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
        parse_float(text).map_err(|why| {
            let message = Message::new("strconv.ParseFloat: parsing ").quotes(&quote(text.as_bytes()));
            message.says(match why {
                NoFloat::Syntax => ": invalid syntax",
                NoFloat::Range => ": value out of range",
            })
        })
    };
    Ok(of_complex(part(real)?, part(imaginary)?))
}

/// How much of the text Go's scanner takes for a float.
fn float_length(text: &str) -> usize {
    let unsigned = text.trim_start_matches(['+', '-']);
    let is_hex = unsigned.starts_with("0x") || unsigned.starts_with("0X");
    let mut rest = if is_hex { &unsigned[2..] } else { unsigned };
    let digit = |char: char| char == '_' || char.is_digit(if is_hex { 16 } else { 10 });
    rest = rest.trim_start_matches(digit);
    rest = rest.strip_prefix('.').map_or(rest, |rest| rest.trim_start_matches(digit));
    let exponent: &[char] = if is_hex { &['p', 'P'] } else { &['e', 'E', 'p', 'P'] };
    if let Some(power) = rest.strip_prefix(exponent) {
        rest = power.strip_prefix(['+', '-']).unwrap_or(power);
        rest = rest.trim_start_matches(|char: char| char == '_' || char.is_ascii_digit());
    }
    text.len() - rest.len()
}

fn of_complex(real: f64, imaginary: f64) -> Number {
    let number = if imaginary == 0.0 { of_float(real) } else { Number::default() };
    Number {
        complex: Some((real, imaginary)),
        ..number
    }
}

/// A float, and the integers that are the same.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "in range and whole")]
fn of_float(float: f64) -> Number {
    const TWO_63: f64 = 9_223_372_036_854_775_808.0;
    let whole = float.trunc() == float;
    Number {
        int: (whole && (-TWO_63..TWO_63).contains(&float)).then_some(float as i64),
        uint: (whole && (0.0..2.0 * TWO_63).contains(&float)).then_some(float as u64),
        float: Some(float),
        ..Number::default()
    }
}

#[expect(clippy::cast_precision_loss, reason = "as in Go")]
fn number(source: &str) -> Result<Number, Message> {
    if let Some(Ok(imaginary)) = source.strip_suffix('i').map(parse_float) {
        return Ok(of_complex(0.0, imaginary));
    }
    let int = parse_int(source);
    let uint = parse_uint(source).or(if int == Some(0) { Some(0) } else { None });
    if int.is_some() || uint.is_some() {
        let float = int.map(|int| int as f64).or(uint.map(|uint| uint as f64));
        return Ok(Number {
            int,
            uint,
            float,
            ..Number::default()
        });
    }
    let quoted = || quote(source.as_bytes());
    match parse_float(source) {
        Err(_) => Err(Message::new("illegal number syntax: ").quotes(&quoted())),
        Ok(_) if !source.contains(['.', 'e', 'E', 'p', 'P']) => {
            Err(Message::new("integer overflow: ").quotes(&quoted()))
        }
        Ok(float) => Ok(of_float(float)),
    }
}

/// Go's `strconv.ParseInt` with the base taken from the prefix.
fn parse_int(text: &str) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let magnitude = i128::from(parse_uint(digits)?);
    i64::try_from(if negative { -magnitude } else { magnitude }).ok()
}

/// Go's `strconv.ParseUint` with the base taken from the prefix.
fn parse_uint(text: &str) -> Option<u64> {
    let lower = text.to_ascii_lowercase();
    let (radix, digits) = match lower.get(..2) {
        Some("0b") => (2, &lower[2..]),
        Some("0o") => (8, &lower[2..]),
        Some("0x") => (16, &lower[2..]),
        _ if lower.len() > 1 && lower.starts_with('0') => (8, &lower[1..]),
        _ => (10, lower.as_str()),
    };
    if digits.is_empty() || !underscores_fit(&lower) {
        return None;
    }
    digits.chars().filter(|char| *char != '_').try_fold(0u64, |value, char| {
        let digit = char.to_digit(radix)?;
        value.checked_mul(radix.into())?.checked_add(digit.into())
    })
}

/// Whether each underscore stands between digits, or between the prefix and a digit.
fn underscores_fit(lower: &str) -> bool {
    let unsigned = lower.trim_start_matches(['+', '-']);
    let prefixed = ["0b", "0o", "0x"].iter().any(|prefix| unsigned.starts_with(prefix));
    let is_hex = unsigned.starts_with("0x");
    let digits = if prefixed { &unsigned[2..] } else { unsigned };
    let is_digit = |char: char| char.is_ascii_digit() || is_hex && char.is_ascii_hexdigit();
    let mut after_digit = prefixed;
    let mut after_underscore = false;
    for char in digits.chars() {
        if char == '_' && !after_digit || after_underscore && !is_digit(char) {
            return false;
        }
        after_digit = is_digit(char);
        after_underscore = char == '_';
    }
    !after_underscore
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NoFloat {
    Syntax,
    Range,
}

/// Go's `strconv.ParseFloat` for what the lexer takes for a number.
fn parse_float(text: &str) -> Result<f64, NoFloat> {
    let lower = text.to_ascii_lowercase();
    if !underscores_fit(&lower) {
        return Err(NoFloat::Syntax);
    }
    let plain = lower.replace('_', "");
    let (negative, unsigned) = match plain.strip_prefix('-') {
        Some(unsigned) => (true, unsigned),
        None => (false, plain.strip_prefix('+').unwrap_or(&plain)),
    };
    let float = match unsigned.strip_prefix("0x") {
        Some(hex) => hex_float(hex).ok_or(NoFloat::Syntax)?,
        // Rust knows infinities by name; Go's lexer has no such number.
        None if unsigned.starts_with(|char: char| char == '.' || char.is_ascii_digit()) => {
            unsigned.parse().map_err(|_| NoFloat::Syntax)?
        }
        None => return Err(NoFloat::Syntax),
    };
    if float.is_infinite() {
        return Err(NoFloat::Range);
    }
    Ok(if negative { -float } else { float })
}

/// `1.8p3` from behind the `0x`. The exponent is a must.
fn hex_float(text: &str) -> Option<f64> {
    let (mantissa, exponent) = text.split_once('p')?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    if whole.len() + fraction.len() == 0 || digits.is_empty() || digits.contains(['+', '-']) {
        return None;
    }
    // What does not fit is far out of range either way.
    let bound = i64::from(i32::MAX);
    let power = match digits.bytes().all(|digit| digit.is_ascii_digit()) {
        true => digits.parse().unwrap_or(bound).min(bound),
        false => return None,
    };
    let mut exponent = if exponent.starts_with('-') { -power } else { power };
    let mut bits = 0u64;
    let mut inexact = false;
    for (nth, char) in whole.chars().chain(fraction.chars()).enumerate() {
        let digit = u64::from(char.to_digit(16)?);
        let in_fraction = nth >= whole.len();
        if bits >> 60 == 0 {
            bits = bits << 4 | digit;
            exponent -= if in_fraction { 4 } else { 0 };
        } else {
            inexact |= digit != 0;
            exponent += if in_fraction { 0 } else { 4 };
        }
    }
    Some(scale(bits, exponent, inexact))
}

/// `bits * 2^exponent`, rounded half to even. `inexact` says that there was a little more.
#[expect(clippy::cast_precision_loss, reason = "rounded to 53 bits before")]
fn scale(bits: u64, exponent: i64, inexact: bool) -> f64 {
    if bits == 0 {
        return 0.0;
    }
    let shift = i64::from(bits.leading_zeros());
    let bits = u128::from(bits << shift) << 1 | u128::from(inexact);
    let exponent = exponent - shift - 1;
    // 65 bits now. All but 53 go, and more where the result is subnormal.
    let dropped = 12.max(-1074 - exponent);
    if dropped > 66 {
        return 0.0;
    }
    let half = 1u128 << (dropped - 1);
    let (mut kept, rest) = (bits >> dropped, bits & (half * 2 - 1));
    if rest > half || rest == half && kept & 1 == 1 {
        kept += 1;
    }
    match power_of_two(exponent + dropped) {
        Some(power) => kept as f64 * power,
        None => f64::INFINITY,
    }
}

/// `2^exponent`, where that is a number.
fn power_of_two(exponent: i64) -> Option<f64> {
    let bits = match exponent {
        -1074..=-1023 => 1u64 << (exponent + 1074),
        -1022..=1023 => u64::try_from(exponent + 1023).ok()? << 52,
        _ => return None,
    };
    Some(f64::from_bits(bits))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_those_of_go() {
        let cases = [
            ("0", Some(0)),
            ("-0", Some(0)),
            ("017", Some(15)),
            ("0x1F", Some(31)),
            ("0b101", Some(5)),
            ("0O17", Some(15)),
            ("1_000", Some(1000)),
            ("0_7", Some(7)),
            ("0x_1", Some(1)),
            ("1__0", None),
            ("_1", None),
            ("1_", None),
            ("09", None),
            ("0x", None),
            ("+5", Some(5)),
            ("9223372036854775808", None),
            ("-9223372036854775808", Some(i64::MIN)),
        ];
        for (text, expected) in cases {
            assert_eq!(parse_int(text), expected, "{text}");
        }
    }

    #[test]
    fn floats_are_those_of_go() {
        let cases = [
            ("1.5", Ok(1.5)),
            (".5", Ok(0.5)),
            ("1.", Ok(1.0)),
            ("1_000.5", Ok(1000.5)),
            ("0x1p-2", Ok(0.25)),
            ("0x1_0P4", Ok(256.0)),
            ("0x.8p1", Ok(1.0)),
            ("0x1.fffffffffffff8p0", Ok(2.0)),
            ("0x1p-1074", Ok(5e-324)),
            ("0x1p-1075", Ok(0.0)),
            ("0x1.8p-1075", Ok(5e-324)),
            ("0x1.fffffffffffffp1023", Ok(f64::MAX)),
            ("0x1p1024", Err(NoFloat::Range)),
            ("0x1", Err(NoFloat::Syntax)),
            ("0xp1", Err(NoFloat::Syntax)),
            ("1e400", Err(NoFloat::Range)),
            ("1.5e", Err(NoFloat::Syntax)),
            (".", Err(NoFloat::Syntax)),
            ("", Err(NoFloat::Syntax)),
            ("-", Err(NoFloat::Syntax)),
        ];
        for (text, expected) in cases {
            assert_eq!(parse_float(text), expected, "{text}");
        }
    }
}
