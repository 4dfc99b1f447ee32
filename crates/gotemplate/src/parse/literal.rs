//! Strings and characters as they are written in Go.

use lockstep_gostd::unquote::escapes;

use super::{Parsed, Parser};
use crate::lex::{Kind, Token};

impl Parser<'_> {
    /// What a string literal stands for.
    pub(super) fn unquote(&self, token: &Token) -> Parsed<Vec<u8>> {
        let source = self.text_of(token);
        let inner = source.get(1..source.len() - 1).unwrap_or_default();
        if token.kind == Kind::Raw {
            return Ok(inner.iter().copied().filter(|byte| *byte != b'\r').collect());
        }
        escapes(inner).ok_or_else(|| self.error("invalid syntax"))
    }
}
