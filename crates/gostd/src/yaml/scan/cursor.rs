//! A place in the text, and what can be read from it on.

use super::Fault;
use crate::yaml::input::Input;

/// Stands for the end: the text itself has none of it.
pub(super) const END: char = '\0';

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::yaml) struct Mark {
    pub(super) index: usize,
    pub(in crate::yaml) line: usize,
    pub(super) column: usize,
}

pub(super) struct Cursor {
    input: Input,
    pub(super) mark: Mark,
}

impl Cursor {
    pub(super) fn new(text: &[u8]) -> Self {
        Self {
            input: Input::new(text),
            mark: Mark::default(),
        }
    }

    /// To be called before that many characters are looked at, for only then an error in them strikes.
    pub(super) fn need(&self, count: usize) -> Result<(), Fault> {
        match self.input.error {
            Some((from, fault)) if self.mark.index + count > from => Err(fault),
            _ => Ok(()),
        }
    }

    /// Where scanning stopped. Go tells no line where that is the first.
    pub(super) fn fault(&self, problem: &'static str) -> Fault {
        let line = match self.mark.line {
            0 => 0,
            line => line + 1,
        };
        Fault::Malformed { problem, line }
    }

    pub(super) fn peek(&self, ahead: usize) -> char {
        let at = self.mark.index + ahead;
        self.input.chars.get(at).copied().unwrap_or(END)
    }

    pub(super) fn current(&self) -> char {
        self.peek(0)
    }

    pub(super) fn skip(&mut self) {
        self.mark.index += 1;
        self.mark.column += 1;
    }

    pub(super) fn skip_while(&mut self, fits: impl Fn(char) -> bool) -> Result<(), Fault> {
        self.need(1)?;
        while fits(self.current()) {
            self.skip();
            self.need(1)?;
        }
        Ok(())
    }

    pub(super) fn read_while(&mut self, to: &mut String, fits: impl Fn(char) -> bool) -> Result<(), Fault> {
        self.need(1)?;
        while fits(self.current()) {
            self.read(to);
            self.need(1)?;
        }
        Ok(())
    }

    /// One character.
    pub(super) fn read(&mut self, to: &mut String) {
        to.push(self.current());
        self.skip();
    }

    pub(super) fn skip_comment(&mut self) -> Result<(), Fault> {
        if self.current() == '#' {
            self.skip_while(|c| !is_break_or_end(c))?;
        }
        Ok(())
    }

    pub(super) fn skip_break(&mut self) -> Result<(), Fault> {
        self.read_break(&mut String::new())
    }

    /// A line break if there is one. All but two of them become a line feed.
    pub(super) fn read_break(&mut self, to: &mut String) -> Result<(), Fault> {
        let c = self.current();
        if !is_break(c) {
            return Ok(());
        }
        self.need(2)?;
        let width = if c == '\r' && self.peek(1) == '\n' { 2 } else { 1 };
        to.push(if matches!(c, '\u{2028}' | '\u{2029}') {
            c
        } else {
            '\n'
        });
        self.mark.index += width;
        self.mark.line += 1;
        self.mark.column = 0;
        Ok(())
    }

    /// Whether a line begins here with `---` or `...` alone.
    pub(super) fn at_document_indicator(&self) -> bool {
        let sign = self.current();
        self.mark.column == 0
            && matches!(sign, '-' | '.')
            && self.peek(1) == sign
            && self.peek(2) == sign
            && is_space_or_end(self.peek(3))
    }
}

pub(super) fn is_break(c: char) -> bool {
    matches!(c, '\r' | '\n' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

pub(super) fn is_break_or_end(c: char) -> bool {
    is_break(c) || c == END
}

pub(super) fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t')
}

/// Blank, a line break, or the end.
pub(super) fn is_space_or_end(c: char) -> bool {
    is_blank(c) || is_break_or_end(c)
}

/// What names of anchors and tag handles are made of.
pub(super) fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-')
}
