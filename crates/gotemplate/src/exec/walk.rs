//! Walks the nodes of a template, writing as it goes.

use super::{Exec, Item, Run, STEP};
use crate::message::Message;
use crate::parse::tree::{Branch, Call, Node, Pipe, Range};
use crate::unicode::quote;
use crate::value::{IntType, ListType, MapType, UintType, Value, display, type_name};

/// How to go on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flow {
    Next,
    Break,
    Continue,
}

impl<'t> Exec<'t, '_> {
    /// Runs a named template with variables of its own. That it is there, the caller knows; nobody minds if not.
    pub(super) fn part(&mut self, name: &'t [u8], dot: &Item) -> Run<()> {
        let Some((name, nodes)) = self.template.parts.get_key_value(name) else {
            return Ok(());
        };
        let outer = (self.part, self.frame);
        self.part = name;
        self.frame = self.variables.len();
        self.variables.push(("$", dot.clone()));
        self.walk(dot, nodes)?;
        self.variables.truncate(self.frame);
        (self.part, self.frame) = outer;
        Ok(())
    }

    fn walk(&mut self, dot: &Item, nodes: &'t [Node]) -> Run<Flow> {
        self.deeper(|it| {
            for node in nodes {
                it.spend(STEP)?;
                let flow = it.node(dot, node)?;
                if flow != Flow::Next {
                    return Ok(flow);
                }
            }
            Ok(Flow::Next)
        })
    }

    fn node(&mut self, dot: &Item, node: &'t Node) -> Run<Flow> {
        match node {
            Node::Text(span) => {
                let template = self.template;
                self.write(&template.text[span.clone()])?;
            }
            Node::Action(pipe) => self.action(dot, pipe)?,
            Node::Branch(branch) => return self.branch(dot, branch),
            Node::Range(range) => return self.range(dot, range),
            Node::Template(call) => self.template(dot, call)?,
            Node::Break => return Ok(Flow::Break),
            Node::Continue => return Ok(Flow::Continue),
        }
        Ok(Flow::Next)
    }

    /// Prints, unless the value goes to variables.
    fn action(&mut self, dot: &Item, pipe: &'t Pipe) -> Run<()> {
        let item = self.pipe(dot, pipe)?;
        if !pipe.variables.is_empty() {
            return Ok(());
        }
        self.at(pipe);
        match &item.value {
            Value::Nil => self.write(b"<no value>"),
            Value::Text(text) => self.write(text),
            value => {
                let mut shown = zeroize::Zeroizing::new(Vec::new());
                display(&mut shown, value).map_err(|fault| self.fault(fault))?;
                self.write(&shown)
            }
        }
    }

    fn branch(&mut self, dot: &Item, branch: &'t Branch) -> Run<Flow> {
        let mark = self.variables.len();
        for arm in &branch.arms {
            let item = self.pipe(dot, &arm.pipe)?;
            if item.value.is_true() {
                let dot = if branch.with { &item } else { dot };
                let flow = self.walk(dot, &arm.body)?;
                self.variables.truncate(mark);
                return Ok(flow);
            }
        }
        let flow = self.walk(dot, &branch.otherwise)?;
        self.variables.truncate(mark);
        Ok(flow)
    }

    fn template(&mut self, dot: &Item, call: &'t Call) -> Run<()> {
        self.at(call);
        if !self.template.parts.contains_key(&call.name) {
            let message = Message::new("template ").quotes(&quote(&call.name));
            return Err(self.error(message.says(" not defined")));
        }
        // Some depth is left for what is in a part, so that endless recursion is reported at the call, as in Go.
        let limit = self.template.options.limits.depth / 4 * 3;
        if self.depth >= limit {
            let message = "exceeded maximum template depth: blocks, parentheses and parts nest";
            return Err(self.error(format!("{message} more than {limit} deep at a call")));
        }
        let dot = match &call.pipe {
            Some(pipe) => self.pipe(dot, pipe)?,
            None => Item::none(),
        };
        let (at, stage) = (self.at, self.stage);
        self.part(&call.name, &dot)?;
        (self.at, self.stage) = (at, stage);
        Ok(())
    }

    fn range(&mut self, dot: &Item, range: &'t Range) -> Run<Flow> {
        let mark = self.variables.len();
        let over = self.pipe(dot, &range.pipe)?;
        let rounds = self.rounds(range, &over.value)?;
        if rounds.length() == 0 {
            let flow = self.walk(dot, &range.otherwise)?;
            self.variables.truncate(mark);
            return Ok(flow);
        }
        let body = self.variables.len();
        for nth in 0..rounds.length() {
            let (index, item) = rounds.round(nth);
            let flow = self.round(range, index, &item)?;
            self.variables.truncate(body);
            if flow == Flow::Break {
                break;
            }
        }
        self.variables.truncate(mark);
        Ok(Flow::Next)
    }

    /// What to loop over.
    fn rounds(&mut self, range: &Range, over: &Value) -> Run<Rounds> {
        let rounds = match over {
            Value::Int(end, kind) => Rounds::Ints(u64::try_from(*end).unwrap_or(0), *kind),
            Value::Uint(end, kind) => Rounds::Uints(*end, *kind),
            Value::List(list) => Rounds::List(list.clone()),
            Value::Map(map) => {
                self.spend(map.len())?;
                Rounds::Map(map.entries(), map.kind())
            }
            Value::Nil => Rounds::Ints(0, IntType::Int),
            other => {
                let message = format!("range can't iterate over {}", type_name(other));
                return Err(self.error(message));
            }
        };
        let is_integer = matches!(over, Value::Int(..) | Value::Uint(..));
        if is_integer && range.pipe.variables.len() > 1 {
            let kind = type_name(over);
            return Err(self.error(format!("can't use {kind} to iterate over more than one variable")));
        }
        Ok(rounds)
    }

    fn round(&mut self, range: &'t Range, index: Item, item: &Item) -> Run<Flow> {
        self.iterations = self.iterations.checked_sub(1).ok_or_else(|| {
            let limit = self.template.options.limits.iterations;
            self.error(format!("loops take more than {limit} rounds"))
        })?;
        let values = match range.pipe.variables.len() {
            0 => vec![],
            1 => vec![item.clone()],
            _ => vec![index, item.clone()],
        };
        if range.pipe.assigns {
            for (name, value) in range.pipe.variables.iter().zip(values) {
                self.assign(name, value)?;
            }
        } else {
            // The pipe has declared them: they are the last ones.
            let first = self.variables.len().saturating_sub(values.len());
            for ((_, variable), value) in self.variables[first..].iter_mut().zip(values) {
                *variable = value;
            }
        }
        self.walk(item, &range.body)
    }
}

