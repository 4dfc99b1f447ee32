//! Quoted texts. Their further lines may be indented or not.

use super::cursor::{Cursor, END, is_break, is_space_or_end};
use super::plain::Folding;
use super::{Fault, Kind};

impl Cursor {
    pub(super) fn scan_quoted(&mut self, single: bool) -> Result<Kind, Fault> {
        self.skip();
        let quote = if single { '\'' } else { '"' };
        let mut value = String::new();
        loop {
            self.need(4)?;
            if self.at_document_indicator() {
                return Err(self.fault("found unexpected document indicator"));
            }
            if self.current() == END {
                return Err(self.fault("found unexpected end of stream"));
            }
            let mut folding = Folding::default();
            folding.broken = self.scan_quoted_word(single, &mut value)?;
            self.need(1)?;
            if self.current() == quote {
                break;
            }
            self.scan_spaces(&mut folding, None)?;
            folding.join(&mut value);
        }
        self.skip();
        Ok(Kind::Scalar { value, plain: false })
    }

    /// Up to white space or the quote. Tells whether an escaped line break ended it.
    fn scan_quoted_word(&mut self, single: bool, value: &mut String) -> Result<bool, Fault> {
        while !is_space_or_end(self.current()) {
            match self.current() {
                '\'' if single && self.peek(1) == '\'' => {
                    value.push('\'');
                    self.skip();
                    self.skip();
                }
                '\'' if single => break,
                '"' if !single => break,
                '\\' if !single && is_break(self.peek(1)) => {
                    self.need(3)?;
                    self.skip();
                    self.skip_break()?;
                    return Ok(true);
                }
                '\\' if !single => value.push(self.scan_escape()?),
                _ => self.read(value),
            }
            self.need(2)?;
        }
        Ok(false)
    }

    fn scan_escape(&mut self) -> Result<char, Fault> {
        let (escaped, digits) = match self.peek(1) {
            '0' => ('\0', 0),
            'a' => ('\u{7}', 0),
            'b' => ('\u{8}', 0),
            't' | '\t' => ('\t', 0),
            'n' => ('\n', 0),
            'v' => ('\u{b}', 0),
            'f' => ('\u{c}', 0),
            'r' => ('\r', 0),
            'e' => ('\u{1b}', 0),
            c @ (' ' | '"' | '\'' | '\\') => (c, 0),
            'N' => ('\u{85}', 0),
            '_' => ('\u{a0}', 0),
            'L' => ('\u{2028}', 0),
            'P' => ('\u{2029}', 0),
            'x' => ('\0', 2),
            'u' => ('\0', 4),
            'U' => ('\0', 8),
            _ => return Err(self.fault("found unknown escape character")),
        };
        self.skip();
        self.skip();
        if digits == 0 {
            Ok(escaped)
        } else {
            self.scan_code(digits)
        }
    }

    fn scan_code(&mut self, digits: usize) -> Result<char, Fault> {
        self.need(digits)?;
        let mut code: u32 = 0;
        for at in 0..digits {
            let Some(digit) = self.peek(at).to_digit(16) else {
                return Err(self.fault("did not find expected hexdecimal number"));
            };
            code = code << 4 | digit;
        }
        let Some(c) = char::from_u32(code) else {
            return Err(self.fault("found invalid Unicode character escape code"));
        };
        for _ in 0..digits {
            self.skip();
        }
        Ok(c)
    }
}
