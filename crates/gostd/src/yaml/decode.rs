//! From the tree to values: types, aliases, merged mappings, and keys that are texts.

use std::collections::BTreeMap;

use super::parse::{Id, Node as Syntax, Scalar, Tree, parse};
use super::resolve::resolve;
use super::{Fault, MAX_DEPTH, Node, number};

/// How many bytes of text a document may have in all, counting what aliases repeat. Go shares them, we do not.
const MAX_TEXT: usize = 64 << 20;

pub(super) fn document(text: &[u8]) -> Result<Node, Fault> {
    let Some(tree) = parse(text)? else {
        return Ok(Node::Null);
    };
    let mut decoder = Decoder {
        open: vec![false; tree.nodes.len()],
        tree: &tree,
        depth: 0,
        nodes: 0,
        repeated: 0,
        aliases: 0,
        text: 0,
    };
    decoder.node(tree.root)
}

struct Decoder<'t> {
    tree: &'t Tree,
    /// Which aliases are being followed.
    open: Vec<bool>,
    depth: usize,
    nodes: usize,
    /// How many of them came by aliases.
    repeated: usize,
    /// How many aliases are being followed.
    aliases: usize,
    text: usize,
}

type Entries = BTreeMap<String, Node>;

impl Decoder<'_> {
    fn node(&mut self, id: Id) -> Result<Node, Fault> {
        self.enter()?;
        let node = match &self.tree.nodes[id] {
            Syntax::Alias(target) => self.follow(id, |decoder| decoder.node(*target))?,
            Syntax::Scalar(scalar) => self.scalar(scalar)?,
            Syntax::Sequence(items) => Node::List(
                items
                    .iter()
                    .map(|item| self.node(*item))
                    .collect::<Result<_, _>>()?,
            ),
            Syntax::Mapping(entries) => {
                let mut map = Entries::new();
                self.entries(entries, &mut map)?;
                Node::Map(map)
            }
        };
        self.depth -= 1;
        Ok(node)
    }

    /// Counts a node, and fails where too many of them come by aliases.
    fn enter(&mut self) -> Result<(), Fault> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Fault::TooDeep);
        }
        self.nodes += 1;
        self.repeated += usize::from(self.aliases > 0);
        if self.repeated > 100 && self.nodes > 1000 && self.repeated > allowed(self.nodes) {
            return Err(Fault::TooManyAliases);
        }
        Ok(())
    }

    fn follow<T>(&mut self, alias: Id, to: impl FnOnce(&mut Self) -> Result<T, Fault>) -> Result<T, Fault> {
        if std::mem::replace(&mut self.open[alias], true) {
            return Err(Fault::Endless);
        }
        self.aliases += 1;
        let found = to(self)?;
        self.aliases -= 1;
        self.open[alias] = false;
        Ok(found)
    }

    fn scalar(&mut self, scalar: &Scalar) -> Result<Node, Fault> {
        self.text += scalar.value.len();
        if self.text > MAX_TEXT {
            return Err(Fault::TooLarge);
        }
        resolve(scalar)
    }

    /// Of a repeated key the last value counts, wherever it comes from.
    fn entries(&mut self, entries: &[(Id, Id)], map: &mut Entries) -> Result<(), Fault> {
        for &(key, value) in entries {
            if self.is_merge(key) {
                self.merge(value, map)?;
            } else {
                let key = key_text(self.node(key)?)?;
                let value = self.node(value)?;
                map.insert(key, value);
            }
        }
        Ok(())
    }

    fn is_merge(&self, key: Id) -> bool {
        match &self.tree.nodes[key] {
            Syntax::Scalar(key) => {
                key.value == "<<" && (key.implicit || key.tag == b"tag:yaml.org,2002:merge")
            }
            _ => false,
        }
    }

    /// Takes over the entries of a mapping, or of several, of which earlier ones win.
    fn merge(&mut self, id: Id, map: &mut Entries) -> Result<(), Fault> {
        match &self.tree.nodes[id] {
            Syntax::Sequence(items) => items.iter().rev().try_for_each(|item| self.merge_one(*item, map)),
            _ => self.merge_one(id, map),
        }
    }

    fn merge_one(&mut self, id: Id, map: &mut Entries) -> Result<(), Fault> {
        match &self.tree.nodes[id] {
            Syntax::Mapping(entries) => {
                self.enter()?;
                self.entries(entries, map)?;
                self.depth -= 1;
                Ok(())
            }
            Syntax::Alias(target) if matches!(self.tree.nodes[*target], Syntax::Mapping(_)) => {
                self.enter()?;
                self.follow(id, |decoder| decoder.merge_one(*target, map))?;
                self.depth -= 1;
                Ok(())
            }
            _ => Err(Fault::Merge),
        }
    }
}

/// Nearly all nodes of a small document may come by aliases, of a large one a tenth.
fn allowed(nodes: usize) -> usize {
    const SMALL: usize = 400_000;
    const LARGE: usize = 4_000_000;
    let percent = match nodes {
        0..=SMALL => 99,
        LARGE.. => 10,
        _ => 99 - 89 * (nodes - SMALL) / (LARGE - SMALL),
    };
    nodes * percent / 100
}

fn key_text(key: Node) -> Result<String, Fault> {
    Ok(match key {
        Node::Text(text) => text,
        Node::Bool(value) => value.to_string(),
        Node::Int(value) => value.to_string(),
        Node::Float(value) => number::in_yaml(number::short_text(value)),
        Node::Null => return Err(Fault::Key("nil")),
        Node::Uint(_) => return Err(Fault::Key("uint64")),
        Node::List(_) | Node::Map(_) => return Err(Fault::NestedKey),
    })
}
