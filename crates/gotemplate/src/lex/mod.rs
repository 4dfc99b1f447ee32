//! Cuts a template into tokens: text between actions, and what stands in actions.
//!
//! A token is a span of the text. The lexer never fails: what it cannot read is a [`Kind::Broken`] token, after which
//! nothing comes but the end.

use memchr::memmem::find;

use crate::message::Message;

mod action;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Not a token; why.
    Broken(Message),
    End,
    /// What is copied to the output.
    Text,
    LeftDelim,
    RightDelim,
    /// White space within an action.
    Space,
    LeftParen,
    RightParen,
    Pipe,
    /// `=`
    Assign,
    /// `:=`
    Declare,
    /// Any other printable ASCII character.
    Char,
    Bool,
    Number,
    /// `1+2i`
    Complex,
    /// `'a'`
    Rune,
    /// `"a"`
    Quoted,
    /// `` `a` ``
    Raw,
    Identifier,
    /// `.name`
    Field,
    /// `$` or `$name`
    Variable,
    Keyword(Keyword),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keyword {
    Block,
    Break,
    Continue,
    Define,
    Dot,
    Else,
    End,
    If,
    Nil,
    Range,
    Template,
    With,
}

#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    /// Where it stands, in bytes.
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// White space as templates know it.
const SPACE: &[u8] = b" \t\r\n";

pub(crate) struct Lexer<'s> {
    text: &'s [u8],
    left: &'s [u8],
    right: &'s [u8],
    at: usize,
    /// Where the current token starts.
    start: usize,
    in_action: bool,
    parens: usize,
    broken: bool,
}

impl<'s> Lexer<'s> {
    /// Both delimiters are non-empty.
    pub(crate) fn new(text: &'s [u8], left: &'s [u8], right: &'s [u8]) -> Self {
        Self {
            text,
            left,
            right,
            at: 0,
            start: 0,
            in_action: false,
            parens: 0,
            broken: false,
        }
    }

    pub(crate) fn next(&mut self) -> Token {
        self.start = self.at;
        if self.broken {
            self.token(Kind::End)
        } else if self.in_action {
            self.action()
        } else {
            self.text()
        }
    }

    /// Text up to the next action, or the action's delimiter, or the end.
    fn text(&mut self) -> Token {
        loop {
            let Some(length) = find(self.rest(), self.left) else {
                self.at = self.text.len();
                let kind = if self.at > self.start {
                    Kind::Text
                } else {
                    Kind::End
                };
                return self.token(kind);
            };
            let delim = self.start + length;
            if length > 0 {
                let mut text = &self.text[self.start..delim];
                if trims_left(&self.text[delim + self.left.len()..]) {
                    text = trim_end(text);
                }
                self.at = delim;
                if !text.is_empty() {
                    return Token {
                        kind: Kind::Text,
                        start: self.start,
                        end: self.start + text.len(),
                    };
                }
                self.start = delim;
            }
            match self.left_delim() {
                Some(token) => return token,
                None => self.start = self.at,
            }
        }
    }

    /// The left delimiter; none if it opens a comment, which is skipped.
    fn left_delim(&mut self) -> Option<Token> {
        self.at += self.left.len();
        let delim_end = self.at;
        if trims_left(self.rest()) {
            self.at += 2;
        }
        if self.rest().starts_with(b"/*") {
            return self.comment();
        }
        self.in_action = true;
        self.parens = 0;
        Some(Token {
            kind: Kind::LeftDelim,
            start: self.start,
            end: delim_end,
        })
    }

    /// Skips a comment with its right delimiter, or tells what is wrong with it.
    fn comment(&mut self) -> Option<Token> {
        self.start = self.at;
        self.at += 2;
        let Some(length) = find(self.rest(), b"*/") else {
            return Some(self.broken("unclosed comment"));
        };
        self.at += length + 2;
        let Some(end) = self.at_right_delim() else {
            return Some(self.broken("comment ends before closing delimiter"));
        };
        self.pass(end);
        None
    }

    fn right_delim(&mut self, end: Delim) -> Token {
        if end.trims {
            self.start += 2;
        }
        let token = Token {
            kind: Kind::RightDelim,
            start: self.start,
            end: self.start + self.right.len(),
        };
        self.pass(end);
        self.in_action = false;
        token
    }

    /// Goes behind the right delimiter, and behind the space that it trims.
    fn pass(&mut self, end: Delim) {
        self.at += self.right.len();
        if end.trims {
            self.at += 2;
            self.at += self.rest().len() - trim_start(self.rest()).len();
        }
    }

    fn at_right_delim(&self) -> Option<Delim> {
        let trims = trims_right(self.rest());
        if trims && self.rest()[2..].starts_with(self.right) {
            Some(Delim { trims: true })
        } else if self.rest().starts_with(self.right) {
            Some(Delim { trims: false })
        } else {
            None
        }
    }

    fn rest(&self) -> &'s [u8] {
        &self.text[self.at..]
    }

    /// The token from `start` to here.
    fn token(&self, kind: Kind) -> Token {
        Token {
            kind,
            start: self.start,
            end: self.at,
        }
    }

    fn broken(&mut self, message: impl Into<Message>) -> Token {
        self.broken = true;
        self.token(Kind::Broken(message.into()))
    }
}

#[derive(Clone, Copy)]
struct Delim {
    /// Whether it carries a trim marker.
    trims: bool,
}

fn is_space(byte: u8) -> bool {
    SPACE.contains(&byte)
}

/// Whether a left delimiter is followed by a trim marker.
fn trims_left(after: &[u8]) -> bool {
    matches!(after, [b'-', space, ..] if is_space(*space))
}

/// Whether a trim marker stands here.
fn trims_right(before: &[u8]) -> bool {
    matches!(before, [space, b'-', ..] if is_space(*space))
}

fn trim_start(text: &[u8]) -> &[u8] {
    let length = text.iter().take_while(|byte| is_space(**byte)).count();
    &text[length..]
}

fn trim_end(text: &[u8]) -> &[u8] {
    let length = text.iter().rev().take_while(|byte| is_space(**byte)).count();
    &text[..text.len() - length]
}
