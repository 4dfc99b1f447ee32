//! DER, as far as keys and certificates need it.
//!
//! Reading follows Go: lengths and integers have to be in their shortest form, while what follows the known fields
//! of a sequence is nobody's business.

use zeroize::Zeroizing;

use crate::fault::{Fault, Outcome};

/// Tags, with the bit that tells that there are elements inside.
pub(crate) mod tag {
    pub(crate) const BOOLEAN: u8 = 0x01;
    pub(crate) const INTEGER: u8 = 0x02;
    pub(crate) const BIT_STRING: u8 = 0x03;
    pub(crate) const OCTET_STRING: u8 = 0x04;
    pub(crate) const NULL: u8 = 0x05;
    pub(crate) const OID: u8 = 0x06;
    pub(crate) const UTF8_STRING: u8 = 0x0c;
    pub(crate) const PRINTABLE_STRING: u8 = 0x13;
    pub(crate) const TELETEX_STRING: u8 = 0x14;
    pub(crate) const IA5_STRING: u8 = 0x16;
    pub(crate) const UTC_TIME: u8 = 0x17;
    pub(crate) const GENERALIZED_TIME: u8 = 0x18;
    pub(crate) const NUMERIC_STRING: u8 = 0x12;
    pub(crate) const BMP_STRING: u8 = 0x1e;
    pub(crate) const SEQUENCE: u8 = 0x30;
    pub(crate) const SET: u8 = 0x31;

    /// `[number]` around other elements.
    pub(crate) const fn explicit(number: u8) -> u8 {
        0xa0 | number
    }

    /// `[number]` in place of a tag, around bytes.
    pub(crate) const fn implicit(number: u8) -> u8 {
        0x80 | number
    }
}

/// What is left to read.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a>(&'a [u8]);

#[derive(Clone, Copy)]
pub(crate) struct Element<'a> {
    pub(crate) tag: u8,
    pub(crate) content: &'a [u8],
    /// With its tag and length.
    pub(crate) full: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// The tag of what comes next.
    pub(crate) fn peek(self) -> Option<u8> {
        self.0.first().copied()
    }

    /// The next element, whatever it is.
    pub(crate) fn any(&mut self) -> Outcome<Element<'a>> {
        let (element, rest) = split(self.0).ok_or_else(malformed)?;
        self.0 = rest;
        Ok(element)
    }

    pub(crate) fn element(&mut self, tag: u8) -> Outcome<&'a [u8]> {
        self.optional(tag)?.ok_or_else(malformed)
    }

    /// The next element if it has that tag.
    pub(crate) fn optional(&mut self, tag: u8) -> Outcome<Option<&'a [u8]>> {
        if self.peek() != Some(tag) {
            return Ok(None);
        }
        Ok(Some(self.any()?.content))
    }

    pub(crate) fn sequence(&mut self) -> Outcome<Reader<'a>> {
        self.element(tag::SEQUENCE).map(Reader)
    }

    /// An integer's bytes, the first bit being its sign.
    pub(crate) fn integer(&mut self) -> Outcome<&'a [u8]> {
        check_integer(self.element(tag::INTEGER)?)
    }

    pub(crate) fn small_integer(&mut self) -> Outcome<i64> {
        to_i64(self.integer()?)
    }

    /// A positive integer's bytes without leading zeros.
    pub(crate) fn positive(&mut self) -> Outcome<&'a [u8]> {
        positive(self.integer()?)
    }

    /// The bytes of a bit string, and how many bits of the last one are unused (and zero).
    pub(crate) fn bit_string(&mut self) -> Outcome<(&'a [u8], u8)> {
        match self.element(tag::BIT_STRING)? {
            [0] => Ok((&[], 0)),
            [unused @ 0..=7, bytes @ ..]
                if bytes
                    .last()
                    .is_some_and(|last| last.trailing_zeros() >= u32::from(*unused)) =>
            {
                Ok((bytes, *unused))
            }
            _ => Err(malformed()),
        }
    }

    pub(crate) fn boolean(&mut self) -> Outcome<bool> {
        match self.element(tag::BOOLEAN)? {
            [0] => Ok(false),
            [0xff] => Ok(true),
            _ => Err(malformed()),
        }
    }

    /// An object identifier's bytes: numbers of seven bits a byte, in their shortest form.
    pub(crate) fn oid(&mut self) -> Outcome<&'a [u8]> {
        let content = self.element(tag::OID)?;
        let ends = content.last().is_some_and(|byte| *byte < 0x80);
        let mut numbers = content.split_inclusive(|byte| *byte < 0x80);
        if ends && numbers.all(|number| number[0] != 0x80 && number.len() <= 5) {
            Ok(content)
        } else {
            Err(malformed())
        }
    }
}

