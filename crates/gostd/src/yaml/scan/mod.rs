//! From characters to tokens, as the scanner of libyaml does it: YAML 1.1 and its leniencies, such as quoted texts
//! and brackets whose lines need not be indented.
//!
//! A key is only known by the colon behind it. So wherever a key may begin, the place is remembered, and tokens wait
//! in a queue until it is settled.

use std::collections::VecDeque;

use cursor::Cursor;
pub(super) use cursor::Mark;

use super::{Fault, MAX_DEPTH};

mod block;
mod cursor;
mod directive;
mod fetch;
mod flow;
mod plain;
mod tag;

pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) mark: Mark,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    StreamEnd,
    Version { major: u8, minor: u8 },
    TagDirective { handle: String, prefix: Vec<u8> },
    DocumentStart,
    DocumentEnd,
    BlockSequenceStart,
    BlockMappingStart,
    BlockEnd,
    SequenceStart,
    SequenceEnd,
    MappingStart,
    MappingEnd,
    BlockEntry,
    FlowEntry,
    Key,
    Value,
    Alias(String),
    Anchor(String),
    Tag { handle: String, suffix: Vec<u8> },
    Scalar { value: String, plain: bool },
}

/// Where a key may have begun.
#[derive(Clone, Copy, Default)]
struct SimpleKey {
    possible: bool,
    /// By the indentation there can be nothing but a key.
    required: bool,
    token: usize,
    mark: Mark,
}

/// How far behind the beginning of a key its colon may stand.
const LONGEST_KEY: usize = 1024;

pub(super) struct Scanner {
    cursor: Cursor,
    tokens: VecDeque<Token>,
    /// How many tokens have been taken from the queue.
    taken: usize,
    /// The column of the innermost block collection; -1 outside of any.
    indent: isize,
    indents: Vec<isize>,
    simple_key_allowed: bool,
    /// One a level of brackets, and one below them.
    simple_keys: Vec<SimpleKey>,
}

impl Scanner {
    pub(super) fn new(text: &[u8]) -> Self {
        Self {
            cursor: Cursor::new(text),
            tokens: VecDeque::new(),
            taken: 0,
            indent: -1,
            indents: Vec::new(),
            simple_key_allowed: true,
            simple_keys: vec![SimpleKey::default()],
        }
    }

    pub(super) fn peek(&mut self) -> Result<&Token, Fault> {
        while !self.is_head_settled()? {
            self.fetch_next()?;
        }
        Ok(&self.tokens[0])
    }

    /// The token that was peeked at.
    pub(super) fn take(&mut self) -> Result<Token, Fault> {
        self.peek()?;
        self.taken += 1;
        Ok(self.tokens.pop_front().expect("was peeked at"))
    }

    /// Whether there is a token before which no key token can come any more. At the end there always is.
    fn is_head_settled(&mut self) -> Result<bool, Fault> {
        if self.tokens.is_empty() {
            return Ok(false);
        }
        let head = self.taken;
        let awaits = |key: &SimpleKey| key.possible && key.token == head;
        match self.simple_keys.iter().position(awaits) {
            Some(level) => Ok(!self.is_key_possible(level)?),
            None => Ok(true),
        }
    }

    /// A key must fit into one line, and may not be too long.
    fn is_key_possible(&mut self, level: usize) -> Result<bool, Fault> {
        let now = self.cursor.mark;
        let key = &mut self.simple_keys[level];
        if key.possible && (key.mark.line < now.line || key.mark.index + LONGEST_KEY < now.index) {
            if key.required {
                return Err(self.cursor.fault("could not find expected ':'"));
            }
            key.possible = false;
        }
        Ok(key.possible)
    }

    /// A key may begin with the next token.
    fn save_simple_key(&mut self) -> Result<(), Fault> {
        if !self.simple_key_allowed {
            return Ok(());
        }
        self.remove_simple_key()?;
        let key = SimpleKey {
            possible: true,
            required: !self.in_flow() && self.indent == self.column(),
            token: self.taken + self.tokens.len(),
            mark: self.cursor.mark,
        };
        *self.simple_key() = key;
        Ok(())
    }

    /// What began as a key has become something else.
    fn remove_simple_key(&mut self) -> Result<(), Fault> {
        let key = *self.simple_key();
        if key.possible && key.required {
            return Err(self.cursor.fault("could not find expected ':'"));
        }
        self.simple_key().possible = false;
        Ok(())
    }

    fn simple_key(&mut self) -> &mut SimpleKey {
        self.simple_keys.last_mut().expect("one below all brackets")
    }

    /// Within brackets.
    fn in_flow(&self) -> bool {
        self.simple_keys.len() > 1
    }

    fn column(&self) -> isize {
        isize::try_from(self.cursor.mark.column).unwrap_or(isize::MAX)
    }

    /// Begins a block collection if the column is further in than the one around. Its token goes before that token
    /// of the queue.
    fn roll_indent(&mut self, column: usize, before: usize, kind: Kind, mark: Mark) -> Result<(), Fault> {
        let column = isize::try_from(column).unwrap_or(isize::MAX);
        if self.in_flow() || self.indent >= column {
            return Ok(());
        }
        if self.indents.len() == MAX_DEPTH {
            return Err(Fault::TooDeep);
        }
        self.indents.push(self.indent);
        self.indent = column;
        self.tokens.insert(before, Token { kind, mark });
        Ok(())
    }

    /// Ends the block collections that are further in than the column.
    fn unroll_indent(&mut self, column: isize) {
        if self.in_flow() {
            return;
        }
        while self.indent > column {
            self.push(Kind::BlockEnd, self.cursor.mark);
            self.indent = self.indents.pop().expect("every indent was pushed over another");
        }
    }

    fn push(&mut self, kind: Kind, mark: Mark) {
        self.tokens.push_back(Token { kind, mark });
    }
}
