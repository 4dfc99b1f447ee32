//! YAML as `sigs.k8s.io/yaml` reads and prints it: YAML 1.1 with the leniencies of libyaml, seen through JSON.
//!
//! Crates that read YAML take 1.2: to them `yes` is a text, and `key: "two⏎lines"` is malformed unless the second
//! line is indented, which it never is where a template puts a value of several lines between quotes.

use std::collections::BTreeMap;

pub use fault::Fault;

mod decode;
mod emit;
mod fault;
mod input;
mod number;
mod order;
mod parse;
mod resolve;
mod scan;
#[cfg(test)]
mod tests;
mod time;

/// How deep sequences and mappings may nest. Go allows 10000; our stack is the limit, and nothing sensible comes near.
pub const MAX_DEPTH: usize = 500;

/// A document as JSON could say it.
#[derive(Clone, PartialEq)]
pub enum Node {
    Null,
    Bool(bool),
    Int(i64),
    /// Only what is too large for [`Node::Int`].
    Uint(u64),
    Float(f64),
    Text(String),
    List(Vec<Node>),
    Map(BTreeMap<String, Node>),
}

/// Reads the first document. A text without any is null.
pub fn parse(text: &[u8]) -> Result<Node, Fault> {
    let node = decode::document(text)?;
    node.check_finite()?;
    Ok(node)
}

/// Reads the first document into a map; null is an empty one.
pub fn parse_map(text: &[u8]) -> Result<BTreeMap<String, Node>, Fault> {
    match parse(text)? {
        Node::Null => Ok(BTreeMap::new()),
        Node::Map(entries) => Ok(entries),
        other => Err(other.misfit("map[string]interface {}")),
    }
}

/// Reads the first document as Go does it into a `map[string]string`: numbers and booleans become texts, null becomes
/// nothing, and what nests is an error.
pub fn flat(text: &[u8]) -> Result<BTreeMap<String, Vec<u8>>, Fault> {
    let entries = match decode::document(text)? {
        Node::Null => return Ok(BTreeMap::new()),
        Node::Map(entries) => entries,
        other => return Err(other.misfit("map[string]string")),
    };
    let text_of = |(key, node): (String, Node)| Ok((key, node.into_text()?.into_bytes()));
    entries.into_iter().map(text_of).collect()
}

/// Prints a document, with a line break at its end.
pub fn write(node: &Node) -> Vec<u8> {
    emit::document(node)
}

impl Node {
    fn check_finite(&self) -> Result<(), Fault> {
        match self {
            Self::Float(value) => {
                number::not_finite(*value).map_or(Ok(()), |name| Err(Fault::NotFinite(name)))
            }
            Self::List(items) => items.iter().try_for_each(Self::check_finite),
            Self::Map(entries) => entries.values().try_for_each(Self::check_finite),
            _ => Ok(()),
        }
    }

    fn into_text(self) -> Result<String, Fault> {
        Ok(match self {
            Self::Null => String::new(),
            Self::Bool(value) => value.to_string(),
            Self::Int(value) => value.to_string(),
            Self::Uint(value) => value.to_string(),
            Self::Float(value) => number::short_text(value),
            Self::Text(text) => text,
            Self::List(_) | Self::Map(_) => return Err(self.misfit("string")),
        })
    }

    fn misfit(&self, wanted: &'static str) -> Fault {
        let found = match self {
            Self::Null => "null",
            Self::Bool(_) => "bool",
            Self::Int(_) | Self::Uint(_) | Self::Float(_) => "number",
            Self::Text(_) => "string",
            Self::List(_) => "array",
            Self::Map(_) => "object",
        };
        Fault::Misfit { found, wanted }
    }
}

/// Shows the kind only, for the content may be a secret.
impl std::fmt::Debug for Node {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Node")
    }
}
