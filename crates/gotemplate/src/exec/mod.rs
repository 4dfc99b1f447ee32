//! Runs parsed templates.
//!
//! An error points at the node that was looked at last, as Go's do: hence [`Exec::at`] all over.

use zeroize::{Zeroize as _, Zeroizing};

use crate::env::Env;
use crate::error::{Error, Place};
use crate::fault::Fault;
use crate::message::Message;
use crate::parse::line;
use crate::parse::show::Show;
use crate::parse::tree::Command;
use crate::template::{Template, World};
use crate::unicode::quote;
use crate::value::{Value, type_name};

mod argument;
mod call;
mod field;
mod pipe;
mod walk;

/// Renders the whole template.
pub(crate) fn render(template: &Template, root: Value, world: &mut World<'_>) -> Result<Vec<u8>, Error> {
    let name = template.name.as_bytes();
    let mut exec = Exec {
        template,
        env: Env::new(world.now, world.random, template.options.limits.budget),
        part: name,
        at: None,
        stage: &[],
        variables: Vec::new(),
        frame: 0,
        depth: 0,
        iterations: template.options.limits.iterations,
        out: Zeroizing::default(),
    };
    exec.part(name, &Item::plain(root))?;
    Ok(std::mem::take(&mut *exec.out))
}

struct Exec<'t, 'w> {
    template: &'t Template,
    env: Env<'w>,
    /// The name of the named template that is running.
    part: &'t [u8],
    /// The node that was looked at last.
    at: Option<&'t dyn Show>,
    /// The commands of the running pipe, up to the running one.
    stage: &'t [Command],
    variables: Vec<(&'t str, Item)>,
    /// Where the variables of the running part start. Those of others are out of its sight.
    frame: usize,
    /// How deep blocks, pipes and parts nest here.
    depth: usize,
    /// Rounds that loops have left.
    iterations: u64,
    /// Secret, hence wiped where it grows and where it is dropped.
    out: Zeroizing<Vec<u8>>,
}

/// A value, and whether Go holds it as an `interface {}`. This makes a difference for nil, and in errors.
#[derive(Clone)]
struct Item {
    value: Value,
    boxed: bool,
}

impl Item {
    fn plain(value: Value) -> Self {
        Self { value, boxed: false }
    }

    fn boxed(value: Value, boxed: bool) -> Self {
        Self { value, boxed }
    }

    /// No value at all.
    fn none() -> Self {
        Self::plain(Value::Nil)
    }

    fn type_name(&self) -> &'static str {
        if self.boxed {
            "interface {}"
        } else {
            type_name(&self.value)
        }
    }
}

type Run<T> = Result<T, Error>;

/// What a node or a command costs of the budget: about as long as it takes to make so many bytes.
const STEP: usize = 16;

impl<'t> Exec<'t, '_> {
    fn at(&mut self, node: &'t dyn Show) {
        self.at = Some(node);
    }

    /// One level deeper: a template must not decide how much stack we need.
    fn deeper<T>(&mut self, run: impl FnOnce(&mut Self) -> Run<T>) -> Run<T> {
        let limit = self.template.options.limits.depth;
        if self.depth >= limit {
            return Err(self.error(format!(
                "blocks, parentheses and parts nest more than {limit} deep"
            )));
        }
        self.depth += 1;
        let result = run(self)?;
        self.depth -= 1;
        Ok(result)
    }

    fn spend(&mut self, amount: usize) -> Run<()> {
        self.env.spend(amount).map_err(|fault| self.fault(fault))
    }

    fn write(&mut self, bytes: &[u8]) -> Run<()> {
        let length = self.out.len() + bytes.len();
        let limit = self.template.options.limits.output;
        if length > limit {
            return Err(self.error(format!("the output is longer than {limit} bytes")));
        }
        if length > self.out.capacity() {
            let mut grown = Vec::with_capacity(length.next_power_of_two());
            grown.extend_from_slice(&self.out);
            std::mem::swap(&mut *self.out, &mut grown);
            grown.zeroize();
        }
        self.out.extend_from_slice(bytes);
        Ok(())
    }

    /// A fault that no function is to blame for.
    fn fault(&self, fault: Fault) -> Error {
        match fault {
            Fault::Says(text) => self.error(text),
            Fault::Chosen(_) => self.error(WITHHELD),
        }
    }

    fn error(&self, message: impl Into<Message>) -> Error {
        let text = &self.template.text;
        let start = self.at.map_or(0, Show::start);
        let before = text.get(..start).unwrap_or(text);
        let column = before.iter().rev().take_while(|byte| **byte != b'\n').count();
        let mut node = Vec::new();
        if let Some(at) = self.at {
            at.show(&mut node);
        }
        let place = Place {
            column,
            part: self.part.into(),
            node,
        };
        Error::execute(&self.template.name, line(text, start), place, message.into())
    }
}

const WITHHELD: &str = "(the text is withheld, for it is made from data)";

/// A node, as errors show it.
fn shown(node: &dyn Show) -> String {
    let mut shown = Vec::new();
    node.show(&mut shown);
    String::from_utf8_lossy(&shown).into_owned()
}

fn quoted(text: &str) -> String {
    quote(text.as_bytes())
}
