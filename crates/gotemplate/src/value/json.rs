//! Values as JSON, printed as Go's `encoding/json` does it.

use lockstep_gostd::json::{self, Html};

use super::{MAX_DEPTH, Text, Value};
use crate::env::Env;
use crate::fault::{Fault, Outcome};
use crate::functions::Certificate;

/// How it is laid out.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    Compact,
    /// An element a line, indented by two spaces a level.
    Pretty,
}

/// Why there is no JSON.
pub(crate) enum Problem {
    /// The value has no form in JSON. Where sprig passes over errors, it passes over this.
    Unfit(String),
    Fault(Fault),
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<Problem> for Fault {
    fn from(problem: Problem) -> Self {
        match problem {
            Problem::Unfit(why) => Self::new(why),
            Problem::Fault(fault) => fault,
        }
    }
}

pub(crate) fn encode(env: &mut Env, value: &Value, html: Html, layout: Layout) -> Result<Vec<u8>, Problem> {
    let mut writer = Writer {
        env,
        out: Vec::new(),
        html,
        layout,
        depth: 0,
    };
    writer.value(value)?;
    Ok(writer.out)
}

struct Writer<'e, 'w> {
    env: &'e mut Env<'w>,
    out: Vec<u8>,
    html: Html,
    layout: Layout,
    depth: usize,
}

impl Writer<'_, '_> {
    fn value(&mut self, value: &Value) -> Result<(), Problem> {
        match value {
            Value::Nil => self.word("null"),
            Value::Bool(value) => self.word(&value.to_string()),
            Value::Int(value, _) => self.word(&value.to_string()),
            Value::Uint(value, _) => self.word(&value.to_string()),
            Value::Float(value) => self.float(*value),
            Value::Complex(..) => Err(Problem::Unfit("json: unsupported type: complex128".into())),
            Value::Text(text) => self.text(text),
            Value::List(list) if list.is_nil() => self.word("null"),
            Value::List(list) => self.list(list.items()),
            Value::Map(map) => self.object(&map.entries()),
            Value::Time(time) => match time.rfc3339() {
                Ok(text) => self.text(text.as_bytes()),
                Err(why) => Err(Problem::Unfit(format!("json: a time cannot be written: {why}"))),
            },
            Value::Version(version) => self.text(version.display().as_bytes()),
            Value::Certificate(pair) => self.certificate(pair),
        }
    }

    fn list(&mut self, items: &[Value]) -> Result<(), Problem> {
        self.open(b'[')?;
        for (nth, item) in items.iter().enumerate() {
            self.next(nth)?;
            self.value(item)?;
        }
        self.close(b']', items.is_empty())
    }

    fn object(&mut self, members: &[(Text, Value)]) -> Result<(), Problem> {
        self.open(b'{')?;
        for (nth, (key, value)) in members.iter().enumerate() {
            self.next(nth)?;
            self.text(key)?;
            self.word(match self.layout {
                Layout::Compact => ":",
                Layout::Pretty => ": ",
            })?;
            self.value(value)?;
        }
        self.close(b'}', members.is_empty())
    }

    fn certificate(&mut self, pair: &Certificate) -> Result<(), Problem> {
        self.object(&[
            ("Cert".into(), Value::Text(pair.cert.clone())),
            ("Key".into(), Value::Text(pair.key.clone())),
        ])
    }

    fn open(&mut self, bracket: u8) -> Outcome<()> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Fault::new(format!(
                "values nest more than {MAX_DEPTH} deep, or contain themselves"
            )));
        }
        self.env.spend(1)?;
        self.out.push(bracket);
        Ok(())
    }

    fn next(&mut self, nth: usize) -> Result<(), Problem> {
        if nth > 0 {
            self.word(",")?;
        }
        self.line()
    }

    fn close(&mut self, bracket: u8, is_empty: bool) -> Result<(), Problem> {
        self.depth -= 1;
        if !is_empty {
            self.line()?;
        }
        self.env.spend(1)?;
        self.out.push(bracket);
        Ok(())
    }

    fn line(&mut self) -> Result<(), Problem> {
        if self.layout == Layout::Pretty {
            self.word("\n")?;
            (0..self.depth).try_for_each(|_| self.word("  "))?;
        }
        Ok(())
    }

    fn float(&mut self, value: f64) -> Result<(), Problem> {
        let name = match value {
            f64::INFINITY => "+Inf",
            f64::NEG_INFINITY => "-Inf",
            _ if value.is_nan() => "NaN",
            _ => return self.word(&json::float(value)),
        };
        Err(Problem::Unfit(format!("json: unsupported value: {name}")))
    }

    fn text(&mut self, text: &[u8]) -> Result<(), Problem> {
        self.env.spend(text.len())?;
        let before = self.out.len();
        json::write_text(&mut self.out, text, self.html);
        self.env.spend(self.out.len() - before)?;
        Ok(())
    }

    fn word(&mut self, word: &str) -> Result<(), Problem> {
        self.env.spend(word.len())?;
        self.out.extend_from_slice(word.as_bytes());
        Ok(())
    }
}
