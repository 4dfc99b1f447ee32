//! Which characters stand for themselves, by where they are in a URL.

use crate::fault::{Fault, Outcome};

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    User,
    Host,
    /// The zone of an IPv6 address, which begins with `%25`.
    Zone,
    Path,
    Fragment,
}

pub(super) fn escape(text: &[u8], part: Part) -> Vec<u8> {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let mut out = Vec::with_capacity(text.len());
    for byte in text {
        if part.shows(*byte) {
            out.push(*byte);
        } else {
            let [high, low] = [byte >> 4, byte & 15].map(|digit| DIGITS[usize::from(digit)]);
            out.extend_from_slice(&[b'%', high, low]);
        }
    }
    out
}

pub(super) fn unescape(text: &[u8], part: Part) -> Outcome<Vec<u8>> {
    let in_host = matches!(part, Part::Host | Part::Zone);
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [byte, after @ ..] = rest {
        let mut byte = *byte;
        rest = after;
        if byte == b'%' {
            let [high, low, after @ ..] = after else {
                return Err(invalid_escape());
            };
            byte = hex(*high)? << 4 | hex(*low)?;
            rest = after;
            if !part.may_be_escaped(byte) {
                return Err(invalid_escape());
            }
        } else if in_host && byte.is_ascii() && !part.shows(byte) {
            return Err(Fault::new("the host name has an invalid character"));
        }
        out.push(byte);
    }
    Ok(out)
}

fn hex(digit: u8) -> Outcome<u8> {
    let value = char::from(digit).to_digit(16).ok_or_else(invalid_escape)?;
    u8::try_from(value).map_err(|_| invalid_escape())
}

fn invalid_escape() -> Fault {
    Fault::new("the URL has an invalid escape")
}

impl Part {
    /// Host names have no escapes but of what is not ASCII; zones also have those of what they may show, and of spaces.
    fn may_be_escaped(self, byte: u8) -> bool {
        match self {
            Self::Host => !byte.is_ascii() || byte == b'%',
            Self::Zone => matches!(byte, b'%' | b' ') || Self::Host.shows(byte),
            _ => true,
        }
    }

    /// Whether a byte needs no escape.
    pub(super) fn shows(self, byte: u8) -> bool {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            return true;
        }
        let shown: &[u8] = match self {
            Self::User => b"$&+,;=",
            Self::Host | Self::Zone => b"!$&'()*+,;=:[]<>\"",
            Self::Path => b"$&+,/:;=@",
            Self::Fragment => b"$&+,/:;=?@!()*",
        };
        shown.contains(&byte)
    }
}
