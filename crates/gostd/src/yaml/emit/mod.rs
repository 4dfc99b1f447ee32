//! Printing: block style, sequences flush with their key, as the emitter of libyaml does it.

use analyze::{Analysis, Style};

use super::{Node, number, order};
use crate::float;

mod analyze;
mod scalar;

/// A key that is longer stands behind a question mark.
const LONGEST_KEY: usize = 128;

const STEP: usize = 2;

pub(super) fn document(node: &Node) -> Vec<u8> {
    let mut emitter = Emitter {
        out: String::new(),
        column: 0,
        indent: None,
        spaced: true,
        indented: true,
    };
    emitter.node(node, Place::Root);
    emitter.start_line();
    emitter.out.into_bytes()
}

/// Where a node stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Root,
    Item,
    Key,
    /// A value, or a key behind a question mark.
    Part,
}

struct Emitter {
    out: String,
    /// In characters.
    column: usize,
    /// Of the collection around.
    indent: Option<usize>,
    /// The last thing written was white space.
    spaced: bool,
    /// The line has nothing yet but indentation and signs that count as such.
    indented: bool,
}

impl Emitter {
    fn node(&mut self, node: &Node, place: Place) {
        match node {
            Node::Null => self.plain_word("null"),
            Node::Bool(value) => self.plain_word(if *value { "true" } else { "false" }),
            Node::Int(value) => self.plain_word(&value.to_string()),
            Node::Uint(value) => self.plain_word(&value.to_string()),
            Node::Float(value) => self.plain_word(&number::in_yaml(float::text(*value))),
            Node::Text(text) => self.text(text, place),
            Node::List(items) if items.is_empty() => self.empty('[', ']'),
            Node::List(items) => self.list(items, place),
            Node::Map(entries) if entries.is_empty() => self.empty('{', '}'),
            Node::Map(entries) => {
                let mut entries: Vec<(&str, &Node)> =
                    entries.iter().map(|(key, node)| (key.as_str(), node)).collect();
                order::sort(&mut entries);
                self.map(&entries);
            }
        }
    }

    fn list(&mut self, items: &[Node], place: Place) {
        let around = self.indent;
        let flush = place == Place::Part && !self.indented;
        if !flush {
            self.indent = Some(around.map_or(0, |indent| indent + STEP));
        }
        for item in items {
            self.start_line();
            self.sign('-', true);
            self.node(item, Place::Item);
        }
        self.indent = around;
    }

    fn map(&mut self, entries: &[(&str, &Node)]) {
        let around = self.indent;
        self.indent = Some(around.map_or(0, |indent| indent + STEP));
        for (key, value) in entries {
            self.start_line();
            if is_simple(key) {
                self.text(key, Place::Key);
                self.glued(':');
            } else {
                self.sign('?', true);
                self.text(key, Place::Part);
                self.start_line();
                self.sign(':', true);
            }
            self.node(value, Place::Part);
        }
        self.indent = around;
    }

    fn empty(&mut self, open: char, close: char) {
        self.sign(open, false);
        self.glued(close);
    }

    /// A number or a word, which need no quotes.
    fn plain_word(&mut self, word: &str) {
        self.space();
        self.put_all(word);
        self.spaced = false;
        self.indented = false;
    }

    fn text(&mut self, text: &str, place: Place) {
        let analysis = Analysis::new(text);
        let around = self.indent;
        self.indent = Some(around.map_or(STEP, |indent| indent + STEP));
        match analysis.style(text, place == Place::Key) {
            Style::Plain => self.plain(text, place != Place::Key),
            Style::Single => self.single_quoted(text, place != Place::Key),
            Style::Double => self.double_quoted(text, place != Place::Key),
            Style::Literal => self.literal(text),
        }
        self.indent = around;
    }

    /// Goes to the indentation, on a new line unless this one has nothing but indentation yet.
    fn start_line(&mut self) {
        let indent = self.indent.unwrap_or(0);
        if !self.indented || self.column > indent || (self.column == indent && !self.spaced) {
            self.break_line();
        }
        while self.column < indent {
            self.put(' ');
        }
        self.spaced = true;
        self.indented = true;
    }

    /// A sign with space before it. Some count as indentation.
    fn sign(&mut self, sign: char, indents: bool) {
        self.space();
        self.put(sign);
        self.spaced = matches!(sign, '[' | '{');
        self.indented &= indents;
    }

    /// A sign without space before it.
    fn glued(&mut self, sign: char) {
        self.put(sign);
        self.spaced = false;
        self.indented = false;
    }

    fn space(&mut self) {
        if !self.spaced {
            self.put(' ');
        }
    }

    fn put_all(&mut self, text: &str) {
        text.chars().for_each(|c| self.put(c));
    }

    fn put(&mut self, c: char) {
        self.out.push(c);
        self.column += 1;
    }

    fn break_line(&mut self) {
        self.put('\n');
        self.column = 0;
    }
}

fn is_simple(key: &str) -> bool {
    key.len() <= LONGEST_KEY && !key.contains(scalar::is_break)
}
