//! Pipelines: `$x := a | b c`.

use super::tree::{Command, Name, Pipe, Term};
use super::{Parsed, Parser};
use crate::lex::{Keyword, Kind, Token};

impl Parser<'_> {
    /// A pipeline with its closing token.
    pub(super) fn pipe(&mut self, context: &str, close: &Kind) -> Parsed<Pipe> {
        let start = self.peek_solid().start;
        let (variables, assigns) = self.variables(context)?;
        let mut commands = Vec::new();
        loop {
            let token = self.next_solid();
            if token.kind == *close {
                break;
            }
            if !starts_operand(&token.kind) {
                return Err(self.unexpected(&token, context));
            }
            self.put_back(token);
            commands.push(self.command()?);
        }
        let pipe = Pipe {
            start,
            variables: variables.into(),
            assigns,
            commands: commands.into(),
        };
        self.check(&pipe, context)?;
        Ok(pipe)
    }

    /// Variables with `:=` or `=`, if there are any.
    fn variables(&mut self, context: &str) -> Parsed<(Vec<Name>, bool)> {
        let mut names = Vec::new();
        while self.peek_solid().kind == Kind::Variable {
            let variable = self.next();
            let space = match self.peek().kind {
                Kind::Space => Some(self.next()),
                _ => None,
            };
            let next = self.next_solid();
            if matches!(next.kind, Kind::Assign | Kind::Declare) {
                self.declare(&variable, &mut names);
                return Ok((names, next.kind == Kind::Assign));
            }
            if !self.is_comma(&next) {
                // An operand after all.
                self.put_back(next);
                if let Some(space) = space {
                    self.put_back(space);
                }
                self.put_back(variable);
                break;
            }
            self.declare(&variable, &mut names);
            self.second_variable(context, names.len())?;
        }
        Ok((names, false))
    }

    /// After a comma: only `range` takes a second variable.
    fn second_variable(&mut self, context: &str, names: usize) -> Parsed<()> {
        if context != "range" || names > 1 {
            return Err(self.error(format!("too many declarations in {context}")));
        }
        match self.peek_solid().kind {
            Kind::Variable | Kind::RightDelim | Kind::RightParen => Ok(()),
            _ => Err(self.error("range can only initialize variables")),
        }
    }

    fn declare(&mut self, variable: &Token, names: &mut Vec<Name>) {
        let name = self.text_of(variable);
        self.scope.variables.push(name);
        names.push(String::from_utf8_lossy(name).into());
    }

    fn is_comma(&self, token: &Token) -> bool {
        token.kind == Kind::Char && self.text_of(token) == b","
    }

    fn check(&self, pipe: &Pipe, context: &str) -> Parsed<()> {
        if pipe.commands.is_empty() {
            return Err(self.error(format!("missing value for {context}")));
        }
        for (nth, command) in pipe.commands.iter().enumerate().skip(1) {
            let first = command.operands.first().map(|operand| &operand.term);
            if let Some(Term::Bool(_) | Term::Dot | Term::Nil | Term::Number(_) | Term::Text { .. }) = first {
                let message = format!("non executable command in pipeline stage {}", nth + 1);
                return Err(self.error(message));
            }
        }
        Ok(())
    }

    /// Operands up to a `|`, which is eaten, or the end of the pipeline, which is not.
    fn command(&mut self) -> Parsed<Command> {
        let start = self.peek_solid().start;
        let mut operands = Vec::new();
        loop {
            self.peek_solid();
            operands.extend(self.operand()?);
            let token = self.next();
            match token.kind {
                Kind::Space => {}
                Kind::Pipe => break,
                Kind::RightDelim | Kind::RightParen => {
                    self.put_back(token);
                    break;
                }
                _ => return Err(self.unexpected(&token, "operand")),
            }
        }
        if operands.is_empty() {
            return Err(self.error("empty command"));
        }
        Ok(Command {
            start,
            operands: operands.into(),
        })
    }
}

fn starts_operand(kind: &Kind) -> bool {
    matches!(
        kind,
        Kind::Bool
            | Kind::Rune
            | Kind::Complex
            | Kind::Field
            | Kind::Identifier
            | Kind::Number
            | Kind::Raw
            | Kind::Quoted
            | Kind::Variable
            | Kind::LeftParen
            | Kind::Keyword(Keyword::Dot | Keyword::Nil)
    )
}
