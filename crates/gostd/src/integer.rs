//! Integers as Go's `strconv` reads them.

/// What is wrong with a text, and what Go hands out all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseIntError {
    #[error("invalid syntax")]
    Syntax,
    /// With the closest number there is.
    #[error("value out of range")]
    Range(i64),
}

/// Which digits a text may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Base {
    /// The prefix tells: `0b`, `0o` or `0`, `0x`. Underscores may separate digits.
    Prefixed,
    /// 2 to 36
    Of(u32),
}

/// Go's `ParseInt` for 64 bits.
pub fn parse(text: &[u8], base: Base) -> Result<i64, ParseIntError> {
    let (negative, unsigned) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    let size = match parse_unsigned(unsigned, base) {
        Ok(size) => size,
        Err(Wrong::Syntax) => return Err(ParseIntError::Syntax),
        Err(Wrong::TooLarge) => u64::MAX,
    };
    if negative {
        let negated = 0_i64.checked_sub_unsigned(size);
        negated.ok_or(ParseIntError::Range(i64::MIN))
    } else {
        i64::try_from(size).map_err(|_| ParseIntError::Range(i64::MAX))
    }
}

/// Go's `ParseUint` for 64 bits, for where it does not matter what is wrong.
pub fn parse_u64(text: &[u8], base: Base) -> Option<u64> {
    parse_unsigned(text, base).ok()
}

enum Wrong {
    Syntax,
    TooLarge,
}

/// Fails at the first digit that is too much, so that nobody sees what is wrong behind it.
fn parse_unsigned(text: &[u8], base: Base) -> Result<u64, Wrong> {
    let (radix, digits, underscores) = match base {
        Base::Of(radix) => (radix, text, false),
        Base::Prefixed => {
            let (radix, digits) = split_prefix(text);
            (radix, digits, true)
        }
    };
    if text.is_empty() {
        return Err(Wrong::Syntax);
    }
    let mut size = 0_u64;
    for &b in digits {
        if underscores && b == b'_' {
            continue;
        }
        let digit = char::from(b).to_digit(radix).ok_or(Wrong::Syntax)?;
        size = size
            .checked_mul(radix.into())
            .and_then(|size| size.checked_add(digit.into()))
            .ok_or(Wrong::TooLarge)?;
    }
    if digits.contains(&b'_') && !underscores_separate_digits(text) {
        return Err(Wrong::Syntax);
    }
    Ok(size)
}

fn split_prefix(text: &[u8]) -> (u32, &[u8]) {
    match text {
        [b'0', b'b' | b'B', digits @ ..] if !digits.is_empty() => (2, digits),
        [b'0', b'o' | b'O', digits @ ..] if !digits.is_empty() => (8, digits),
        [b'0', b'x' | b'X', digits @ ..] if !digits.is_empty() => (16, digits),
        [b'0', digits @ ..] => (8, digits),
        _ => (10, text),
    }
}

/// Whether each underscore of a number without sign stands between two digits, where a base prefix counts as one.
pub(crate) fn underscores_separate_digits(text: &[u8]) -> bool {
    let (hex, digits) = match text {
        [b'0', b'x' | b'X', digits @ ..] => (true, digits),
        [b'0', b'b' | b'B' | b'o' | b'O', digits @ ..] => (false, digits),
        _ => (false, text),
    };
    let is_digit = |b: &u8| b.is_ascii_digit() || (hex && b.is_ascii_hexdigit());
    let mut before_is_digit = digits.len() < text.len();
    for (nth, b) in digits.iter().enumerate() {
        if *b == b'_' && !(before_is_digit && digits.get(nth + 1).is_some_and(is_digit)) {
            return false;
        }
        before_is_digit = is_digit(b);
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_choose_the_base() {
        for (text, expected) in [
            ("42", Ok(42)),
            ("-42", Ok(-42)),
            ("+0x1F", Ok(31)),
            ("0755", Ok(493)),
            ("0o17", Ok(15)),
            ("-0B101", Ok(-5)),
            ("000", Ok(0)),
            ("1_000", Ok(1000)),
            ("0_7", Ok(7)),
            ("0x_f", Ok(15)),
            ("9223372036854775808", Err(ParseIntError::Range(i64::MAX))),
            ("-9223372036854775808", Ok(i64::MIN)),
            ("-99999999999999999999999", Err(ParseIntError::Range(i64::MIN))),
            ("08", Err(ParseIntError::Syntax)),
            ("0x", Err(ParseIntError::Syntax)),
            ("1__0", Err(ParseIntError::Syntax)),
            ("1_", Err(ParseIntError::Syntax)),
            ("_1", Err(ParseIntError::Syntax)),
            ("", Err(ParseIntError::Syntax)),
            ("-", Err(ParseIntError::Syntax)),
            ("--1", Err(ParseIntError::Syntax)),
            ("99999999999999999999x", Err(ParseIntError::Range(i64::MAX))),
        ] {
            assert_eq!(parse(text.as_bytes(), Base::Prefixed), expected, "{text}");
        }
    }

    #[test]
    fn a_given_base_has_neither_prefix_nor_underscores() {
        assert_eq!(parse(b"0755", Base::Of(10)), Ok(755));
        assert_eq!(parse(b"777", Base::Of(8)), Ok(511));
        assert_eq!(parse(b"8", Base::Of(8)), Err(ParseIntError::Syntax));
        assert_eq!(parse(b"0x1", Base::Of(16)), Err(ParseIntError::Syntax));
        assert_eq!(parse(b"1_0", Base::Of(10)), Err(ParseIntError::Syntax));
    }
}
