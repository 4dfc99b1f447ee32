//! Values as templates see them: Go's, with their types, for `typeOf`, `printf` and comparisons tell them apart.

use std::rc::Rc;

pub(crate) use display::{display, strval};
pub(crate) use equal::deep_equal;
pub(crate) use list::{List, ListType};
pub(crate) use map::{Map, MapType};
pub(crate) use text::{Text, push_rune, runes};
pub(crate) use types::{kind_name, type_name};

use crate::functions::{Certificate, Version};
use crate::time::Time;

pub(crate) mod cast;
pub(crate) mod display;
mod equal;
pub(crate) mod from_doc;
pub(crate) mod json;
mod list;
mod map;
mod text;
mod types;

/// How deep lists and maps may nest where they are printed, copied or compared.
pub(crate) const MAX_DEPTH: usize = 200;

/// A value. Clones are cheap, and clones of a map are the same map, as in Go.
#[derive(Clone)]
pub(crate) enum Value {
    /// Go's untyped nil: nothing at all, printed `<no value>` or `<nil>`.
    Nil,
    Bool(bool),
    Int(i64, IntType),
    Uint(u64, UintType),
    Float(f64),
    Complex(f64, f64),
    /// A Go string: bytes, usually UTF-8.
    Text(Text),
    List(List),
    Map(Map),
    Time(Rc<Time>),
    /// `*semver.Version`
    Version(Rc<Version>),
    /// `sprig.certificate`
    Certificate(Rc<Certificate>),
}

/// Go's signed integers, and types made of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IntType {
    Int,
    Int64,
    /// `time.Duration`, in nanoseconds
    Duration,
    /// `time.Month`
    Month,
    /// `time.Weekday`
    Weekday,
}

/// Go's unsigned integers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UintType {
    Uint8,
    Uint32,
    Uint64,
}

impl Value {
    pub(crate) fn text(bytes: impl Into<Text>) -> Self {
        Self::Text(bytes.into())
    }

    /// Go's `int`.
    pub(crate) fn int(value: i64) -> Self {
        Self::Int(value, IntType::Int)
    }

    /// Go's `int64`.
    pub(crate) fn int64(value: i64) -> Self {
        Self::Int(value, IntType::Int64)
    }

    /// Go's `[]any`. Fails where it would nest too deep.
    pub(crate) fn list(items: Vec<Value>) -> Result<Self, crate::fault::Fault> {
        List::new(ListType::Any, items).map(Self::List)
    }

    /// Go's `[]string`.
    pub(crate) fn texts(items: impl IntoIterator<Item = impl Into<Text>>) -> Self {
        Self::List(List::flat(
            ListType::Text,
            items.into_iter().map(Self::text).collect(),
        ))
    }

    /// A new `map[string]any`.
    pub(crate) fn map(entries: impl IntoIterator<Item = (Text, Value)>) -> Self {
        Self::Map(Map::new(MapType::Any, entries))
    }

    /// Go's truth, as `if` and `not` see it: false for zero, empty and nil. Structs are true.
    pub(crate) fn is_true(&self) -> bool {
        match self {
            Self::Nil => false,
            Self::Bool(value) => *value,
            Self::Int(value, _) => *value != 0,
            Self::Uint(value, _) => *value != 0,
            Self::Float(value) => *value != 0.0,
            Self::Complex(re, im) => *re != 0.0 || *im != 0.0,
            Self::Text(text) => !text.is_empty(),
            Self::List(list) => !list.is_empty(),
            Self::Map(map) => !map.is_empty(),
            Self::Time(_) | Self::Version(_) | Self::Certificate(_) => true,
        }
    }

    /// The items of any kind of list.
    pub(crate) fn items(&self) -> Option<&[Value]> {
        match self {
            Self::List(list) => Some(list.items()),
            _ => None,
        }
    }
}

/// Shows the kind only: the content may be a secret.
impl std::fmt::Debug for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Value")
    }
}
