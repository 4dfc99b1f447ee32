//! What stands between two delimiters.

use super::{Keyword, Kind, Lexer, Token, is_space, trims_right};
use crate::message::Message;
use crate::unicode::{decode, describe, is_alphanumeric, quote};

impl Lexer<'_> {
    pub(super) fn action(&mut self) -> Token {
        if let Some(end) = self.at_right_delim() {
            if self.parens > 0 {
                return self.broken("unclosed left paren");
            }
            return self.right_delim(end);
        }
        let Some(first) = self.bump() else {
            return self.broken("unclosed action");
        };
        match first {
            ' ' | '\t' | '\r' | '\n' => self.space(),
            '=' => self.token(Kind::Assign),
            ':' => match self.bump() {
                Some('=') => self.token(Kind::Declare),
                _ => self.broken("expected :="),
            },
            '|' => self.token(Kind::Pipe),
            '"' => self.delimited(b'"', Kind::Quoted, "unterminated quoted string"),
            '\'' => self.delimited(b'\'', Kind::Rune, "unterminated character constant"),
            '`' => self.raw(),
            '$' => self.name(Kind::Variable, Kind::Variable),
            '.' if self.rest().first().is_some_and(|next| !next.is_ascii_digit()) => {
                self.name(Kind::Keyword(Keyword::Dot), Kind::Field)
            }
            '.' | '+' | '-' | '0'..='9' => self.number(),
            '(' => {
                self.parens += 1;
                self.token(Kind::LeftParen)
            }
            ')' if self.parens == 0 => self.broken("unexpected right paren"),
            ')' => {
                self.parens -= 1;
                self.token(Kind::RightParen)
            }
            _ if is_alphanumeric(first) => self.identifier(),
            '!'..='~' => self.token(Kind::Char),
            _ => {
                let message = Message::new("unrecognized character in action: ");
                self.broken(message.quotes(&describe(first)))
            }
        }
    }

    /// A run of white space. Its last one may belong to a trim marker.
    fn space(&mut self) -> Token {
        while self.rest().first().is_some_and(|next| is_space(*next)) {
            self.at += 1;
        }
        let last = &self.text[self.at - 1..];
        if trims_right(last) && last[2..].starts_with(self.right) {
            // More than one space: a lone one would have been taken for the delimiter already.
            self.at -= 1;
        }
        self.token(Kind::Space)
    }

    /// Up to an unescaped `close`, on one line.
    fn delimited(&mut self, close: u8, kind: Kind, unterminated: &'static str) -> Token {
        loop {
            match self.bump_byte() {
                Some(b'\\') => {
                    if matches!(self.bump_byte(), None | Some(b'\n')) {
                        return self.broken(unterminated);
                    }
                }
                None | Some(b'\n') => return self.broken(unterminated),
                Some(byte) if byte == close => return self.token(kind),
                Some(_) => {}
            }
        }
    }

    fn raw(&mut self) -> Token {
        loop {
            match self.bump_byte() {
                None => return self.broken("unterminated raw quoted string"),
                Some(b'`') => return self.token(Kind::Raw),
                Some(_) => {}
            }
        }
    }

    /// What follows a `$` or `.`: nothing or a name.
    fn name(&mut self, alone: Kind, named: Kind) -> Token {
        if self.at_terminator() {
            return self.token(alone);
        }
        self.skip_alphanumeric();
        if self.at_terminator() {
            self.token(named)
        } else {
            self.bad_character()
        }
    }

    fn identifier(&mut self) -> Token {
        self.skip_alphanumeric();
        if !self.at_terminator() {
            return self.bad_character();
        }
        let kind = match &self.text[self.start..self.at] {
            b"true" | b"false" => Kind::Bool,
            word => keyword(word).map_or(Kind::Identifier, Kind::Keyword),
        };
        self.token(kind)
    }

    fn bad_character(&mut self) -> Token {
        let char = self.peek().unwrap_or(char::REPLACEMENT_CHARACTER);
        self.broken(Message::new("bad character ").quotes(&describe(char)))
    }

    /// Whether a word may end here.
    fn at_terminator(&self) -> bool {
        match self.rest().first() {
            None | Some(b' ' | b'\t' | b'\r' | b'\n' | b'.' | b',' | b'|' | b':' | b')' | b'(') => true,
            Some(_) => self.rest().starts_with(self.right),
        }
    }

    /// Anything that looks like a number; whether it is one, the parser finds out.
    fn number(&mut self) -> Token {
        self.at = self.start;
        if !self.scan_number() {
            return self.bad_number();
        }
        if !matches!(self.rest().first(), Some(b'+' | b'-')) {
            return self.token(Kind::Number);
        }
        if self.scan_number() && self.text[self.at - 1] == b'i' {
            self.token(Kind::Complex)
        } else {
            self.bad_number()
        }
    }

    fn bad_number(&mut self) -> Token {
        let text = quote(&self.text[self.start..self.at]);
        self.broken(Message::new("bad number syntax: ").quotes(&text))
    }

    fn scan_number(&mut self) -> bool {
        const DECIMAL: &[u8] = b"0123456789_";
        const HEX: &[u8] = b"0123456789abcdefABCDEF_";
        self.accept(b"+-");
        let mut digits = DECIMAL;
        if self.accept(b"0") {
            if self.accept(b"xX") {
                digits = HEX;
            } else if self.accept(b"oO") {
                digits = b"01234567_";
            } else if self.accept(b"bB") {
                digits = b"01_";
            }
        }
        self.accept_run(digits);
        if self.accept(b".") {
            self.accept_run(digits);
        }
        if (digits == DECIMAL && self.accept(b"eE")) || (digits == HEX && self.accept(b"pP")) {
            self.accept(b"+-");
            self.accept_run(DECIMAL);
        }
        self.accept(b"i");
        if self.peek().is_some_and(is_alphanumeric) {
            self.bump();
            return false;
        }
        true
    }

    fn accept(&mut self, any: &[u8]) -> bool {
        let found = self.rest().first().is_some_and(|next| any.contains(next));
        self.at += usize::from(found);
        found
    }

    fn accept_run(&mut self, any: &[u8]) {
        while self.accept(any) {}
    }

    fn skip_alphanumeric(&mut self) {
        while self.peek().is_some_and(is_alphanumeric) {
            self.bump();
        }
    }

    fn peek(&self) -> Option<char> {
        decode(self.rest()).map(|(char, _)| char)
    }

    fn bump(&mut self) -> Option<char> {
        let (char, width) = decode(self.rest())?;
        self.at += width;
        Some(char)
    }

    /// For where only ASCII matters.
    fn bump_byte(&mut self) -> Option<u8> {
        let byte = *self.rest().first()?;
        self.at += 1;
        Some(byte)
    }
}

fn keyword(word: &[u8]) -> Option<Keyword> {
    Some(match word {
        b"block" => Keyword::Block,
        b"break" => Keyword::Break,
        b"continue" => Keyword::Continue,
        b"define" => Keyword::Define,
        b"else" => Keyword::Else,
        b"end" => Keyword::End,
        b"if" => Keyword::If,
        b"nil" => Keyword::Nil,
        b"range" => Keyword::Range,
        b"template" => Keyword::Template,
        b"with" => Keyword::With,
        _ => return None,
    })
}
