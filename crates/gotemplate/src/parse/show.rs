//! Shows nodes as Go does in its errors.

use super::tree::{Call, Command, Name, Operand, Pipe, Term};
use crate::unicode::quote;

/// Anything that an error can point at.
pub(crate) trait Show {
    fn start(&self) -> usize;

    fn show(&self, out: &mut Vec<u8>);
}

impl Show for Call {
    fn start(&self) -> usize {
        self.start
    }

    fn show(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{{template ");
        out.extend_from_slice(quote(&self.name).as_bytes());
        if let Some(pipe) = &self.pipe {
            out.push(b' ');
            pipe.show(out);
        }
        out.extend_from_slice(b"}}");
    }
}

impl Show for Pipe {
    fn start(&self) -> usize {
        self.start
    }

    fn show(&self, out: &mut Vec<u8>) {
        if !self.variables.is_empty() {
            out.extend_from_slice(self.variables.join(", ").as_bytes());
            out.extend_from_slice(if self.assigns { b" = " } else { b" := " });
        }
        for (nth, command) in self.commands.iter().enumerate() {
            if nth > 0 {
                out.extend_from_slice(b" | ");
            }
            command.show(out);
        }
    }
}

impl Show for Command {
    fn start(&self) -> usize {
        self.start
    }

    fn show(&self, out: &mut Vec<u8>) {
        for (nth, operand) in self.operands.iter().enumerate() {
            if nth > 0 {
                out.push(b' ');
            }
            operand.show_within(out);
        }
    }
}

impl Show for Operand {
    fn start(&self) -> usize {
        self.start
    }

    fn show(&self, out: &mut Vec<u8>) {
        match &self.term {
            Term::Dot => out.push(b'.'),
            Term::Nil => out.extend_from_slice(b"nil"),
            Term::Bool(value) => out.extend_from_slice(if *value { b"true" } else { b"false" }),
            Term::Number(number) => out.extend_from_slice(number.source.as_bytes()),
            Term::Text { source, .. } => out.extend_from_slice(source),
            Term::Field(fields) => show_fields(out, fields),
            Term::Variable { name, fields } => {
                out.extend_from_slice(name.as_bytes());
                show_fields(out, fields);
            }
            Term::Function(function) => out.extend_from_slice(function.name.as_bytes()),
            Term::Pipe(pipe) => pipe.show(out),
            Term::Chain { of, fields } => {
                of.show_within(out);
                show_fields(out, fields);
            }
        }
    }
}

impl Operand {
    /// As part of something else: a pipe has its parentheses.
    fn show_within(&self, out: &mut Vec<u8>) {
        if matches!(self.term, Term::Pipe(_)) {
            out.push(b'(');
            self.show(out);
            out.push(b')');
        } else {
            self.show(out);
        }
    }
}

fn show_fields(out: &mut Vec<u8>, fields: &[Name]) {
    for field in fields {
        out.push(b'.');
        out.extend_from_slice(field.as_bytes());
    }
}
