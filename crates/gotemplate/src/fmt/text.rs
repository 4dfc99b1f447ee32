//! Strings.

use lockstep_gostd::quote::{self, Plain};

use super::Printer;
use super::flags::Flags;
use crate::fault::Outcome;
use crate::value::runes;

/// Verbs for strings.
pub(super) const VERBS: &str = "vsxXq";

impl Flags {
    /// Which characters need no escape.
    pub(super) fn quoted(&self) -> Plain {
        if self.plus { Plain::Ascii } else { Plain::Printable }
    }
}

impl Printer<'_> {
    pub(super) fn text(&mut self, text: &[u8], verb: char) -> Outcome<()> {
        match verb {
            'x' => self.hex_bytes(text, Case::Lower),
            'X' => self.hex_bytes(text, Case::Upper),
            'q' => self.quoted(text),
            'v' if self.flags.sharp_v => self.quoted(text),
            _ => self.plain_text(text),
        }
    }

    pub(super) fn plain_text(&mut self, text: &[u8]) -> Outcome<()> {
        self.pad(self.truncated(text))
    }

    fn quoted(&mut self, text: &[u8]) -> Outcome<()> {
        let text = self.truncated(text);
        self.reserve(text.len())?;
        if self.flags.sharp && quote::can_backquote(text) {
            return self.pad(&[b"`", text, b"`"].concat());
        }
        let literal = quote::text(text, self.flags.quoted());
        self.pad(literal.as_bytes())
    }

    /// As many characters as the precision allows.
    fn truncated<'t>(&self, text: &'t [u8]) -> &'t [u8] {
        let Some(precision) = self.flags.precision else {
            return text;
        };
        let end = runes(text).take(precision).map(|(_, len)| len).sum();
        &text[..end]
    }

    /// Two digits a byte. The precision counts bytes.
    fn hex_bytes(&mut self, bytes: &[u8], case: Case) -> Outcome<()> {
        let bytes = match self.flags.precision {
            Some(precision) => bytes.get(..precision).unwrap_or(bytes),
            None => bytes,
        };
        self.reserve(bytes.len().saturating_mul(2))?;
        let (sharp, space) = (self.flags.sharp, self.flags.space);
        let mut text = String::new();
        for (nth, byte) in bytes.iter().enumerate() {
            if nth > 0 && space {
                text.push(' ');
            }
            if sharp && (nth == 0 || space) {
                text.push_str(case.prefix());
            }
            text.extend(case.digits(*byte));
        }
        self.pad(text.as_bytes())
    }
}

#[derive(Clone, Copy)]
enum Case {
    Lower,
    Upper,
}

impl Case {
    fn prefix(self) -> &'static str {
        match self {
            Self::Lower => "0x",
            Self::Upper => "0X",
        }
    }

    fn digits(self, byte: u8) -> [char; 2] {
        [byte >> 4, byte & 15].map(|digit| {
            let c = char::from_digit(digit.into(), 16).unwrap_or('0');
            match self {
                Self::Lower => c,
                Self::Upper => c.to_ascii_uppercase(),
            }
        })
    }
}

pub(super) fn character(code: u64) -> Option<char> {
    u32::try_from(code).ok().and_then(char::from_u32)
}
