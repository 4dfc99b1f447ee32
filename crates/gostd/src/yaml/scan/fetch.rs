//! Which token comes next.

use super::cursor::{Cursor, END, is_blank, is_break, is_space_or_end};
use super::{Fault, Kind, MAX_DEPTH, Scanner, SimpleKey, Token};

impl Scanner {
    pub(super) fn fetch_next(&mut self) -> Result<(), Fault> {
        self.skip_to_token()?;
        self.unroll_indent(self.column());
        self.cursor.need(4)?;
        let c = self.cursor.current();
        let first = self.cursor.mark.column == 0;
        match c {
            END => self.fetch_end(),
            '%' if first => self.fetch_directive(),
            '-' if self.cursor.at_document_indicator() => self.fetch_document(Kind::DocumentStart),
            '.' if self.cursor.at_document_indicator() => self.fetch_document(Kind::DocumentEnd),
            '[' => self.fetch_open(Kind::SequenceStart),
            '{' => self.fetch_open(Kind::MappingStart),
            ']' => self.fetch_close(Kind::SequenceEnd),
            '}' => self.fetch_close(Kind::MappingEnd),
            ',' => self.fetch_comma(),
            '-' if self.is_apart() => self.fetch_entry(),
            '?' if self.in_flow() || self.is_apart() => self.fetch_key(),
            ':' if self.in_flow() || self.is_apart() => self.fetch_value(),
            '*' | '&' => self.fetch_anchor(c),
            '!' => self.fetch_tag(),
            '|' | '>' if !self.in_flow() => self.fetch_block_scalar(c == '|'),
            '\'' | '"' => self.fetch_quoted(c == '\''),
            _ if self.begins_plain() => self.fetch_plain(),
            _ => Err(self.cursor.fault("found character that cannot start any token")),
        }
    }

    /// Whether the character stands alone.
    fn is_apart(&self) -> bool {
        is_space_or_end(self.cursor.peek(1))
    }

    fn begins_plain(&self) -> bool {
        match self.cursor.current() {
            '-' => !is_blank(self.cursor.peek(1)),
            '?' | ':' => !self.in_flow() && !self.is_apart(),
            ',' | '[' | ']' | '{' | '}' | '#' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@'
            | '`' => false,
            c => !is_space_or_end(c),
        }
    }

    /// Passes white space, line breaks and comments. Tabs are none of it where a key may begin.
    fn skip_to_token(&mut self) -> Result<(), Fault> {
        loop {
            let tabs = self.in_flow() || !self.simple_key_allowed;
            self.cursor.skip_while(|c| c == ' ' || tabs && c == '\t')?;
            self.cursor.skip_comment()?;
            if !is_break(self.cursor.current()) {
                return Ok(());
            }
            self.cursor.skip_break()?;
            if !self.in_flow() {
                self.simple_key_allowed = true;
            }
        }
    }

    fn fetch_end(&mut self) -> Result<(), Fault> {
        if self.cursor.mark.column != 0 {
            self.cursor.mark.column = 0;
            self.cursor.mark.line += 1;
        }
        self.unroll_indent(-1);
        self.remove_simple_key()?;
        self.simple_key_allowed = false;
        self.push(Kind::StreamEnd, self.cursor.mark);
        Ok(())
    }

    fn fetch_directive(&mut self) -> Result<(), Fault> {
        self.unroll_indent(-1);
        self.remove_simple_key()?;
        self.simple_key_allowed = false;
        let mark = self.cursor.mark;
        let kind = self.cursor.scan_directive()?;
        self.push(kind, mark);
        Ok(())
    }

    fn fetch_document(&mut self, kind: Kind) -> Result<(), Fault> {
        self.unroll_indent(-1);
        self.remove_simple_key()?;
        self.simple_key_allowed = false;
        let mark = self.cursor.mark;
        for _ in 0..3 {
            self.cursor.skip();
        }
        self.push(kind, mark);
        Ok(())
    }

    fn fetch_open(&mut self, kind: Kind) -> Result<(), Fault> {
        self.save_simple_key()?;
        if self.simple_keys.len() > MAX_DEPTH {
            return Err(Fault::TooDeep);
        }
        self.simple_keys.push(SimpleKey::default());
        self.simple_key_allowed = true;
        self.fetch_sign(kind);
        Ok(())
    }

