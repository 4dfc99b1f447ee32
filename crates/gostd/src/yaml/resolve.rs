//! Which type a scalar has.

use super::parse::Scalar;
use super::time::is_timestamp;
use super::{Fault, Node, number};
use crate::base64::{self, Alphabet};
use crate::float;
use crate::unicode::lossy;

/// A scalar and what is told of its type.
pub(super) fn resolve(scalar: &Scalar) -> Result<Node, Fault> {
    let value = scalar.value.as_str();
    let text = || Ok(Node::Text(value.into()));
    let Some(tag) = scalar.tag.strip_prefix(b"tag:yaml.org,2002:") else {
        return if scalar.tag.is_empty() && scalar.implicit {
            Ok(plain(value).into_node(value))
        } else {
            text()
        };
    };
    match tag {
        b"binary" => binary(value),
        b"bool" => tagged(value, "!!bool"),
        b"int" => tagged(value, "!!int"),
        b"float" => tagged(value, "!!float"),
        b"null" => tagged(value, "!!null"),
        b"timestamp" => tagged(value, "!!timestamp"),
        _ => text(),
    }
}

/// Whether a text reads back as one without quotes.
pub(super) fn is_text(value: &str) -> bool {
    matches!(plain(value), Plain::Text)
}

enum Plain {
    Node(Node),
    Timestamp,
    Text,
}

impl Plain {
    fn into_node(self, value: &str) -> Node {
        match self {
            Self::Node(node) => node,
            Self::Timestamp | Self::Text => Node::Text(value.into()),
        }
    }

    fn tag(&self) -> &'static str {
        match self {
            Self::Node(Node::Null) => "!!null",
            Self::Node(Node::Bool(_)) => "!!bool",
            Self::Node(Node::Int(_) | Node::Uint(_)) => "!!int",
            Self::Node(Node::Float(_)) => "!!float",
            Self::Timestamp => "!!timestamp",
            Self::Node(_) | Self::Text => "!!str",
        }
    }
}

fn plain(value: &str) -> Plain {
    if let Some(word) = word(value) {
        return Plain::Node(word);
    }
    let node = match value.as_bytes().first() {
        Some(b'.') => float::parse(value.as_bytes()).ok().map(Node::Float),
        Some(b'0'..=b'9') if is_timestamp(value) => return Plain::Timestamp,
        Some(b'0'..=b'9' | b'+' | b'-') => number(value),
        _ => None,
    };
    node.map_or(Plain::Text, Plain::Node)
}

fn word(value: &str) -> Option<Node> {
    Some(match value {
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => Node::Bool(true),
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            Node::Bool(false)
        }
        "" | "~" | "null" | "Null" | "NULL" => Node::Null,
        ".nan" | ".NaN" | ".NAN" => Node::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Node::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => Node::Float(f64::NEG_INFINITY),
        _ => return None,
    })
}

/// Underscores count for nothing, wherever they stand. (In numbers that begin with their point they have to stand
/// between digits.)
fn number(value: &str) -> Option<Node> {
    let value = value.replace('_', "");
    let decimal = || number::decimal(&value).map(Node::Float);
    let binary = || number::binary(value.strip_prefix("0b")?);
    number::integer(&value).or_else(decimal).or_else(binary)
}

/// With a tag, quotes make no difference.
fn tagged(value: &str, tag: &'static str) -> Result<Node, Fault> {
    let found = match plain(value) {
        Plain::Timestamp if tag != "!!timestamp" => number(value).map_or(Plain::Text, Plain::Node),
        found => found,
    };
    match found {
        #[expect(clippy::cast_precision_loss, reason = "as in Go")]
        Plain::Node(Node::Int(int)) if tag == "!!float" => Ok(Node::Float(int as f64)),
        found if found.tag() == tag => Ok(found.into_node(value)),
        found => Err(Fault::Mistagged {
            found: found.tag(),
            tag,
        }),
    }
}

/// JSON makes a U+FFFD of every byte that is no text.
fn binary(value: &str) -> Result<Node, Fault> {
    let bytes = base64::decode(Alphabet::Standard, value.as_bytes()).map_err(|_| Fault::Base64)?;
    Ok(Node::Text(lossy(&bytes).into_owned()))
}
