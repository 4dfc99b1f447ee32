//! Evaluates pipelines, commands and operands.

use super::{Exec, Item, Run, STEP, shown};
use crate::message::Message;
use crate::parse::tree::{Command, Number, Operand, Pipe, Term};
use crate::value::Value;

impl<'t> Exec<'t, '_> {
    /// The value of the last command. Variables get it too.
    pub(super) fn pipe(&mut self, dot: &Item, pipe: &'t Pipe) -> Run<Item> {
        self.at(pipe);
        let outer = self.stage;
        let last = self.deeper(|it| it.commands(dot, &pipe.commands))?;
        self.stage = outer;
        for name in &pipe.variables {
            if pipe.assigns {
                self.assign(name, last.clone())?;
            } else {
                self.variables.push((name, last.clone()));
            }
        }
        Ok(last)
    }

    fn commands(&mut self, dot: &Item, commands: &'t [Command]) -> Run<Item> {
        let mut last = None;
        for (nth, command) in commands.iter().enumerate() {
            self.spend(STEP)?;
            self.stage = &commands[..=nth];
            let item = self.command(dot, command, last)?;
            // Go looks into an interface here.
            last = Some(Item::plain(item.value));
        }
        Ok(last.unwrap_or_else(Item::none))
    }

    fn command(&mut self, dot: &Item, command: &'t Command, last: Option<Item>) -> Run<Item> {
        let Some((first, args)) = command.operands.split_first() else {
            return Ok(Item::none());
        };
        match &first.term {
            Term::Field(fields) => {
                self.at(first);
                self.fields(dot, dot.clone(), fields, first, args, last)
            }
            Term::Chain { of, fields } => {
                self.at(first);
                let receiver = self.operand(dot, of)?;
                self.fields(dot, receiver, fields, first, args, last)
            }
            Term::Function(function) => {
                self.at(first);
                self.call(dot, function, None, command, args, last)
            }
            Term::Variable { name, fields } if !fields.is_empty() => {
                self.at(first);
                let receiver = self.variable(name)?;
                self.fields(dot, receiver, fields, first, args, last)
            }
            Term::Variable { name, .. } => {
                self.at(first);
                let item = self.variable(name)?;
                self.takes_nothing(first, args, last.as_ref())?;
                Ok(item)
            }
            Term::Pipe(pipe) => {
                self.takes_nothing(first, args, last.as_ref())?;
                self.pipe(dot, pipe)
            }
            Term::Dot | Term::Nil | Term::Bool(_) | Term::Number(_) | Term::Text { .. } => {
                self.at(first);
                self.takes_nothing(first, args, last.as_ref())?;
                match &first.term {
                    Term::Dot => Ok(dot.clone()),
                    Term::Nil => Err(self.error("nil is not a command")),
                    _ => self.literal(first),
                }
            }
        }
    }

    /// Only functions take arguments.
    fn takes_nothing(&self, first: &Operand, args: &[Operand], last: Option<&Item>) -> Run<()> {
        if args.is_empty() && last.is_none() {
            return Ok(());
        }
        let message = Message::new("can't give argument to non-function ");
        Err(self.error(message.quotes(&shown(first))))
    }

    /// An operand that stands for itself, without arguments.
    pub(super) fn operand(&mut self, dot: &Item, operand: &'t Operand) -> Run<Item> {
        self.at(operand);
        match &operand.term {
            Term::Dot => Ok(dot.clone()),
            Term::Nil => Ok(Item::none()),
            Term::Bool(_) | Term::Number(_) | Term::Text { .. } => self.literal(operand),
            Term::Field(fields) => self.fields(dot, dot.clone(), fields, operand, &[], None),
            Term::Variable { name, fields } => {
                let receiver = self.variable(name)?;
                self.fields(dot, receiver, fields, operand, &[], None)
            }
            Term::Function(function) => {
                let item = self.call(dot, function, None, operand, &[], None)?;
                // Whatever can give nil here, gives it as an interface: `coalesce`.
                let boxed = matches!(item.value, Value::Nil);
                Ok(Item::boxed(item.value, boxed))
            }
            Term::Pipe(pipe) => self.pipe(dot, pipe),
            Term::Chain { of, fields } => {
                let receiver = self.operand(dot, of)?;
                self.fields(dot, receiver, fields, operand, &[], None)
            }
        }
    }

    /// A literal where any type will do.
    pub(super) fn literal(&mut self, operand: &'t Operand) -> Run<Item> {
        self.at(operand);
        Ok(Item::plain(match &operand.term {
            Term::Bool(value) => Value::Bool(*value),
            Term::Text { text, .. } => Value::Text(text.clone()),
            Term::Number(number) => self.number(number)?,
            _ => Value::Nil,
        }))
    }

    /// How a number is written tells its type.
    fn number(&self, number: &Number) -> Run<Value> {
        let source = &*number.source;
        if let Some((re, im)) = number.complex {
            return Ok(Value::Complex(re, im));
        }
        let is_hex = source.len() > 2 && (source.starts_with("0x") || source.starts_with("0X"));
        let is_integer = source.starts_with('\'') || is_hex && !source.contains(['p', 'P']);
        match (number.float, number.int) {
            (Some(float), _) if !is_integer && source.contains(['.', 'e', 'E', 'p', 'P']) => {
                Ok(Value::Float(float))
            }
            (_, Some(int)) => Ok(Value::int(int)),
            _ => Err(self.error(Message::default().quotes(source).says(" overflows int"))),
        }
    }

    fn variable(&self, name: &str) -> Run<Item> {
        let seen = self.variables[self.frame..].iter().rev();
        let found = seen.into_iter().find(|(known, _)| *known == name);
        found
            .map(|(_, item)| item.clone())
            .ok_or_else(|| self.undefined(name))
    }

    /// Gives a new value to the variable of that name that was declared last.
    pub(super) fn assign(&mut self, name: &str, item: Item) -> Run<()> {
        let mut seen = self.variables[self.frame..].iter_mut().rev();
        match seen.find(|(known, _)| *known == name) {
            Some((_, variable)) => {
                *variable = item;
                Ok(())
            }
            None => Err(self.undefined(name)),
        }
    }

    fn undefined(&self, name: &str) -> crate::error::Error {
        self.error(Message::new("undefined variable: ").quotes(name))
    }
}
