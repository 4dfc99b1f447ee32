//! One span: what it is about, how long it took, and how it ended.

use std::borrow::Cow;

use jiff::Timestamp;

use crate::engine::object::ObjectRef;
use crate::engine::problem::Problem;

/// What a span holds of each at most; what is more is counted.
const MOST: usize = 64;

/// Which span of which trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ids {
    pub trace: u128,
    pub span: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// What we do ourselves.
    Internal,
    /// What we ask somebody else for.
    Client,
}

/// What is told of a span. Names of objects are text, everything else is static.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Text(String),
    Word(&'static str),
    Number(i64),
    Truth(bool),
}

/// Something that happened within a span.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    pub at: Timestamp,
    pub name: &'static str,
    pub attributes: Vec<(&'static str, Value)>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    pub ids: Ids,
    pub parent: Option<u64>,
    pub name: Cow<'static, str>,
    pub kind: Kind,
    pub began: Timestamp,
    pub ended: Timestamp,
    pub attributes: Vec<(&'static str, Value)>,
    pub events: Vec<Event>,
    pub events_left_out: usize,
    pub links: Vec<Ids>,
    pub links_left_out: usize,
    /// Why it failed, if it did.
    pub reason: Option<&'static str>,
}

impl Span {
    pub(super) fn new(ids: Ids, parent: Option<u64>, began: Timestamp) -> Self {
        Self {
            ids,
            parent,
            name: Cow::default(),
            kind: Kind::Internal,
            began,
            ended: began,
            attributes: Vec::new(),
            events: Vec::new(),
            events_left_out: 0,
            links: Vec::new(),
            links_left_out: 0,
            reason: None,
        }
    }

    /// In place of what was told before under this name.
    pub fn set(&mut self, name: &'static str, value: impl Into<Value>) {
        let value = value.into();
        let known = self.attributes.iter().position(|(known, _)| *known == name);
        match known {
            Some(place) => self.attributes[place].1 = value,
            None if self.attributes.len() < MOST => self.attributes.push((name, value)),
            None => {}
        }
    }

    /// The object that it is about.
    pub fn about(&mut self, object: &ObjectRef) {
        self.set("lockstep.object.kind", object.kind.clone().into_owned());
        self.set("lockstep.object.name", object.name.clone());
        if let Some(namespace) = &object.namespace {
            self.set("k8s.namespace.name", namespace.clone());
        }
    }

    /// That something happened just now.
    pub fn happened(&mut self, name: &'static str, at: Timestamp, attributes: Vec<(&'static str, Value)>) {
        if self.events.len() < MOST {
            self.events.push(Event { at, name, attributes });
        } else {
            self.events_left_out += 1;
        }
    }

    pub fn link(&mut self, other: Ids) {
        if self.links.len() < MOST {
            self.links.push(other);
        } else {
            self.links_left_out += 1;
        }
    }

    /// The first reason is the one that counts.
    pub fn failed(&mut self, reason: &'static str) {
        if self.reason.is_none() {
            self.reason = Some(reason);
            self.set("error.type", reason);
        }
    }

    /// What came of a question. That something is not there, or not new, is an answer.
    pub fn answered(&mut self, problem: Option<&Problem>) {
        let Some(problem) = problem.map(Problem::root) else {
            return;
        };
        if matches!(problem, Problem::Absent { .. } | Problem::NotModified { .. }) {
            self.set("lockstep.answer", problem.reason());
        } else {
            self.failed(problem.reason());
        }
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&'static str> for Value {
    fn from(word: &'static str) -> Self {
        Self::Word(word)
    }
}

impl From<usize> for Value {
    fn from(number: usize) -> Self {
        Self::Number(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl From<u16> for Value {
    fn from(number: u16) -> Self {
        Self::Number(number.into())
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Truth(truth)
    }
}
