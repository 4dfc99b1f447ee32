//! Every function that a template can call, one file a subject. Each file ends in a table; here they are one.
//!
//! A function gets arguments that the executor has already counted and held against its parameters. It is pure but
//! for [`Env`], it never panics, what it makes it pays for with [`Env::spend`], and its [`Fault`](crate::fault::Fault)
//! never holds a value.

use crate::env::Env;
use crate::fault::{Fault, Outcome};
use crate::time::{Time, methods};
use crate::value::{IntType, Map, Text, Value};

mod builtin;
mod certificate;
mod cipher;
mod date;
mod defaults;
mod dict;
mod encoding;
mod hash;
mod json;
mod key;
mod list;
mod number;
mod password;
mod path;
mod pem;
mod pkcs12;
mod print;
mod random;
mod reflect;
mod regex;
mod semver;
#[cfg(test)]
pub(crate) mod testing;
mod text;
mod url;
mod yaml;

pub(crate) use certificate::Certificate;
pub(crate) use regex::Patterns;
pub(crate) use semver::Version;

/// All tables. No name stands in two of them.
const TABLES: [&[Function]; 24] = [
    builtin::TABLE,
    certificate::TABLE,
    cipher::TABLE,
    date::TABLE,
    defaults::TABLE,
    dict::TABLE,
    encoding::TABLE,
    hash::TABLE,
    json::TABLE,
    key::TABLE,
    list::TABLE,
    number::TABLE,
    password::TABLE,
    path::TABLE,
    pem::TABLE,
    pkcs12::TABLE,
    print::TABLE,
    random::TABLE,
    reflect::TABLE,
    regex::TABLE,
    semver::TABLE,
    text::TABLE,
    url::TABLE,
    yaml::TABLE,
];

/// A function, or a method of a value (then the value is its first argument).
#[derive(Clone, Copy)]
pub(crate) struct Function {
    pub(crate) name: &'static str,
    pub(crate) params: &'static [Param],
    /// The type of all further arguments.
    pub(crate) rest: Option<Param>,
    pub(crate) call: fn(&mut Env, Args) -> Outcome,
}

/// The Go type of a parameter. The executor refuses what does not fit, as Go does; nil fits where Go has a nil for
/// the type, and arrives as [`Value::Nil`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Param {
    Any,
    Bool,
    /// `int`
    Int,
    /// `uint32`
    Uint32,
    /// `float64`
    Float,
    /// `string`
    Text,
    /// `sprig.HashAlgorithm`, a type made of `string`: takes a literal and no other value.
    Literal,
    /// `[]any`
    List,
    /// `map[string]any`
    Map,
    /// `time.Time`
    Time,
    /// `time.Duration`: takes a literal integer, or a duration
    Duration,
    /// `*semver.Version`
    Version,
    /// `sprig.certificate`
    Certificate,
}

impl Param {
    /// The name of the Go type.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Any => "interface {}",
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Uint32 => "uint32",
            Self::Float => "float64",
            Self::Text => "string",
            Self::Literal => "sprig.HashAlgorithm",
            Self::List => "[]interface {}",
            Self::Map => "map[string]interface {}",
            Self::Time => "time.Time",
            Self::Duration => "time.Duration",
            Self::Version => "*semver.Version",
            Self::Certificate => "sprig.certificate",
        }
    }

    /// Whether Go has a nil of this type.
    pub(crate) fn takes_nil(self) -> bool {
        matches!(self, Self::Any | Self::List | Self::Map | Self::Version)
    }
}

impl std::fmt::Debug for Function {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

impl Function {
    pub(crate) const fn new(
        name: &'static str,
        params: &'static [Param],
        call: fn(&mut Env, Args) -> Outcome,
    ) -> Self {
        Self {
            name,
            params,
            rest: None,
            call,
        }
    }

    pub(crate) const fn variadic(self, rest: Param) -> Self {
        Self {
            rest: Some(rest),
            ..self
        }
    }
}

/// The function of that name.
pub(crate) fn find(name: &str) -> Option<&'static Function> {
    use std::collections::HashMap;
    use std::sync::LazyLock;

    static BY_NAME: LazyLock<HashMap<&'static str, &'static Function>> = LazyLock::new(|| {
        let all = TABLES.into_iter().flatten();
        all.map(|function| (function.name, function)).collect()
    });
    BY_NAME.get(name).copied()
}

