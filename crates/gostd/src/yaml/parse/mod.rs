//! From tokens to the tree of the first document.

use std::collections::HashMap;

use super::scan::{Kind, Mark, Scanner};
use super::{Fault, MAX_DEPTH};

mod collection;

pub(super) type Id = usize;

/// All nodes of a document.
pub(super) struct Tree {
    pub(super) root: Id,
    pub(super) nodes: Vec<Node>,
}

pub(super) enum Node {
    Scalar(Scalar),
    Sequence(Vec<Id>),
    Mapping(Vec<(Id, Id)>),
    Alias(Id),
}

#[derive(Default)]
pub(super) struct Scalar {
    pub(super) value: String,
    /// In its long form; empty if there is none.
    pub(super) tag: Vec<u8>,
    /// Its type is to be told from its value.
    pub(super) implicit: bool,
}

const PREFIX: &[u8] = b"tag:yaml.org,2002:";

/// `None` where there is no document.
pub(super) fn parse(text: &[u8]) -> Result<Option<Tree>, Fault> {
    let mut parser = Parser {
        scanner: Scanner::new(text),
        nodes: Vec::new(),
        anchors: HashMap::new(),
        tags: Vec::new(),
        depth: 0,
    };
    let Some(root) = parser.document()? else {
        return Ok(None);
    };
    parser.peek()?; // what follows at once has to be sound, too
    let nodes = parser.nodes;
    Ok(Some(Tree { root, nodes }))
}

struct Parser {
    scanner: Scanner,
    nodes: Vec<Node>,
    anchors: HashMap<String, Id>,
    /// Handles and what they stand for.
    tags: Vec<(String, Vec<u8>)>,
    depth: usize,
}

/// Which collections may begin at a place.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Context {
    Flow,
    Block,
    /// A value in a mapping, where a sequence need not be indented.
    Value,
}

impl Parser {
    fn document(&mut self) -> Result<Option<Id>, Fault> {
        match self.peek()? {
            Kind::StreamEnd => Ok(None),
            Kind::Version { .. } | Kind::TagDirective { .. } | Kind::DocumentStart => {
                self.directives()?;
                if *self.peek()? != Kind::DocumentStart {
                    return Err(self.fault("did not find expected <document start>")?);
                }
                self.take()?;
                let ends = matches!(
                    self.peek()?,
                    Kind::Version { .. }
                        | Kind::TagDirective { .. }
                        | Kind::DocumentStart
                        | Kind::DocumentEnd
                        | Kind::StreamEnd
                );
                self.node_or_empty(ends, Context::Block).map(Some)
            }
            _ => {
                self.directives()?;
                self.node(Context::Block).map(Some)
            }
        }
    }

    fn directives(&mut self) -> Result<(), Fault> {
        let mut versioned = false;
        loop {
            match self.peek()?.clone() {
                Kind::Version { .. } if versioned => {
                    return Err(self.fault("found duplicate %YAML directive")?);
                }
                Kind::Version { major: 1, minor: 1 } => versioned = true,
                Kind::Version { .. } => return Err(self.fault("found incompatible YAML document")?),
                Kind::TagDirective { handle, prefix } => {
                    if self.prefix(&handle).is_some() {
                        return Err(self.fault("found duplicate %TAG directive")?);
                    }
                    self.tags.push((handle, prefix));
                }
                _ => break,
            }
            self.take()?;
        }
        self.tags.push(("!".into(), b"!".to_vec()));
        self.tags.push(("!!".into(), PREFIX.to_vec()));
        Ok(())
    }

    /// The first one counts, so the two that always hold go last.
    fn prefix(&self, handle: &str) -> Option<&[u8]> {
        let mut tags = self.tags.iter();
        tags.find(|(name, _)| name == handle)
            .map(|(_, prefix)| prefix.as_slice())
    }

