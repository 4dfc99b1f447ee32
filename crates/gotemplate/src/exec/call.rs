//! Calls functions and methods.

use super::{Exec, Item, Run, WITHHELD};
use crate::error::Error;
use crate::fault::Fault;
use crate::functions::{Args, Function, Param};
use crate::message::Message;
use crate::parse::show::Show;
use crate::parse::tree::{Command, Operand};
use crate::value::Value;

impl<'t> Exec<'t, '_> {
    /// `receiver` makes it a method. `last` is what the pipe hands on: one more argument. An error of the function
    /// itself points at `node`.
    pub(super) fn call(
        &mut self,
        dot: &Item,
        function: &'static Function,
        receiver: Option<Value>,
        node: &'t dyn Show,
        args: &'t [Operand],
        last: Option<Item>,
    ) -> Run<Item> {
        let params = function.params;
        self.count(function, params.len(), args.len(), last.is_some())?;
        let decided = match function.name {
            "and" => Some(false),
            "or" => Some(true),
            _ => None,
        };
        let mut values: Vec<Value> = receiver.into_iter().collect();
        let param = |nth: usize| params.get(nth).copied().or(function.rest).unwrap_or(Param::Any);
        let mut open = true;
        for (nth, operand) in args.iter().enumerate() {
            let value = self.argument(dot, param(nth), operand)?;
            open = decided != Some(value.is_true());
            values.push(value);
            if !open {
                break;
            }
        }
        if let Some(last) = last.filter(|_| open) {
            values.push(self.fit(last, param(args.len()))?);
        }
        match (function.call)(&mut self.env, Args(&values)) {
            Ok(value) => Ok(Item::plain(value)),
            Err(fault) => {
                self.at(node);
                Err(self.failed(function, fault))
            }
        }
    }

    fn count(&self, function: &Function, wanted: usize, args: usize, piped: bool) -> Run<()> {
        let name = function.name;
        let got = args + usize::from(piped);
        if function.rest.is_some() {
            if got < wanted {
                let message = format!("wrong number of args for {name}: want at least {wanted} got {args}");
                return Err(self.error(message));
            }
        } else if got != wanted {
            return Err(self.error(format!(
                "wrong number of args for {name}: want {wanted} got {got}"
            )));
        }
        Ok(())
    }

    fn failed(&self, function: &Function, fault: Fault) -> Error {
        let message = Message::from(format!("error calling {}: ", function.name));
        self.error(match fault {
            Fault::Says(text) => message.says(&text),
            Fault::Chosen(text) if self.stage.iter().all(Command::is_literal) => {
                message.quotes(&String::from_utf8_lossy(&text))
            }
            Fault::Chosen(_) => message.says(WITHHELD),
        })
    }
}
