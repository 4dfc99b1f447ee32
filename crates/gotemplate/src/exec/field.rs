//! Fields of maps and structs, and methods: `.a.b`.

use super::{Exec, Item, Run, quoted};
use crate::functions;
use crate::message::Message;
use crate::parse::tree::{Name, Operand};
use crate::template::MissingKey;
use crate::value::{Map, MapType, Text, Value};

impl<'t> Exec<'t, '_> {
    /// Follows the fields. The last one may be a method, which gets the arguments.
    pub(super) fn fields(
        &mut self,
        dot: &Item,
        receiver: Item,
        fields: &'t [Name],
        node: &'t Operand,
        args: &'t [Operand],
        last: Option<Item>,
    ) -> Run<Item> {
        let Some((end, path)) = fields.split_last() else {
            return Ok(receiver);
        };
        let mut receiver = receiver;
        for field in path {
            receiver = self.field(dot, &receiver, field, node, &[], None)?;
        }
        self.field(dot, &receiver, end, node, args, last)
    }

    fn field(
        &mut self,
        dot: &Item,
        receiver: &Item,
        name: &'t str,
        node: &'t Operand,
        args: &'t [Operand],
        last: Option<Item>,
    ) -> Run<Item> {
        if let Value::Nil = receiver.value {
            return self.field_of_nil(receiver, name);
        }
        if let Some(method) = functions::method(&receiver.value, name) {
            let receiver = Some(receiver.value.clone());
            return self.call(dot, method, receiver, node, args, last);
        }
        if let Some(why) = functions::refused_method(&receiver.value, name) {
            return Err(match args.len() + usize::from(last.is_some()) {
                0 => self.error(why),
                got => self.error(format!("wrong number of args for {name}: want 0 got {got}")),
            });
        }
        let has_args = !args.is_empty() || last.is_some();
        match &receiver.value {
            Value::Map(_) if has_args => {
                let message = Message::default().quotes(name);
                Err(self.error(message.says(" is not a method but has arguments")))
            }
            Value::Map(map) => self.entry(map, name),
            Value::Time(_) | Value::Version(_) | Value::Certificate(_) => {
                self.struct_field(receiver, name, has_args)
            }
            _ => Err(self.no_field(receiver, name)),
        }
    }

    fn field_of_nil(&self, receiver: &Item, name: &str) -> Run<Item> {
        if receiver.boxed {
            let message = Message::new("nil pointer evaluating interface {}.");
            return Err(self.error(message.quotes(name)));
        }
        if self.template.options.missing_key == MissingKey::Error {
            let message = Message::new("nil data; no entry for key ");
            return Err(self.error(message.quotes(&quoted(name))));
        }
        Ok(Item::none())
    }

    fn entry(&self, map: &Map, name: &str) -> Run<Item> {
        let boxed = map.kind() == MapType::Any;
        if let Some(value) = map.get(name.as_bytes()) {
            return Ok(Item::boxed(value, boxed));
        }
        match self.template.options.missing_key {
            MissingKey::Invalid => Ok(Item::none()),
            MissingKey::Zero if boxed => Ok(Item::boxed(Value::Nil, true)),
            MissingKey::Zero => Ok(Item::plain(Value::text(Text::from("")))),
            MissingKey::Error => {
                let message = Message::new("map has no entry for key ");
                Err(self.error(message.quotes(&quoted(name))))
            }
        }
    }

    fn struct_field(&self, receiver: &Item, name: &str, has_args: bool) -> Run<Item> {
        let text = match (&receiver.value, name) {
            (Value::Certificate(pair), "Cert") => &pair.cert,
            (Value::Certificate(pair), "Key") => &pair.key,
            (Value::Time(_), "wall" | "ext" | "loc")
            | (Value::Version(_), "major" | "minor" | "patch" | "pre" | "metadata" | "original") => {
                let kind = receiver.type_name();
                let message = Message::default().quotes(name);
                return Err(
                    self.error(message.says(&format!(" is an unexported field of struct type {kind}")))
                );
            }
            _ => return Err(self.no_field(receiver, name)),
        };
        if has_args {
            let message = Message::default().quotes(name);
            return Err(self.error(message.says(" has arguments but cannot be invoked as function")));
        }
        Ok(Item::plain(Value::Text(text.clone())))
    }

    fn no_field(&self, receiver: &Item, name: &str) -> crate::error::Error {
        let message = Message::new("can't evaluate field ").quotes(name);
        self.error(message.says(&format!(" in type {}", receiver.type_name())))
    }
}
