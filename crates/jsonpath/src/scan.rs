//! Tokens, as Go's `text/scanner` finds them.

use std::ops::Range;

use lockstep_gostd::unicode::{is_digit, is_letter};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    End,
    Name,
    Number,
    /// In any quotes.
    Quoted,
    Symbol(char),
}

/// Reads tokens. What is wrong inside of one shows when its text is understood.
#[derive(Debug)]
pub(crate) struct Scanner<'p> {
    path: &'p str,
    at: usize,
    token: Range<usize>,
}

impl<'p> Scanner<'p> {
    pub(crate) fn new(path: &'p str) -> Self {
        let at = if path.starts_with('\u{feff}') { 3 } else { 0 };
        Self {
            path,
            at,
            token: at..at,
        }
    }

    /// Where the last token begins.
    pub(crate) fn start(&self) -> usize {
        self.token.start
    }

    /// The last token as it is written.
    pub(crate) fn text(&self) -> &'p str {
        &self.path[self.token.clone()]
    }

    /// The character that follows the last token.
    pub(crate) fn peek(&self) -> Option<char> {
        self.path[self.at..].chars().next()
    }

    /// Passes one character.
    pub(crate) fn skip(&mut self) {
        self.at += self.peek().map_or(0, char::len_utf8);
    }

    pub(crate) fn next(&mut self) -> Token {
        self.skip_space_and_comments();
        let start = self.at;
        let token = self.token_here();
        self.token = start..self.at;
        token
    }

    fn token_here(&mut self) -> Token {
        let Some(first) = self.peek() else {
            return Token::End;
        };
        if starts_name(first) {
            self.skip_while(|c| starts_name(c) || is_digit(c));
            return Token::Name;
        }
        if first.is_ascii_digit() {
            self.number();
            return Token::Number;
        }
        self.skip();
        match first {
            '.' if self.peek().is_some_and(|c| c.is_ascii_digit()) => {
                self.fraction(10);
                Token::Number
            }
            '"' | '\'' => {
                self.quoted(first);
                Token::Quoted
            }
            '`' => {
                self.skip_while(|c| c != '`');
                self.skip();
                Token::Quoted
            }
            other => Token::Symbol(other),
        }
    }

    fn skip_space_and_comments(&mut self) {
        loop {
            self.skip_while(|c| matches!(c, ' ' | '\t' | '\n' | '\r'));
            let rest = &self.path[self.at..];
            if rest.starts_with("//") {
                self.skip_while(|c| c != '\n');
            } else if let Some(comment) = rest.strip_prefix("/*") {
                let length = comment.find("*/").map_or(comment.len(), |end| end + 2);
                self.at += 2 + length;
            } else {
                return;
            }
        }
    }

    fn skip_while(&mut self, is_wanted: impl Fn(char) -> bool) {
        let rest = &self.path[self.at..];
        self.at += rest.find(|c| !is_wanted(c)).unwrap_or(rest.len());
    }

    /// From the opening quote, which was passed, to the closing one, or to the end of the line where there is none.
    fn quoted(&mut self, quote: char) {
        while let Some(next) = self.peek() {
            match next {
                '\n' => return,
                '\\' => {
                    self.skip();
                    self.skip();
                }
                next => {
                    self.skip();
                    if next == quote {
                        return;
                    }
                }
            }
        }
    }

    fn number(&mut self) {
        let rest = &self.path.as_bytes()[self.at..];
        let base = match rest {
            [b'0', b'x' | b'X', ..] => 16,
            [b'0', b'o' | b'O', ..] => 8,
            [b'0', b'b' | b'B', ..] => 2,
            _ => 10,
        };
        if base != 10 {
            self.at += 2;
        }
        self.digits(base);
        if self.peek() == Some('.') {
            self.skip();
            self.fraction(base);
        } else {
            self.exponent();
        }
    }

    fn fraction(&mut self, base: u32) {
        self.digits(base);
        self.exponent();
    }

    fn exponent(&mut self) {
        if matches!(self.peek(), Some('e' | 'E' | 'p' | 'P')) {
            self.skip();
            if matches!(self.peek(), Some('+' | '-')) {
                self.skip();
            }
            self.digits(10);
        }
    }

    /// Decimal digits, also where the base has fewer.
    fn digits(&mut self, base: u32) {
        self.skip_while(|c| c == '_' || c.is_digit(base.max(10)));
    }
}

fn starts_name(c: char) -> bool {
    c == '_' || c.is_ascii_alphabetic() || (!c.is_ascii() && is_letter(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_those_of_go() {
        for (path, expected) in [
            ("$.a_1[ 0 ]", &["$", ".", "a_1", "[", "0", "]"][..]),
            ("\u{feff}$..é*", &["$", ".", ".", "é", "*"]),
            ("$.0.5", &["$", ".0", ".5"]),
            ("1.5e-3 0x1F.8p2 1e 0b12", &["1.5e-3", "0x1F.8p2", "1e", "0b12"]),
            (r#""a\"b" 'c' `d\`"#, &[r#""a\"b""#, "'c'", r"`d\`"]),
            ("\"open\n`open", &["\"open", "`open"]),
            ("a//b\nc/*d*/e/**", &["a", "c", "e"]),
            ("@.p/2", &["@", ".", "p", "/", "2"]),
        ] {
            let mut scanner = Scanner::new(path);
            let mut found = Vec::new();
            while scanner.next() != Token::End {
                found.push(scanner.text());
            }
            assert_eq!(found, expected, "{path:?}");
        }
    }
}
