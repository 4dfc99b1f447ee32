//! What a path leads to.

use std::rc::Rc;

use lockstep_gostd::float;
use lockstep_gostd::json::{Number, Value};

/// What a path leads to. Clones are cheap.
#[derive(Clone, PartialEq)]
pub enum Found<'a> {
    /// A value of the document, or a constant of the path.
    One(&'a Value<'a>),
    /// A number that was worked out.
    Number(f64),
    /// All that matched.
    Many(Rc<[Found<'a>]>),
}

static NULL: Value<'static> = Value::Null;
static FALSE: Value<'static> = Value::Bool(false);
static TRUE: Value<'static> = Value::Bool(true);

impl<'a> Found<'a> {
    pub(crate) fn null() -> Self {
        Self::One(&NULL)
    }

    pub(crate) fn bool(value: bool) -> Self {
        Self::One(if value { &TRUE } else { &FALSE })
    }

    /// Go's name of its type.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::One(Value::Null) => "<nil>",
            Self::One(Value::Bool(_)) => "bool",
            Self::One(Value::Number(_)) | Self::Number(_) => "float64",
            Self::One(Value::Text(_)) => "string",
            Self::One(Value::Array(_)) | Self::Many(_) => "[]interface {}",
            Self::One(Value::Object(_)) => "map[string]interface {}",
        }
    }

    /// The elements of an array.
    pub(crate) fn elements(&self) -> Option<Elements<'_, 'a>> {
        match self {
            Self::One(Value::Array(elements)) => Some(Elements::Values(elements)),
            Self::Many(found) => Some(Elements::Found(found)),
            Self::One(_) | Self::Number(_) => None,
        }
    }

    /// As a number, which texts can be too.
    pub(crate) fn number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::One(Value::Number(number)) => Some(as_float(number)),
            Self::One(Value::Text(text)) => float::parse(text.as_bytes()).ok(),
            Self::One(_) | Self::Many(_) => None,
        }
    }

    /// Does it count as true? Not everything can be said to.
    pub(crate) fn truth(&self) -> Option<bool> {
        match self {
            Self::One(Value::Bool(value)) => Some(*value),
            Self::One(Value::Null) => Some(false),
            Self::One(Value::Text(text)) if matches!(text.as_ref(), "false" | "FALSE") => Some(false),
            Self::One(Value::Text(text)) if matches!(text.as_ref(), "true" | "TRUE") => Some(true),
            _ => self.number().map(|number| number != 0.0),
        }
    }

    /// As the name of a member.
    pub(crate) fn name(&self) -> Option<String> {
        match self {
            Self::One(Value::Null) => Some("<nil>".to_owned()),
            Self::One(Value::Bool(value)) => Some(value.to_string()),
            Self::One(Value::Text(text)) => Some(text.to_string()),
            Self::One(Value::Number(_)) | Self::Number(_) => self.number().map(float::text),
            Self::One(Value::Array(_) | Value::Object(_)) | Self::Many(_) => None,
        }
    }
}

/// Shows the kind only, for the content may be a secret.
impl std::fmt::Debug for Found<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Found({})", self.kind())
    }
}

pub(crate) enum Elements<'e, 'a> {
    Values(&'a [Value<'a>]),
    Found(&'e [Found<'a>]),
}

impl<'a> Elements<'_, 'a> {
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Values(values) => values.len(),
            Self::Found(found) => found.len(),
        }
    }

    pub(crate) fn get(&self, index: usize) -> Option<Found<'a>> {
        match self {
            Self::Values(values) => values.get(index).map(Found::One),
            Self::Found(found) => found.get(index).cloned(),
        }
    }
}

/// Beyond all numbers is infinity.
pub(crate) fn as_float(number: &Number) -> f64 {
    match number {
        Number::Float(value) => *value,
        Number::Literal(text) => text.parse().unwrap_or(f64::INFINITY),
    }
}
