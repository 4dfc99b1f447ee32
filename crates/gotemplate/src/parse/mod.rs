//! From tokens to trees.
//!
//! A text holds one template and any number of named ones in it (`define`, `block`). Each has a [`Scope`] of its own
//! while it is parsed.

use std::collections::BTreeMap;

use crate::error::Error;
use crate::lex::{Keyword, Kind, Lexer, Token};
use crate::message::Message;
use crate::unicode::{decode, quote};
use tree::{Node, Nodes};

mod control;
mod literal;
mod number;
mod operand;
mod pipe;
pub(crate) mod show;
pub(crate) mod tree;

/// All templates of one text by name.
pub(crate) type Templates = BTreeMap<Box<[u8]>, Nodes>;

/// What to parse, and how.
pub(crate) struct Source<'s> {
    /// The name of the template, for errors and for `{{ template }}`.
    pub(crate) name: &'s str,
    pub(crate) text: &'s [u8],
    pub(crate) left: &'s [u8],
    pub(crate) right: &'s [u8],
    /// How deep blocks and parentheses may nest.
    pub(crate) nesting: usize,
}

pub(crate) fn parse(source: &Source<'_>) -> Result<Templates, Error> {
    let mut parser = Parser {
        source,
        lexer: Lexer::new(source.text, source.left, source.right),
        peeked: Vec::new(),
        last: 0,
        depth: 0,
        scope: Scope::new(),
        templates: Templates::new(),
    };
    let root = parser.root()?;
    parser.add(source.name.as_bytes(), root)?;
    Ok(parser.templates)
}

struct Parser<'s> {
    source: &'s Source<'s>,
    lexer: Lexer<'s>,
    /// Tokens that were put back, the next one last.
    peeked: Vec<Token>,
    /// Where the last token starts that the lexer gave. Its line is where an error is reported.
    last: usize,
    /// How deep blocks and parentheses nest here.
    depth: usize,
    scope: Scope<'s>,
    templates: Templates,
}

/// What is known of the named template that is being parsed.
struct Scope<'s> {
    /// Variables in the order they were declared.
    variables: Vec<&'s [u8]>,
    /// How many `range` we are in.
    ranges: usize,
    /// Where the action starts, while there is one without others in it.
    action: Option<usize>,
}

impl Scope<'_> {
    fn new() -> Self {
        Self {
            variables: vec![b"$"],
            ranges: 0,
            action: None,
        }
    }
}

type Parsed<T> = Result<T, Error>;

/// What a list of nodes can hold, or be ended by.
enum Item {
    Node(Node),
    Else,
    End,
}

impl<'s> Parser<'s> {
    /// The text up to its end, without the `define`s in it.
    fn root(&mut self) -> Parsed<Nodes> {
        let mut nodes = Vec::new();
        loop {
            match self.peek().kind {
                Kind::End => return Ok(nodes.into()),
                Kind::LeftDelim => {
                    let delim = self.next();
                    let first = self.next_solid();
                    if first.kind == Kind::Keyword(Keyword::Define) {
                        self.definition()?;
                        continue;
                    }
                    self.put_back(first);
                    self.put_back(delim);
                }
                _ => {}
            }
            match self.text_or_action()? {
                Item::Node(node) => nodes.push(node),
                Item::Else => return Err(self.error("unexpected {{else}}")),
                Item::End => return Err(self.error("unexpected {{end}}")),
            }
        }
    }

    /// Nodes up to `{{ else }}` or `{{ end }}`, which comes with them.
    fn items(&mut self) -> Parsed<(Nodes, Item)> {
        let mut nodes = Vec::new();
        while self.peek_solid().kind != Kind::End {
            match self.text_or_action()? {
                Item::Node(node) => nodes.push(node),
                end => return Ok((nodes.into(), end)),
            }
        }
        Err(self.error("unexpected EOF"))
    }

    /// The nodes of a named template with what ends them, in a scope of their own.
    fn part(&mut self) -> Parsed<(Nodes, Item)> {
        let outer = std::mem::replace(&mut self.scope, Scope::new());
        let part = self.nest(Self::items)?;
        self.scope = outer;
        Ok(part)
    }

    /// Keeps a template. One with nothing but white space in it gives way to any other.
    fn add(&mut self, name: &[u8], nodes: Nodes) -> Parsed<()> {
        let there = self.templates.get(name);
        if there.is_none_or(|there| self.is_blank(there)) {
            self.templates.insert(name.into(), nodes);
        } else if !self.is_blank(&nodes) {
            let message = Message::new("template: multiple definition of template ");
            return Err(self.error(message.quotes(&quote(name))));
        }
        Ok(())
    }