pub(crate) fn check_integer(content: &[u8]) -> Outcome<&[u8]> {
    match content {
        [] | [0, 0..=0x7f, ..] | [0xff, 0x80..=0xff, ..] => Err(malformed()),
        _ => Ok(content),
    }
}

/// A positive integer's bytes without leading zeros.
pub(crate) fn positive(integer: &[u8]) -> Outcome<&[u8]> {
    match integer {
        [0] | [0x80..=0xff, ..] => Err(Fault::new("a number that must be positive is not")),
        [0, rest @ ..] => Ok(rest),
        _ => Ok(integer),
    }
}

pub(crate) fn to_i64(integer: &[u8]) -> Outcome<i64> {
    if integer.len() > 8 {
        return Err(Fault::new("a number is too large"));
    }
    let start: i64 = if integer.first().is_some_and(|byte| *byte >= 0x80) {
        -1
    } else {
        0
    };
    Ok(integer
        .iter()
        .fold(start, |number, byte| number << 8 | i64::from(*byte)))
}

fn split(bytes: &[u8]) -> Option<(Element<'_>, &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    if tag & 0x1f == 0x1f {
        return None; // a tag of several bytes: nothing in X.509 has one
    }
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            let length = digits
                .iter()
                .fold(0, |length, digit| length << 8 | usize::from(*digit));
            if digits.first() == Some(&0) || length < 0x80 {
                return None; // not the shortest form
            }
            (length, rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    let full = &bytes[..bytes.len() - rest.len()];
    Some((Element { tag, content, full }, rest))
}

pub(crate) fn malformed() -> Fault {
    Fault::new("malformed DER")
}

/// What is written: wiped, as it may be a key.
pub(crate) type Der = Zeroizing<Vec<u8>>;

/// An element of those parts.
pub(crate) fn element(tag: u8, parts: &[&[u8]]) -> Der {
    let size: usize = parts.iter().map(|part| part.len()).sum();
    let mut out = Zeroizing::new(Vec::with_capacity(size + 10));
    out.push(tag);
    if size < 0x80 {
        out.extend(u8::try_from(size));
    } else {
        let digits = size.to_be_bytes();
        let digits = trimmed(&digits);
        out.extend(u8::try_from(0x80 | digits.len()));
        out.extend_from_slice(digits);
    }
    for part in parts {
        out.extend_from_slice(part);
    }
    out
}

pub(crate) fn sequence(parts: &[&[u8]]) -> Der {
    element(tag::SEQUENCE, parts)
}

/// A number that is not negative.
pub(crate) fn unsigned(digits: &[u8]) -> Der {
    let digits = trimmed(digits);
    let sign: &[u8] = match digits.first() {
        Some(0..=0x7f) => &[],
        _ => &[0],
    };
    element(tag::INTEGER, &[sign, digits])
}

pub(crate) fn integer(number: i64) -> Der {
    let digits = number.to_be_bytes();
    let is_sign = |pair: &[u8]| matches!(pair, [0, 0..=0x7f] | [0xff, 0x80..=0xff]);
    let signs = digits.windows(2).take_while(|pair| is_sign(pair)).count();
    element(tag::INTEGER, &[&digits[signs..]])
}

pub(crate) fn octets(bytes: &[u8]) -> Der {
    element(tag::OCTET_STRING, &[bytes])
}

/// A bit string of whole bytes.
pub(crate) fn bits(bytes: &[u8]) -> Der {
    element(tag::BIT_STRING, &[&[0], bytes])
}

/// An object identifier from its bytes.
pub(crate) fn oid(content: &[u8]) -> Der {
    element(tag::OID, &[content])
}

pub(crate) const NULL: &[u8] = &[tag::NULL, 0];

/// Without leading zeros.
pub(crate) fn trimmed(digits: &[u8]) -> &[u8] {
    let start = digits
        .iter()
        .position(|digit| *digit != 0)
        .unwrap_or(digits.len());
    &digits[start..]
}

/// As many digits as it takes, by leading zeros.
pub(crate) fn fitted(digits: &[u8], size: usize) -> Outcome<Zeroizing<Vec<u8>>> {
    let digits = trimmed(digits);
    let zeros = size
        .checked_sub(digits.len())
        .ok_or_else(|| Fault::new("a number is too large"))?;
    let mut fitted = Zeroizing::new(vec![0; size]);
    fitted[zeros..].copy_from_slice(digits);
    Ok(fitted)
}
