//! A path, taken apart.

use lockstep_gostd::json::Value;

#[derive(Clone, Debug)]
pub(crate) enum Expression {
    Constant(Value<'static>),
    Negative(Box<Expression>),
    Equal {
        left: Box<Expression>,
        right: Box<Expression>,
        negated: bool,
    },
    /// From the document (`$`), or from the value that is looked at (`@`).
    Steps {
        from: From,
        steps: Vec<Step>,
    },
    /// A name without `$`, and what is looked up in it.
    Variable(Vec<Expression>),
    /// A function is called, and there are none.
    Call,
}

impl Expression {
    /// Does it stand in the path as it is?
    pub(crate) fn is_literal(&self) -> bool {
        match self {
            Self::Constant(_) => true,
            Self::Negative(operand) => operand.is_literal(),
            Self::Equal { .. } | Self::Steps { .. } | Self::Variable(_) | Self::Call => false,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum From {
    Document,
    Current,
}

#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// Leads to one value, or fails.
    One(One),
    /// Leads to any number of values, and never fails.
    Any(Any),
}

#[derive(Clone, Debug)]
pub(crate) enum One {
    Key(Expression),
    Script(Expression),
}

#[derive(Clone, Debug)]
pub(crate) enum Any {
    All,
    /// The value itself, and all that is in it at any depth.
    Below,
    Keys(Vec<Expression>),
    Filter(Expression),
    Range([Expression; 3]),
}
