//! Operands: literals, names, and what stands in parentheses.

use super::show::Show as _;
use super::tree::{Name, Operand, Term};
use super::{Parsed, Parser};
use crate::functions;
use crate::lex::{Keyword, Kind, Token};
use crate::message::Message;
use crate::unicode::quote;

impl Parser<'_> {
    /// A term and the fields behind it. None if something else comes next.
    pub(super) fn operand(&mut self) -> Parsed<Option<Operand>> {
        let token = self.next_solid();
        let Some(term) = self.term(&token)? else {
            self.put_back(token);
            return Ok(None);
        };
        let operand = Operand {
            start: token.start,
            term,
        };
        if self.peek().kind == Kind::Field {
            self.chain(operand).map(Some)
        } else {
            Ok(Some(operand))
        }
    }

    /// Go says that the whole starts where its fields start.
    fn chain(&mut self, of: Operand) -> Parsed<Operand> {
        let start = self.peek().start;
        let mut fields = Vec::new();
        while self.peek().kind == Kind::Field {
            let token = self.next();
            fields.push(self.field(&token));
        }
        let term = match of.term {
            Term::Field(first) => Term::Field(first.into_iter().chain(fields).collect()),
            Term::Variable { name, .. } => Term::Variable {
                name,
                fields: fields.into(),
            },
            Term::Bool(_) | Term::Text { .. } | Term::Number(_) | Term::Nil | Term::Dot => {
                let mut shown = Vec::new();
                of.show(&mut shown);
                return Err(self.error(Message::new("unexpected . after term ").quotes(&quote(&shown))));
            }
            Term::Function(_) | Term::Pipe(_) | Term::Chain { .. } => Term::Chain {
                of: Box::new(of),
                fields: fields.into(),
            },
        };
        Ok(Operand { start, term })
    }

    fn term(&mut self, token: &Token) -> Parsed<Option<Term>> {
        let text = self.text_of(token);
        let term = match token.kind {
            Kind::Keyword(Keyword::Dot) => Term::Dot,
            Kind::Keyword(Keyword::Nil) => Term::Nil,
            Kind::Bool => Term::Bool(text == b"true"),
            Kind::Rune | Kind::Complex | Kind::Number => Term::Number(Box::new(self.number(token)?)),
            Kind::Quoted | Kind::Raw => Term::Text {
                source: text.into(),
                text: self.unquote(token)?.into(),
            },
            Kind::Field => Term::Field([self.field(token)].into()),
            Kind::Variable => self.variable(text)?,
            Kind::Identifier => self.function(text)?,
            Kind::LeftParen => {
                let pipe = self.nest(|it| it.pipe("parenthesized pipeline", &Kind::RightParen))?;
                Term::Pipe(Box::new(pipe))
            }
            _ => return Ok(None),
        };
        Ok(Some(term))
    }

    fn variable(&self, name: &[u8]) -> Parsed<Term> {
        if !self.scope.variables.contains(&name) {
            return Err(self.error(Message::new("undefined variable ").quotes(&quote(name))));
        }
        Ok(Term::Variable {
            name: String::from_utf8_lossy(name).into(),
            fields: Box::default(),
        })
    }

    fn function(&self, name: &[u8]) -> Parsed<Term> {
        let found = str::from_utf8(name).ok().and_then(functions::find);
        found.map(Term::Function).ok_or_else(|| {
            let message = Message::new("function ").quotes(&quote(name));
            self.error(message.says(" not defined"))
        })
    }

    /// The name of a field token, which starts with a dot. Names are letters and digits, hence UTF-8.
    fn field(&self, token: &Token) -> Name {
        let name = &self.text_of(token)[1..];
        String::from_utf8_lossy(name).into()
    }
}