    fn node(&mut self, context: Context) -> Result<Id, Fault> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Fault::TooDeep);
        }
        let id = match self.peek()? {
            Kind::Alias(_) => self.alias()?,
            _ => self.content(context)?,
        };
        self.depth -= 1;
        Ok(id)
    }

    fn alias(&mut self) -> Result<Id, Fault> {
        let Kind::Alias(name) = self.take()? else {
            return self.unexpected();
        };
        let target = *self.anchors.get(&name).ok_or(Fault::UnknownAnchor)?;
        Ok(self.add(Node::Alias(target)))
    }

    fn content(&mut self, context: Context) -> Result<Id, Fault> {
        let (anchor, tag) = self.properties()?;
        let id = self.nodes.len();
        let bare = anchor.is_none() && tag.is_empty();
        let is_empty = match self.peek()? {
            Kind::Scalar { .. } | Kind::SequenceStart | Kind::MappingStart => false,
            Kind::BlockSequenceStart | Kind::BlockMappingStart => context == Context::Flow,
            Kind::BlockEntry => context != Context::Value,
            _ => true,
        };
        if is_empty && bare {
            return self.unexpected();
        }
        if let Some(name) = anchor {
            self.anchors.insert(name, id);
        }
        if is_empty {
            let implicit = tag.is_empty();
            let value = String::new();
            return Ok(self.add(Node::Scalar(Scalar { value, tag, implicit })));
        }
        match self.peek()? {
            Kind::Scalar { .. } => self.scalar(tag),
            Kind::SequenceStart => self.flow_sequence(),
            Kind::MappingStart => self.flow_mapping(),
            Kind::BlockSequenceStart => self.block_sequence(),
            Kind::BlockMappingStart => self.block_mapping(),
            _ => self.bare_sequence(),
        }
    }

    /// An anchor and a tag in either order.
    fn properties(&mut self) -> Result<(Option<String>, Vec<u8>), Fault> {
        let mut anchor = self.anchor()?;
        let tag = self.tag()?;
        if anchor.is_none() && tag.is_some() {
            anchor = self.anchor()?;
        }
        let tag = match tag {
            None => Vec::new(),
            Some((handle, suffix, _)) if handle.is_empty() => suffix,
            Some((handle, suffix, mark)) => {
                let full = self.prefix(&handle).map(|prefix| [prefix, &suffix].concat());
                full.filter(|tag| !tag.is_empty())
                    .ok_or(located(mark, "found undefined tag handle"))?
            }
        };
        Ok((anchor, tag))
    }

    fn anchor(&mut self) -> Result<Option<String>, Fault> {
        if !matches!(self.peek()?, Kind::Anchor(_)) {
            return Ok(None);
        }
        match self.take()? {
            Kind::Anchor(name) => Ok(Some(name)),
            _ => Ok(None),
        }
    }

    fn tag(&mut self) -> Result<Option<(String, Vec<u8>, Mark)>, Fault> {
        let mark = self.scanner.peek()?.mark;
        if !matches!(self.peek()?, Kind::Tag { .. }) {
            return Ok(None);
        }
        match self.take()? {
            Kind::Tag { handle, suffix } => Ok(Some((handle, suffix, mark))),
            _ => Ok(None),
        }
    }

    fn scalar(&mut self, tag: Vec<u8>) -> Result<Id, Fault> {
        let Kind::Scalar { value, plain } = self.take()? else {
            return self.unexpected();
        };
        let implicit = tag.is_empty() && plain || tag == b"!";
        Ok(self.add(Node::Scalar(Scalar { value, tag, implicit })))
    }

    fn node_or_empty(&mut self, is_empty: bool, context: Context) -> Result<Id, Fault> {
        if is_empty {
            Ok(self.empty())
        } else {
            self.node(context)
        }
    }

    fn empty(&mut self) -> Id {
        self.add(Node::Scalar(Scalar {
            implicit: true,
            ..Scalar::default()
        }))
    }

    fn add(&mut self, node: Node) -> Id {
        self.nodes.push(node);
        self.nodes.len() - 1
    }

    /// Passes the token that a collection begins with. The collection gets its place before its items.
    fn open(&mut self, node: Node) -> Result<Id, Fault> {
        self.take()?;
        Ok(self.add(node))
    }

    fn close(&mut self, kind: &Kind, problem: &'static str) -> Result<(), Fault> {
        if self.peek()? != kind {
            return Err(self.fault(problem)?);
        }
        self.take()?;
        Ok(())
    }

    fn peek(&mut self) -> Result<&Kind, Fault> {
        Ok(&self.scanner.peek()?.kind)
    }

    fn take(&mut self) -> Result<Kind, Fault> {
        Ok(self.scanner.take()?.kind)
    }

    /// What is wrong with the next token.
    fn fault(&mut self, problem: &'static str) -> Result<Fault, Fault> {
        Ok(located(self.scanner.peek()?.mark, problem))
    }

    fn unexpected(&mut self) -> Result<Id, Fault> {
        Err(self.fault("did not find expected node content")?)
    }
}

fn located(mark: Mark, problem: &'static str) -> Fault {
    let line = mark.line;
    Fault::Malformed { problem, line }
}
