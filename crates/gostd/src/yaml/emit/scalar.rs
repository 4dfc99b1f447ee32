//! Texts in each of the styles. Beyond column 80 a space between words becomes a line break, where that can be.

use super::{Emitter, STEP};

const WIDTH: usize = 80;

impl Emitter {
    pub(super) fn plain(&mut self, text: &str, folds: bool) {
        self.space();
        self.words(text, folds, false);
        self.spaced = false;
        self.indented = false;
    }

    pub(super) fn single_quoted(&mut self, text: &str, folds: bool) {
        self.sign('\'', false);
        self.words(text, folds, true);
        self.glued('\'');
    }

    fn words(&mut self, text: &str, folds: bool, quoted: bool) {
        let last = text.len().saturating_sub(1);
        let (mut spaces, mut breaks) = (false, false);
        for (at, c) in text.char_indices() {
            if c == ' ' {
                let alone = !spaces && !text[at + 1..].starts_with(' ');
                if folds && alone && self.column > WIDTH && at > 0 && at < last {
                    self.start_line();
                } else {
                    self.put(c);
                }
                spaces = true;
            } else if is_break(c) {
                if !breaks && c == '\n' {
                    self.break_line();
                }
                self.put_break(c);
                self.indented = true;
                breaks = true;
            } else {
                if breaks {
                    self.start_line();
                }
                if quoted && c == '\'' {
                    self.put(c);
                }
                self.put(c);
                self.indented = false;
                (spaces, breaks) = (false, false);
            }
        }
    }

    pub(super) fn double_quoted(&mut self, text: &str, folds: bool) {
        self.sign('"', false);
        let all = text.starts_with('\u{feff}'); // as libyaml does, which looks for it in the wrong place
        let last = text.len().saturating_sub(1);
        let mut spaces = false;
        for (at, c) in text.char_indices() {
            if all || !is_printable(c) || is_break(c) || matches!(c, '"' | '\\') {
                self.escape(c);
                spaces = false;
            } else if c != ' ' {
                self.put(c);
                spaces = false;
            } else {
                if folds && !spaces && self.column > WIDTH && at > 0 && at < last {
                    self.start_line();
                    if text[at + 1..].starts_with(' ') {
                        self.put('\\');
                    }
                } else {
                    self.put(c);
                }
                spaces = true;
            }
        }
        self.glued('"');
    }

    fn escape(&mut self, c: char) {
        let short = match c {
            '\0' => '0',
            '\u{7}' => 'a',
            '\u{8}' => 'b',
            '\t' => 't',
            '\n' => 'n',
            '\u{b}' => 'v',
            '\u{c}' => 'f',
            '\r' => 'r',
            '\u{1b}' => 'e',
            '"' | '\\' => c,
            '\u{85}' => 'N',
            '\u{a0}' => '_',
            '\u{2028}' => 'L',
            '\u{2029}' => 'P',
            _ => {
                let code = u32::from(c);
                let escape = match code {
                    ..=0xff => format!("\\x{code:02X}"),
                    0x100..=0xffff => format!("\\u{code:04X}"),
                    _ => format!("\\U{code:08X}"),
                };
                return self.put_all(&escape);
            }
        };
        self.put('\\');
        self.put(short);
    }

    /// Behind `|`, with signs that tell its indentation where it begins with space, and its line breaks at the end
    /// unless there is one.
    pub(super) fn literal(&mut self, text: &str) {
        self.sign('|', false);
        if text.starts_with(' ') || text.starts_with(is_break) {
            self.put_all(&STEP.to_string());
        }
        let mut ends = text.chars().rev();
        match (ends.next().is_some_and(is_break), ends.next()) {
            (false, _) => self.put('-'),
            (true, before) if before.is_none_or(is_break) => self.put('+'),
            _ => {}
        }
        self.break_line();
        self.indented = true;
        self.spaced = true;
        let mut breaks = true;
        for c in text.chars() {
            if is_break(c) {
                self.put_break(c);
                self.indented = true;
                breaks = true;
            } else {
                if breaks {
                    self.start_line();
                }
                self.put(c);
                self.indented = false;
                breaks = false;
            }
        }
    }

    fn put_break(&mut self, c: char) {
        self.put(c);
        self.column = 0;
    }
}

pub(super) fn is_break(c: char) -> bool {
    matches!(c, '\r' | '\n' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// What libyaml prints as it is: nothing beyond 16 bits.
pub(super) fn is_printable(c: char) -> bool {
    matches!(c, '\n' | ' '..='~' | '\u{a0}'..='\u{fefe}' | '\u{ff00}'..='\u{fffd}')
}
