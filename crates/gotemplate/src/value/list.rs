//! Lists.

use std::cell::OnceCell;
use std::cmp::Ordering;
use std::rc::Rc;

use super::{MAX_DEPTH, Value};
use crate::fault::{Fault, Outcome};

/// A Go slice. Its items never change, but that they may be put in order once.
#[derive(Clone)]
pub(crate) struct List {
    kind: ListType,
    /// `None` is Go's nil slice: empty, but `null` in JSON and not deeply equal to an empty one.
    items: Option<Rc<Items>>,
    /// How deep lists nest in here; maps end the count. Bounds the recursion of dropping.
    depth: usize,
}

struct Items {
    made: Box<[Value]>,
    /// Set by [`List::sort`].
    sorted: OnceCell<Box<[Value]>>,
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
            items: Some(Items::new(items)),
            depth,
        })
    }

    /// A list of values that are no lists.
    pub(crate) fn flat(kind: ListType, items: Vec<Value>) -> Self {
        Self {
            kind,
            items: Some(Items::new(items)),
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
        match &self.items {
            Some(items) => items.sorted.get().unwrap_or(&items.made),
            None => &[],
        }
    }

    /// Puts texts in the order of their bytes, in this list and in its clones.
    pub(crate) fn sort(&self) {
        let Some(items) = &self.items else { return };
        items.sorted.get_or_init(|| {
            let mut sorted = items.made.clone();
            sorted.sort_by(|left, right| match (left, right) {
                (Value::Text(left), Value::Text(right)) => left.cmp(right),
                _ => Ordering::Equal,
            });
            sorted
        });
    }

    /// Whether both are one and the same list.
    pub(crate) fn is(&self, other: &Self) -> bool {
        match (&self.items, &other.items) {
            (Some(left), Some(right)) => Rc::ptr_eq(left, right),
            (left, right) => left.is_none() && right.is_none(),
        }
    }
}

impl Items {
    fn new(items: Vec<Value>) -> Rc<Self> {
        Rc::new(Self {
            made: items.into(),
            sorted: OnceCell::new(),
        })
    }
}

fn depth(value: &Value) -> usize {
    match value {
        Value::List(list) => list.depth,
        _ => 0,
    }
}
