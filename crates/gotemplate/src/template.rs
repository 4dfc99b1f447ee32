//! The way in: parse a template, render it.

use std::fmt;

use crate::data::Data;
use crate::env::Random;
use crate::error::Error;
use crate::exec;
use crate::limits::Limits;
use crate::message::Message;
use crate::parse::{Source, Templates, parse};

/// A parsed template. It never changes, and may be rendered by many threads at once.
pub struct Template {
    pub(crate) name: Box<str>,
    pub(crate) text: Box<[u8]>,
    pub(crate) options: Options,
    pub(crate) parts: Templates,
}

/// How to read a template and what it may cost.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Options {
    /// What opens an action; `{{` if empty.
    pub left: String,
    /// What closes an action; `}}` if empty.
    pub right: String,
    pub missing_key: MissingKey,
    pub limits: Limits,
}

/// What `.key` is if the map has no such key: Go's option `missingkey`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum MissingKey {
    /// No value, printed as `<no value>`: Go's `default` or `invalid`.
    #[default]
    Invalid,
    /// The zero of the map's type: empty text, or no value.
    Zero,
    /// An error.
    Error,
}

/// What a template sees beside its data.
pub struct World<'w> {
    pub now: std::time::SystemTime,
    pub random: &'w mut dyn Random,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            left: "{{".to_owned(),
            right: "}}".to_owned(),
            missing_key: MissingKey::default(),
            limits: Limits::default(),
        }
    }
}

impl Template {
    /// Parses a text. The name appears in errors, and `{{ template }}` finds the whole under it.
    pub fn parse(name: &str, text: impl AsRef<[u8]>, options: &Options) -> Result<Self, Error> {
        let text = text.as_ref();
        let limit = options.limits.text;
        if text.len() > limit {
            let message = Message::from(format!("the text is longer than {limit} bytes"));
            return Err(Error::parse(name, 1, message));
        }
        let parts = parse(&Source {
            name,
            text,
            left: or_default(&options.left, b"{{"),
            right: or_default(&options.right, b"}}"),
            nesting: options.limits.nesting,
        })?;
        Ok(Self {
            name: name.into(),
            text: text.into(),
            options: options.clone(),
            parts,
        })
    }

    /// Renders the template. Dot is the data.
    pub fn render(&self, data: impl Into<Data>, world: &mut World<'_>) -> Result<Vec<u8>, Error> {
        exec::render(self, data.into().into_value(), world)
    }
}

fn or_default<'d>(delimiter: &'d str, default: &'d [u8]) -> &'d [u8] {
    match delimiter {
        "" => default,
        _ => delimiter.as_bytes(),
    }
}

/// Shows the name only: the text may be a secret.
impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Template").field(&self.name).finish()
    }
}

impl fmt::Debug for World<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World")
            .field("now", &self.now)
            .finish_non_exhaustive()
    }
}
