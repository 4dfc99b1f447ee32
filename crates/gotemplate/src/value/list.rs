//! Lists.

use std::rc::Rc;

use super::{MAX_DEPTH, Value};
use crate::fault::{Fault, Outcome};

/// A Go slice. Its items never change.
#[derive(Clone)]
pub(crate) struct List {
    kind: ListType,
    /// `None` is Go's nil slice: empty, but `null` in JSON and not deeply equal to an empty one.
    items: Option<Rc<[Value]>>,
    /// How deep lists nest in here; maps end the count. Bounds the recursion of dropping.
    depth: usize,
}

/// The type of a slice's items.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ListType {
    /// `[]interface {}`
    Any,
    /// `[]string`
    Text,
    /// `[]int`
    Int,
    /// `[][]interface {}`
    Lists,
}

impl List {
    pub(crate) fn new(kind: ListType, items: Vec<Value>) -> Outcome<Self> {
        let depth = items.iter().map(depth).max().unwrap_or(0) + 1;
        if depth > MAX_DEPTH {
            return Err(Fault::new(format!("lists nest more than {MAX_DEPTH} deep")));
        }
        Ok(Self {
            kind,
            items: Some(items.into()),
            depth,
        })
    }

    /// A list of values that are no lists.
    pub(crate) fn flat(kind: ListType, items: Vec<Value>) -> Self {
        Self {
            kind,
            items: Some(items.into()),
            depth: 1,
        }
    }

    /// Go's nil slice.
    pub(crate) fn nil(kind: ListType) -> Self {
        Self {
            kind,
            items: None,
            depth: 1,
        }
    }

    pub(crate) fn kind(&self) -> ListType {
        self.kind
    }

    pub(crate) fn is_nil(&self) -> bool {
        self.items.is_none()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.items().is_empty()
    }

    pub(crate) fn items(&self) -> &[Value] {
        self.items.as_deref().unwrap_or_default()
    }
}

fn depth(value: &Value) -> usize {
    match value {
        Value::List(list) => list.depth,
        _ => 0,
    }
}