/// What a loop goes through. Maps as they were at its start.
enum Rounds {
    Ints(u64, IntType),
    Uints(u64, UintType),
    List(crate::value::List),
    Map(Vec<(crate::value::Text, Value)>, MapType),
}

impl Rounds {
    fn length(&self) -> u64 {
        match self {
            Self::Ints(end, _) | Self::Uints(end, _) => *end,
            Self::List(list) => list.items().len() as u64,
            Self::Map(entries, _) => entries.len() as u64,
        }
    }

    /// The index or key, and the item.
    fn round(&self, nth: u64) -> (Item, Item) {
        let index = i64::try_from(nth).unwrap_or(i64::MAX);
        let at = usize::try_from(nth).unwrap_or(usize::MAX);
        match self {
            Self::Ints(_, kind) => (Item::none(), Item::plain(Value::Int(index, *kind))),
            Self::Uints(_, kind) => (Item::none(), Item::plain(Value::Uint(nth, *kind))),
            Self::List(list) => {
                let item = list.items().get(at).cloned().unwrap_or(Value::Nil);
                let boxed = list.kind() == ListType::Any;
                (Item::plain(Value::int(index)), Item::boxed(item, boxed))
            }
            Self::Map(entries, kind) => {
                let (key, value) = match entries.get(at) {
                    Some((key, value)) => (Value::Text(key.clone()), value.clone()),
                    None => (Value::Nil, Value::Nil),
                };
                (Item::plain(key), Item::boxed(value, *kind == MapType::Any))
            }
        }
    }
}
