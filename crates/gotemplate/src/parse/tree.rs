//! The parsed template: plain data, never changed, shared between threads.
//!
//! Positions are bytes from the start of the text. Nodes keep what it takes to show them in an error as Go does.

use crate::functions::Function;
use crate::value::Text;

pub(crate) type Nodes = Box<[Node]>;

#[derive(Debug)]
pub(crate) enum Node {
    /// What is copied to the output: a span of the text.
    Text(std::ops::Range<usize>),
    /// `{{ pipe }}`
    Action(Pipe),
    /// `{{ if }}` and `{{ with }}`
    Branch(Branch),
    Range(Range),
    Template(Call),
    Break,
    Continue,
}

#[derive(Debug)]
pub(crate) struct Branch {
    /// Whether dot is set to what was asked for.
    pub(crate) with: bool,
    /// Asked one after the other: `else if` makes a further arm.
    pub(crate) arms: Box<[Arm]>,
    pub(crate) otherwise: Nodes,
}

#[derive(Debug)]
pub(crate) struct Arm {
    pub(crate) pipe: Pipe,
    pub(crate) body: Nodes,
}

#[derive(Debug)]
pub(crate) struct Range {
    pub(crate) pipe: Pipe,
    pub(crate) body: Nodes,
    pub(crate) otherwise: Nodes,
}

/// `{{ template "name" pipe }}`
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) start: usize,
    pub(crate) name: Box<[u8]>,
    pub(crate) pipe: Option<Pipe>,
}

/// Commands that hand on their value, and the variables that get the last one.
#[derive(Debug)]
pub(crate) struct Pipe {
    pub(crate) start: usize,
    pub(crate) variables: Box<[Name]>,
    /// `=` instead of `:=`
    pub(crate) assigns: bool,
    pub(crate) commands: Box<[Command]>,
}

/// One operand, or a function or method with its arguments. Never empty.
#[derive(Debug)]
pub(crate) struct Command {
    pub(crate) start: usize,
    pub(crate) operands: Box<[Operand]>,
}

#[derive(Debug)]
pub(crate) struct Operand {
    pub(crate) start: usize,
    pub(crate) term: Term,
}

/// A name in the text, without dots: variables keep their `$`.
pub(crate) type Name = Box<str>;

#[derive(Debug)]
pub(crate) enum Term {
    Dot,
    Nil,
    Bool(bool),
    Number(Box<Number>),
    /// `source` as it is written, with its quotes.
    Text {
        source: Box<[u8]>,
        text: Text,
    },
    /// `.a.b`
    Field(Box<[Name]>),
    /// `$x.a.b`
    Variable {
        name: Name,
        fields: Box<[Name]>,
    },
    Function(&'static Function),
    /// `(pipe)`
    Pipe(Box<Pipe>),
    /// `(pipe).a.b`
    Chain {
        of: Box<Operand>,
        fields: Box<[Name]>,
    },
}

/// A number literal, as every type it may become.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Number {
    pub(crate) source: Box<str>,
    pub(crate) int: Option<i64>,
    pub(crate) uint: Option<u64>,
    pub(crate) float: Option<f64>,
    pub(crate) complex: Option<(f64, f64)>,
}

impl Pipe {
    /// Whether nothing in it comes from data.
    pub(crate) fn is_literal(&self) -> bool {
        self.commands.iter().all(Command::is_literal)
    }
}

impl Command {
    /// Whether nothing in it comes from data.
    pub(crate) fn is_literal(&self) -> bool {
        self.operands.iter().all(Operand::is_literal)
    }
}

impl Operand {
    fn is_literal(&self) -> bool {
        match &self.term {
            Term::Nil | Term::Bool(_) | Term::Number(_) | Term::Text { .. } | Term::Function(_) => true,
            Term::Dot | Term::Field(_) | Term::Variable { .. } => false,
            Term::Pipe(pipe) => pipe.is_literal(),
            Term::Chain { of, .. } => of.is_literal(),
        }
    }
}