    fn text_or_action(&mut self) -> Parsed<Item> {
        let token = self.next_solid();
        match token.kind {
            Kind::Text => Ok(Item::Node(Node::Text(token.start..token.end))),
            Kind::LeftDelim => {
                self.scope.action = Some(token.start);
                let item = self.action()?;
                self.scope.action = None;
                Ok(item)
            }
            _ => Err(self.unexpected(&token, "input")),
        }
    }

    /// Runs a parser one level deeper: a template must not decide how much stack we need.
    fn nest<T>(&mut self, parse: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        let limit = self.source.nesting;
        if self.depth >= limit {
            let message = "max expression depth exceeded: blocks and parentheses nest";
            return Err(self.error(format!("{message} more than {limit} deep")));
        }
        self.depth += 1;
        let parsed = parse(self)?;
        self.depth -= 1;
        Ok(parsed)
    }

    fn next(&mut self) -> Token {
        self.peeked.pop().unwrap_or_else(|| {
            let token = self.lexer.next();
            self.last = token.start;
            token
        })
    }

    fn put_back(&mut self, token: Token) {
        self.peeked.push(token);
    }

    fn peek(&mut self) -> &Token {
        let token = self.next();
        self.peeked.push(token);
        self.peeked.last().expect("just pushed")
    }

    fn next_solid(&mut self) -> Token {
        loop {
            let token = self.next();
            if token.kind != Kind::Space {
                return token;
            }
        }
    }

    fn peek_solid(&mut self) -> &Token {
        let token = self.next_solid();
        self.peeked.push(token);
        self.peeked.last().expect("just pushed")
    }

    fn expect(&mut self, kind: &Kind, context: &str) -> Parsed<Token> {
        let token = self.next_solid();
        if token.kind == *kind {
            Ok(token)
        } else {
            Err(self.unexpected(&token, context))
        }
    }

    fn text_of(&self, token: &Token) -> &'s [u8] {
        &self.source.text[token.start..token.end]
    }

    fn error(&self, message: impl Into<Message>) -> Error {
        Error::parse(self.source.name, self.line(self.last), message.into())
    }

    fn unexpected(&self, token: &Token, context: &str) -> Error {
        if let Kind::Broken(message) = &token.kind {
            return self.error(self.with_start(token, message.clone()));
        }
        let message = Message::new("unexpected ");
        let message = match token.kind {
            Kind::End => message.says("EOF"),
            Kind::Keyword(_) => message.says(&format!("<{}>", String::from_utf8_lossy(self.text_of(token)))),
            _ => message.quotes(&excerpt(self.text_of(token))),
        };
        self.error(message.says(&format!(" in {context}")))
    }

    /// Says where an action started that breaks in another line.
    fn with_start(&self, broken: &Token, message: Message) -> Message {
        let Some(action) = self.scope.action.map(|action| self.line(action)) else {
            return message;
        };
        if action == self.line(broken.start) {
            return message;
        }
        let what = if message.full.ends_with(" action") {
            ""
        } else {
            " in action"
        };
        message
            .says(&format!("{what} started at "))
            .quotes(self.source.name)
            .says(&format!(":{action}"))
    }

    fn line(&self, position: usize) -> usize {
        line(self.source.text, position)
    }

    /// Whether there is nothing in it but white space.
    fn is_blank(&self, nodes: &[Node]) -> bool {
        nodes.iter().all(|node| match node {
            Node::Text(span) => is_white(&self.source.text[span.clone()]),
            _ => false,
        })
    }
}

/// The line of a position, counted from 1.
pub(crate) fn line(text: &[u8], position: usize) -> usize {
    let before = text.get(..position).unwrap_or(text);
    before.split(|byte| *byte == b'\n').count()
}

/// The token in quotes, ten characters of it.
fn excerpt(token: &[u8]) -> String {
    if token.len() <= 10 {
        return quote(token);
    }
    let mut length = 0;
    for _ in 0..10 {
        length += decode(&token[length..]).map_or(0, |(_, width)| width);
    }
    format!("{}...", quote(&token[..length]))
}

fn is_white(text: &[u8]) -> bool {
    str::from_utf8(text).is_ok_and(|text| text.chars().all(char::is_whitespace))
}
