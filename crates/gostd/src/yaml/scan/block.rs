//! Literal and folded texts: `|` and `>`.

use super::Fault;
use super::cursor::{Cursor, END, is_blank, is_break, is_break_or_end};

/// What becomes of the line breaks at the end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Chomping {
    Strip,
    Clip,
    Keep,
}

impl Cursor {
    /// `around` is the column of the collection around.
    pub(super) fn scan_block_scalar(&mut self, literal: bool, around: isize) -> Result<String, Fault> {
        self.skip();
        let (chomping, increment) = self.scan_block_header()?;
        let around = usize::try_from(around).ok();
        let mut indent = increment.map_or(0, |by| around.unwrap_or(0) + by);
        let least = around.map_or(1, |around| around + 1);

        let (mut value, mut first_break, mut breaks) = (String::new(), String::new(), String::new());
        self.scan_block_breaks(&mut indent, least, &mut breaks)?;
        self.need(1)?;
        let mut after_blank = false;
        while self.mark.column == indent && self.current() != END {
            let blank = is_blank(self.current());
            let folds = !literal && !after_blank && !blank && first_break.starts_with('\n');
            if !folds {
                value.push_str(&first_break);
            } else if breaks.is_empty() {
                value.push(' ');
            }
            first_break.clear();
            value.push_str(&breaks);
            breaks.clear();
            after_blank = blank;
            self.read_while(&mut value, |c| !is_break_or_end(c))?;
            self.need(2)?;
            self.read_break(&mut first_break)?;
            self.scan_block_breaks(&mut indent, least, &mut breaks)?;
        }
        if chomping != Chomping::Strip {
            value.push_str(&first_break);
        }
        if chomping == Chomping::Keep {
            value.push_str(&breaks);
        }
        Ok(value)
    }

    /// The signs behind `|`, in either order, and the rest of the line.
    fn scan_block_header(&mut self) -> Result<(Chomping, Option<usize>), Fault> {
        let mut chomping = self.scan_chomping()?;
        let increment = self.scan_increment()?;
        if chomping.is_none() && increment.is_some() {
            chomping = self.scan_chomping()?;
        }
        self.skip_while(is_blank)?;
        self.skip_comment()?;
        if !is_break_or_end(self.current()) {
            return Err(self.fault("did not find expected comment or line break"));
        }
        self.skip_break()?;
        Ok((chomping.unwrap_or(Chomping::Clip), increment))
    }

    fn scan_chomping(&mut self) -> Result<Option<Chomping>, Fault> {
        self.need(1)?;
        let chomping = match self.current() {
            '+' => Chomping::Keep,
            '-' => Chomping::Strip,
            _ => return Ok(None),
        };
        self.skip();
        Ok(Some(chomping))
    }

    fn scan_increment(&mut self) -> Result<Option<usize>, Fault> {
        self.need(1)?;
        let Some(digit) = self.current().to_digit(10) else {
            return Ok(None);
        };
        if digit == 0 {
            return Err(self.fault("found an indentation indicator equal to 0"));
        }
        self.skip();
        Ok(usize::try_from(digit).ok())
    }

    /// Passes empty lines and indentation. If that is not known yet (zero), the deepest of them tells it.
    fn scan_block_breaks(
        &mut self,
        indent: &mut usize,
        least: usize,
        breaks: &mut String,
    ) -> Result<(), Fault> {
        let mut deepest = 0;
        loop {
            self.need(1)?;
            while self.is_before(*indent) && self.current() == ' ' {
                self.skip();
                self.need(1)?;
            }
            deepest = deepest.max(self.mark.column);
            if self.is_before(*indent) && self.current() == '\t' {
                return Err(self.fault("found a tab character where an indentation space is expected"));
            }
            if !is_break(self.current()) {
                break;
            }
            self.read_break(breaks)?;
        }
        if *indent == 0 {
            *indent = deepest.max(least);
        }
        Ok(())
    }

    fn is_before(&self, indent: usize) -> bool {
        indent == 0 || self.mark.column < indent
    }
}
