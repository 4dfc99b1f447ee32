//! What a template sees as dot.

use std::collections::BTreeMap;
use std::fmt;

use crate::value::{Map, MapType, Text, Value};

/// What a template sees as dot: texts by name, or maps of them.
#[derive(Clone)]
pub struct Data(Node);

#[derive(Clone)]
enum Node {
    Texts(BTreeMap<Text, Text>),
    Maps(BTreeMap<Text, Node>),
}

impl Data {
    /// Go's `map[string]string`. Texts are bytes, usually UTF-8.
    pub fn texts<K: AsRef<[u8]>, V: AsRef<[u8]>>(entries: impl IntoIterator<Item = (K, V)>) -> Self {
        let entries = entries.into_iter();
        Self(Node::Texts(
            entries
                .map(|(key, text)| (key.as_ref().into(), text.as_ref().into()))
                .collect(),
        ))
    }

    /// Go's `map[string]any` with maps in it.
    pub fn maps<K: AsRef<[u8]>>(entries: impl IntoIterator<Item = (K, Data)>) -> Self {
        let entries = entries.into_iter();
        Self(Node::Maps(
            entries.map(|(key, data)| (key.as_ref().into(), data.0)).collect(),
        ))
    }

    pub(crate) fn into_value(self) -> Value {
        self.0.into_value()
    }
}

impl Node {
    fn into_value(self) -> Value {
        Value::Map(match self {
            Self::Texts(entries) => {
                let entries = entries.into_iter();
                Map::new(MapType::Text, entries.map(|(key, text)| (key, Value::Text(text))))
            }
            Self::Maps(entries) => {
                let entries = entries.into_iter();
                Map::new(MapType::Any, entries.map(|(key, node)| (key, node.into_value())))
            }
        })
    }
}

impl<K: AsRef<[u8]>, V: AsRef<[u8]>> From<&BTreeMap<K, V>> for Data {
    fn from(texts: &BTreeMap<K, V>) -> Self {
        Self::texts(texts)
    }
}

impl From<&Data> for Data {
    fn from(data: &Data) -> Self {
        data.clone()
    }
}

/// Shows nothing of it: it is made of secrets.
impl fmt::Debug for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Data").finish_non_exhaustive()
    }
}
