//! Sequences and mappings.

use super::{Context, Fault, Id, Kind, Node, Parser};

impl Parser {
    pub(super) fn block_sequence(&mut self) -> Result<Id, Fault> {
        let id = self.open(Node::Sequence(Vec::new()))?;
        let mut items = Vec::new();
        while *self.peek()? == Kind::BlockEntry {
            self.take()?;
            let is_empty = matches!(self.peek()?, Kind::BlockEntry | Kind::BlockEnd);
            items.push(self.node_or_empty(is_empty, Context::Block)?);
        }
        self.close(&Kind::BlockEnd, "did not find expected '-' indicator")?;
        self.nodes[id] = Node::Sequence(items);
        Ok(id)
    }

    /// A sequence that is not indented, and so has no tokens at its ends.
    pub(super) fn bare_sequence(&mut self) -> Result<Id, Fault> {
        let id = self.add(Node::Sequence(Vec::new()));
        let mut items = Vec::new();
        while *self.peek()? == Kind::BlockEntry {
            self.take()?;
            let is_empty = matches!(
                self.peek()?,
                Kind::BlockEntry | Kind::Key | Kind::Value | Kind::BlockEnd
            );
            items.push(self.node_or_empty(is_empty, Context::Block)?);
        }
        self.nodes[id] = Node::Sequence(items);
        Ok(id)
    }

    pub(super) fn block_mapping(&mut self) -> Result<Id, Fault> {
        let id = self.open(Node::Mapping(Vec::new()))?;
        let mut entries = Vec::new();
        while *self.peek()? == Kind::Key {
            self.take()?;
            let key = self.block_part()?;
            let value = if *self.peek()? == Kind::Value {
                self.take()?;
                self.block_part()?
            } else {
                self.empty()
            };
            entries.push((key, value));
        }
        self.close(&Kind::BlockEnd, "did not find expected key")?;
        self.nodes[id] = Node::Mapping(entries);
        Ok(id)
    }

    /// A key or a value.
    fn block_part(&mut self) -> Result<Id, Fault> {
        let is_empty = matches!(self.peek()?, Kind::Key | Kind::Value | Kind::BlockEnd);
        self.node_or_empty(is_empty, Context::Value)
    }

    pub(super) fn flow_sequence(&mut self) -> Result<Id, Fault> {
        let id = self.open(Node::Sequence(Vec::new()))?;
        let mut items = Vec::new();
        while *self.peek()? != Kind::SequenceEnd {
            if !items.is_empty() {
                self.close(&Kind::FlowEntry, "did not find expected ',' or ']'")?;
            }
            match self.peek()? {
                Kind::SequenceEnd => break,
                Kind::Key => items.push(self.pair()?),
                _ => items.push(self.node(Context::Flow)?),
            }
        }
        self.take()?;
        self.nodes[id] = Node::Sequence(items);
        Ok(id)
    }

    /// A mapping of one entry, without braces, in a sequence.
    fn pair(&mut self) -> Result<Id, Fault> {
        let id = self.open(Node::Mapping(Vec::new()))?;
        let is_empty = matches!(self.peek()?, Kind::Value | Kind::FlowEntry | Kind::SequenceEnd);
        if is_empty {
            self.take()?; // as libyaml does, even if that leaves the sequence without its end
        }
        let key = self.node_or_empty(is_empty, Context::Flow)?;
        let value = self.flow_value(&Kind::SequenceEnd)?;
        self.nodes[id] = Node::Mapping(vec![(key, value)]);
        Ok(id)
    }

    pub(super) fn flow_mapping(&mut self) -> Result<Id, Fault> {
        let id = self.open(Node::Mapping(Vec::new()))?;
        let mut entries = Vec::new();
        while *self.peek()? != Kind::MappingEnd {
            if !entries.is_empty() {
                self.close(&Kind::FlowEntry, "did not find expected ',' or '}'")?;
            }
            match self.peek()? {
                Kind::MappingEnd => break,
                Kind::Key => {
                    self.take()?;
                    let is_empty = matches!(self.peek()?, Kind::Value | Kind::FlowEntry | Kind::MappingEnd);
                    let key = self.node_or_empty(is_empty, Context::Flow)?;
                    entries.push((key, self.flow_value(&Kind::MappingEnd)?));
                }
                _ => {
                    let key = self.node(Context::Flow)?;
                    self.peek()?;
                    entries.push((key, self.empty()));
                }
            }
        }
        self.take()?;
        self.nodes[id] = Node::Mapping(entries);
        Ok(id)
    }

    fn flow_value(&mut self, end: &Kind) -> Result<Id, Fault> {
        if *self.peek()? != Kind::Value {
            return Ok(self.empty());
        }
        self.take()?;
        let next = self.peek()?;
        let is_empty = *next == Kind::FlowEntry || next == end;
        self.node_or_empty(is_empty, Context::Flow)
    }
}
