//! Holds arguments against the types of parameters, as Go does.

use super::{Exec, Item, Run, shown};
use crate::error::Error;
use crate::functions::Param;
use crate::message::Message;
use crate::parse::tree::{Operand, Term};
use crate::value::{IntType, ListType, MapType, UintType, Value, type_name};

impl<'t> Exec<'t, '_> {
    /// An argument for a parameter of that type.
    pub(super) fn argument(&mut self, dot: &Item, param: Param, operand: &'t Operand) -> Run<Value> {
        self.at(operand);
        match &operand.term {
            Term::Nil if param.takes_nil() => Ok(Value::Nil),
            Term::Nil => Err(self.error(format!("cannot assign nil to {}", param.name()))),
            Term::Bool(_) | Term::Number(_) | Term::Text { .. } => self.convert(param, operand),
            _ => {
                let item = self.operand(dot, operand)?;
                self.fit(item, param)
            }
        }
    }

    /// A literal becomes what the parameter asks for.
    fn convert(&mut self, param: Param, operand: &'t Operand) -> Run<Value> {
        let int = |kind| match &operand.term {
            Term::Number(number) => number.int.map(|int| Value::Int(int, kind)),
            _ => None,
        };
        let (value, expected) = match param {
            Param::Any => return self.literal(operand).map(|item| item.value),
            Param::Bool => match operand.term {
                Term::Bool(value) => (Some(Value::Bool(value)), "bool"),
                _ => (None, "bool"),
            },
            Param::Int => (int(IntType::Int), "integer"),
            Param::Duration => (int(IntType::Duration), "integer"),
            Param::Uint32 => (uint32(operand), "unsigned integer"),
            Param::Float => match &operand.term {
                Term::Number(number) => (number.float.map(Value::Float), "float"),
                _ => (None, "float"),
            },
            Param::Text | Param::Literal => match &operand.term {
                Term::Text { text, .. } => (Some(Value::Text(text.clone())), "string"),
                _ => (None, "string"),
            },
            Param::List | Param::Map | Param::Time | Param::Version | Param::Certificate => {
                let message = Message::new("can't handle ").quotes(&shown(operand));
                return Err(self.error(message.says(&format!(" for arg of type {}", param.name()))));
            }
        };
        value.ok_or_else(|| {
            let message = Message::from(format!("expected {expected}; found "));
            self.error(message.quotes(&shown(operand)))
        })
    }

    /// A value that is no literal fits or does not.
    pub(super) fn fit(&self, item: Item, param: Param) -> Run<Value> {
        if matches!(item.value, Value::Nil) && !item.boxed {
            return if param.takes_nil() {
                Ok(Value::Nil)
            } else {
                Err(self.error(format!("invalid value; expected {}", param.name())))
            };
        }
        if fits(&item.value, param) {
            return Ok(item.value);
        }
        Err(self.misfit(&item.value, param))
    }

    fn misfit(&self, value: &Value, param: Param) -> Error {
        let found = match value {
            Value::Nil => "interface {}",
            _ => type_name(value),
        };
        let expected = param.name();
        self.error(format!("wrong type for value; expected {expected}; got {found}"))
    }
}

/// Go does not look at the size.
#[expect(clippy::cast_possible_truncation, reason = "as in Go")]
fn uint32(operand: &Operand) -> Option<Value> {
    match &operand.term {
        Term::Number(number) => {
            let value = number.uint? as u32;
            Some(Value::Uint(value.into(), UintType::Uint32))
        }
        _ => None,
    }
}

fn fits(value: &Value, param: Param) -> bool {
    match param {
        Param::Any => true,
        Param::Bool => matches!(value, Value::Bool(_)),
        Param::Int => matches!(value, Value::Int(_, IntType::Int)),
        Param::Duration => matches!(value, Value::Int(_, IntType::Duration)),
        Param::Uint32 => matches!(value, Value::Uint(_, UintType::Uint32)),
        Param::Float => matches!(value, Value::Float(_)),
        Param::Text => matches!(value, Value::Text(_)),
        Param::Literal => false,
        Param::List => matches!(value, Value::List(list) if list.kind() == ListType::Any),
        Param::Map => matches!(value, Value::Map(map) if map.kind() == MapType::Any),
        Param::Time => matches!(value, Value::Time(_)),
        Param::Version => matches!(value, Value::Version(version) if !version.by_value),
        Param::Certificate => matches!(value, Value::Certificate(_)),
    }
}