/// The names of all functions, sorted.
pub(crate) fn names() -> Vec<&'static str> {
    let mut names: Vec<_> = TABLES
        .into_iter()
        .flatten()
        .map(|function| function.name)
        .collect();
    names.sort_unstable();
    names
}

/// The method of that name, if the value's type has one. Its first argument is the value itself, which its parameters
/// leave out.
pub(crate) fn method(value: &Value, name: &str) -> Option<&'static Function> {
    let (own, further): (&'static [Function], &'static [Function]) = match value {
        Value::Time(_) => (methods::TIME, &[]),
        Value::Int(_, IntType::Duration) => (methods::DURATION, &[]),
        Value::Int(_, IntType::Month) => (methods::MONTH, &[]),
        Value::Int(_, IntType::Weekday) => (methods::WEEKDAY, &[]),
        Value::Version(version) if version.by_value => (semver::METHODS, &[]),
        Value::Version(_) => (semver::METHODS, semver::POINTER_METHODS),
        _ => return None,
    };
    let mut all = own.iter().chain(further);
    all.find(|function| function.name == name)
}

/// Why Go does not call a method of that name, which has no parameters.
pub(crate) fn refused_method(value: &Value, name: &str) -> Option<&'static str> {
    let Value::Time(_) = value else {
        return None;
    };
    let refused = methods::TIME_REFUSED
        .iter()
        .find(|(refused, _)| *refused == name)?;
    Some(refused.1)
}

/// Arguments that fit the parameters.
#[derive(Clone, Copy)]
pub(crate) struct Args<'a>(pub(crate) &'a [Value]);

impl<'a> Args<'a> {
    /// An argument of any type.
    pub(crate) fn any(self, nth: usize) -> Outcome<&'a Value> {
        self.0.get(nth).ok_or_else(misfit)
    }

    /// All arguments from the `nth` on.
    pub(crate) fn rest(self, nth: usize) -> &'a [Value] {
        self.0.get(nth..).unwrap_or_default()
    }

    pub(crate) fn text(self, nth: usize) -> Outcome<&'a Text> {
        match self.any(nth)? {
            Value::Text(text) => Ok(text),
            _ => Err(misfit()),
        }
    }

    pub(crate) fn bool(self, nth: usize) -> Outcome<bool> {
        match self.any(nth)? {
            Value::Bool(value) => Ok(*value),
            _ => Err(misfit()),
        }
    }

    /// An `int` or `time.Duration`.
    pub(crate) fn int(self, nth: usize) -> Outcome<i64> {
        match self.any(nth)? {
            Value::Int(value, _) => Ok(*value),
            _ => Err(misfit()),
        }
    }

    pub(crate) fn uint(self, nth: usize) -> Outcome<u64> {
        match self.any(nth)? {
            Value::Uint(value, _) => Ok(*value),
            _ => Err(misfit()),
        }
    }

    pub(crate) fn float(self, nth: usize) -> Outcome<f64> {
        match self.any(nth)? {
            Value::Float(value) => Ok(*value),
            _ => Err(misfit()),
        }
    }

    pub(crate) fn time(self, nth: usize) -> Outcome<&'a Time> {
        match self.any(nth)? {
            Value::Time(time) => Ok(time),
            _ => Err(misfit()),
        }
    }

    /// A `*semver.Version`; `None` is Go's nil.
    pub(crate) fn version(self, nth: usize) -> Outcome<Option<&'a Version>> {
        match self.any(nth)? {
            Value::Version(version) => Ok(Some(version)),
            Value::Nil => Ok(None),
            _ => Err(misfit()),
        }
    }

    /// A `map[string]any`; `None` is Go's nil map.
    pub(crate) fn map(self, nth: usize) -> Outcome<Option<&'a Map>> {
        match self.any(nth)? {
            Value::Map(map) => Ok(Some(map)),
            Value::Nil => Ok(None),
            _ => Err(misfit()),
        }
    }

    /// A `[]any`, empty for Go's nil slice.
    pub(crate) fn list(self, nth: usize) -> Outcome<&'a [Value]> {
        match self.any(nth)? {
            Value::List(list) => Ok(list.items()),
            Value::Nil => Ok(&[]),
            _ => Err(misfit()),
        }
    }
}

/// The executor has held the arguments against the parameters, so this is never seen.
fn misfit() -> Fault {
    Fault::new("an argument that does not fit its parameter")
}