    fn fetch_close(&mut self, kind: Kind) -> Result<(), Fault> {
        self.remove_simple_key()?;
        if self.in_flow() {
            self.simple_keys.pop();
        }
        self.simple_key_allowed = false;
        self.fetch_sign(kind);
        Ok(())
    }

    fn fetch_comma(&mut self) -> Result<(), Fault> {
        self.remove_simple_key()?;
        self.simple_key_allowed = true;
        self.fetch_sign(Kind::FlowEntry);
        Ok(())
    }

    fn fetch_entry(&mut self) -> Result<(), Fault> {
        self.begin_block(
            Kind::BlockSequenceStart,
            "block sequence entries are not allowed in this context",
        )?;
        self.remove_simple_key()?;
        self.simple_key_allowed = true;
        self.fetch_sign(Kind::BlockEntry);
        Ok(())
    }

    fn fetch_key(&mut self) -> Result<(), Fault> {
        self.begin_block(
            Kind::BlockMappingStart,
            "mapping keys are not allowed in this context",
        )?;
        self.remove_simple_key()?;
        self.simple_key_allowed = !self.in_flow();
        self.fetch_sign(Kind::Key);
        Ok(())
    }

    fn fetch_value(&mut self) -> Result<(), Fault> {
        if self.is_key_possible(self.simple_keys.len() - 1)? {
            let SimpleKey { token, mark, .. } = *self.simple_key();
            let place = token - self.taken;
            let kind = Kind::Key;
            self.tokens.insert(place, Token { kind, mark });
            self.roll_indent(mark.column, place, Kind::BlockMappingStart, mark)?;
            self.simple_key().possible = false;
            self.simple_key_allowed = false;
        } else {
            self.begin_block(
                Kind::BlockMappingStart,
                "mapping values are not allowed in this context",
            )?;
            self.simple_key_allowed = !self.in_flow();
        }
        self.fetch_sign(Kind::Value);
        Ok(())
    }

    /// A sign that may begin a block collection where a key may begin. Within brackets it begins none.
    fn begin_block(&mut self, kind: Kind, problem: &'static str) -> Result<(), Fault> {
        if self.in_flow() {
            return Ok(());
        }
        let mark = self.cursor.mark;
        if !self.simple_key_allowed {
            return Err(self.cursor.fault(problem));
        }
        self.roll_indent(mark.column, self.tokens.len(), kind, mark)
    }

    /// A token of one character.
    fn fetch_sign(&mut self, kind: Kind) {
        let mark = self.cursor.mark;
        self.cursor.skip();
        self.push(kind, mark);
    }

    fn fetch_anchor(&mut self, sign: char) -> Result<(), Fault> {
        self.fetch_within_line(|cursor| cursor.scan_anchor(sign))
    }

    fn fetch_tag(&mut self) -> Result<(), Fault> {
        self.fetch_within_line(Cursor::scan_tag)
    }

    fn fetch_quoted(&mut self, single: bool) -> Result<(), Fault> {
        self.fetch_within_line(|cursor| cursor.scan_quoted(single))
    }

    /// What can begin a key, but cannot be followed by one on the same line.
    fn fetch_within_line(
        &mut self,
        scan: impl FnOnce(&mut Cursor) -> Result<Kind, Fault>,
    ) -> Result<(), Fault> {
        self.save_simple_key()?;
        self.simple_key_allowed = false;
        let mark = self.cursor.mark;
        let kind = scan(&mut self.cursor)?;
        self.push(kind, mark);
        Ok(())
    }

    fn fetch_block_scalar(&mut self, literal: bool) -> Result<(), Fault> {
        self.remove_simple_key()?;
        self.simple_key_allowed = true;
        let mark = self.cursor.mark;
        let value = self.cursor.scan_block_scalar(literal, self.indent)?;
        self.push(Kind::Scalar { value, plain: false }, mark);
        Ok(())
    }

    fn fetch_plain(&mut self) -> Result<(), Fault> {
        self.save_simple_key()?;
        self.simple_key_allowed = false;
        let mark = self.cursor.mark;
        let in_flow = self.in_flow();
        let (value, at_line_start) = self.cursor.scan_plain(self.indent, in_flow)?;
        if at_line_start {
            self.simple_key_allowed = true;
        }
        self.push(Kind::Scalar { value, plain: true }, mark);
        Ok(())
    }
}
