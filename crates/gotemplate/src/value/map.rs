//! Maps.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::{Text, Value};

/// A Go map with string keys. Clones are the same map: who changes one changes all.
#[derive(Clone)]
pub(crate) struct Map(Rc<Inner>);

struct Inner {
    kind: MapType,
    entries: RefCell<BTreeMap<Text, Value>>,
}

/// The type of a map's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MapType {
    /// `map[string]interface {}`
    Any,
    /// `map[string]string`
    Text,
}

impl Map {
    pub(crate) fn new(kind: MapType, entries: impl IntoIterator<Item = (Text, Value)>) -> Self {
        Self(Rc::new(Inner {
            kind,
            entries: RefCell::new(entries.into_iter().collect()),
        }))
    }

    pub(crate) fn kind(&self) -> MapType {
        self.0.kind
    }

    pub(crate) fn len(&self) -> usize {
        self.0.entries.borrow().len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(crate) fn get(&self, key: &[u8]) -> Option<Value> {
        self.0.entries.borrow().get(key).cloned()
    }

    pub(crate) fn contains(&self, key: &[u8]) -> bool {
        self.0.entries.borrow().contains_key(key)
    }

    /// Tell [`Env::changed`](crate::env::Env::changed) of it.
    pub(crate) fn insert(&self, key: Text, value: Value) {
        let old = self.0.entries.borrow_mut().insert(key, value);
        drop(old); // not while borrowed: it may hold this map
    }

    pub(crate) fn remove(&self, key: &[u8]) {
        let old = self.0.entries.borrow_mut().remove(key);
        drop(old);
    }

    /// All entries as they are now, in the order of their keys.
    pub(crate) fn entries(&self) -> Vec<(Text, Value)> {
        let entries = self.0.entries.borrow();
        entries
            .iter()
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect()
    }

    pub(crate) fn clear(&self) {
        let entries = self.0.entries.take();
        drop(entries);
    }

    /// Whether both are one and the same map.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }

    /// Differs from that of all other maps that are alive.
    pub(crate) fn address(&self) -> usize {
        Rc::as_ptr(&self.0).addr()
    }
}

/// Maps nest as deep as a template likes, so they are taken apart in a loop instead of by recursion. (Lists between
/// them are bounded: see [`List`](super::List).)
impl Drop for Inner {
    fn drop(&mut self) {
        let mut left: Vec<Value> = self.entries.take().into_values().collect();
        while let Some(value) = left.pop() {
            match value {
                Value::Map(map) => {
                    if let Some(inner) = Rc::into_inner(map.0) {
                        left.extend(inner.entries.take().into_values());
                    }
                }
                Value::List(list) => left.extend(list.items().iter().filter(|it| nests(it)).cloned()),
                _ => {}
            }
        }
    }
}

fn nests(value: &Value) -> bool {
    matches!(value, Value::Map(_) | Value::List(_))
}
