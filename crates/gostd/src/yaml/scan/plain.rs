//! Texts without quotes, and how lines are folded.

use super::Fault;
use super::cursor::{Cursor, is_blank, is_break, is_space_or_end};

/// White space between two words of a text.
#[derive(Default)]
pub(super) struct Folding {
    /// A line ended.
    pub(super) broken: bool,
    blanks: String,
    first_break: String,
    breaks: String,
}

impl Folding {
    /// One line break becomes a space, of several the first goes. Blanks stay unless they touch a line break.
    pub(super) fn join(&mut self, value: &mut String) {
        if !self.broken {
            value.push_str(&self.blanks);
        } else if !self.first_break.starts_with('\n') {
            value.push_str(&self.first_break);
            value.push_str(&self.breaks);
        } else if self.breaks.is_empty() {
            value.push(' ');
        } else {
            value.push_str(&self.breaks);
        }
        *self = Self::default();
    }
}

impl Cursor {
    /// `around` is the column of the collection around. Tells too whether it ended behind a line break.
    pub(super) fn scan_plain(&mut self, around: isize, in_flow: bool) -> Result<(String, bool), Fault> {
        let indent = usize::try_from(around + 1).unwrap_or(0);
        let mut value = String::new();
        let mut folding = Folding::default();
        loop {
            self.need(4)?;
            if self.at_document_indicator() || self.current() == '#' {
                break;
            }
            while !is_space_or_end(self.current()) && !self.ends_plain(in_flow) {
                folding.join(&mut value);
                self.read(&mut value);
                self.need(2)?;
            }
            if !is_blank(self.current()) && !is_break(self.current()) {
                break;
            }
            self.scan_spaces(&mut folding, Some(indent))?;
            if !in_flow && self.mark.column < indent {
                break;
            }
        }
        Ok((value, folding.broken))
    }

    fn ends_plain(&self, in_flow: bool) -> bool {
        match self.current() {
            ':' => is_space_or_end(self.peek(1)),
            ',' | '?' | '[' | ']' | '{' | '}' => in_flow,
            _ => false,
        }
    }

    /// Blanks and line breaks. Before the given column tabs must not begin a line.
    pub(super) fn scan_spaces(&mut self, folding: &mut Folding, indent: Option<usize>) -> Result<(), Fault> {
        self.need(1)?;
        loop {
            let c = self.current();
            if is_break(c) {
                if folding.broken {
                    self.read_break(&mut folding.breaks)?;
                } else {
                    folding.blanks.clear();
                    self.read_break(&mut folding.first_break)?;
                    folding.broken = true;
                }
            } else if !is_blank(c) {
                return Ok(());
            } else if !folding.broken {
                self.read(&mut folding.blanks);
            } else if c == '\t' && indent.is_some_and(|indent| self.mark.column < indent) {
                return Err(self.fault("found a tab character that violates indentation"));
            } else {
                self.skip();
            }
            self.need(1)?;
        }
    }
}
