//! Integers.

use lockstep_gostd::quote;
use lockstep_gostd::unicode::is_print;

use super::Printer;
use super::text::character;
use crate::fault::Outcome;

/// Verbs for integers.
pub(super) const VERBS: &str = "vdboOxXcqU";

#[derive(Clone, Copy)]
pub(super) struct Integer {
    pub(super) size: u64,
    pub(super) negative: bool,
    /// Whether its type has negative numbers.
    pub(super) signed: bool,
}

impl Integer {
    pub(super) fn signed(value: i64) -> Self {
        Self {
            size: value.unsigned_abs(),
            negative: value < 0,
            signed: true,
        }
    }

    pub(super) fn unsigned(value: u64) -> Self {
        Self {
            size: value,
            negative: false,
            signed: false,
        }
    }

    /// Its 64 bits.
    fn bits(self) -> u64 {
        if self.negative {
            self.size.wrapping_neg()
        } else {
            self.size
        }
    }

    /// The character it stands for.
    fn char(self) -> char {
        character(self.bits()).unwrap_or(char::REPLACEMENT_CHARACTER)
    }
}

impl Printer<'_> {
    pub(super) fn integer(&mut self, number: Integer, verb: char) -> Outcome<()> {
        match verb {
            'c' => self.pad(number.char().encode_utf8(&mut [0; 4]).as_bytes()),
            'q' => {
                let literal = quote::character(number.char(), self.flags.quoted());
                self.pad(literal.as_bytes())
            }
            'U' => self.code_point(number.bits()),
            'v' if self.flags.sharp_v && !number.signed => self.hex(number.size, true),
            _ => self.digits(number, verb),
        }
    }

    /// A number with or without `0x`.
    pub(super) fn hex(&mut self, value: u64, prefix: bool) -> Outcome<()> {
        let sharp = std::mem::replace(&mut self.flags.sharp, prefix);
        let done = self.digits(Integer::unsigned(value), 'x');
        self.flags.sharp = sharp;
        done
    }

    fn digits(&mut self, number: Integer, verb: char) -> Outcome<()> {
        let size = number.size;
        if size == 0 && self.flags.precision == Some(0) {
            return self.pad_with_spaces(b"");
        }
        let digits = match verb {
            'b' => format!("{size:b}"),
            'o' | 'O' => format!("{size:o}"),
            'x' => format!("{size:x}"),
            'X' => format!("{size:X}"),
            _ => size.to_string(),
        };
        let sign = if number.negative {
            "-"
        } else {
            self.flags.positive_sign()
        };
        let zeros = self.wanted_digits(sign.len()).saturating_sub(digits.len());
        self.reserve(zeros)?;
        let digits = format!("{}{digits}", "0".repeat(zeros));
        let prefix = match verb {
            'O' if self.flags.sharp && !digits.starts_with('0') => "0o0",
            'O' => "0o",
            'b' if self.flags.sharp => "0b",
            'o' if self.flags.sharp && !digits.starts_with('0') => "0",
            'x' if self.flags.sharp => "0x",
            'X' if self.flags.sharp => "0X",
            _ => "",
        };
        self.pad_with_spaces(format!("{sign}{prefix}{digits}").as_bytes())
    }

    /// Zeros come with a precision, or fill the width; prefixes do not count.
    fn wanted_digits(&self, sign: usize) -> usize {
        match (self.flags.precision, self.flags.width) {
            (Some(precision), _) => precision,
            (None, Some(width)) if self.flags.filler() == b'0' => width.saturating_sub(sign),
            _ => 0,
        }
    }

    /// `U+0078`, or `U+0078 'x'`
    fn code_point(&mut self, value: u64) -> Outcome<()> {
        let digits = self.flags.precision.unwrap_or(0).max(4);
        let hex = format!("{value:X}");
        let zeros = digits.saturating_sub(hex.len());
        self.reserve(zeros)?;
        let mut text = format!("U+{}{hex}", "0".repeat(zeros));
        let shown = character(value).filter(|c| self.flags.sharp && is_print(*c));
        if let Some(c) = shown {
            text.extend([' ', '\'', c, '\'']);
        }
        self.pad_with_spaces(text.as_bytes())
    }
}
