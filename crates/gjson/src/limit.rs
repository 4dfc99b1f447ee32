//! Ceilings on what one call may cost.
//!
//! A path comes from a user and a document from a store, so neither may decide how long a call runs or how
//! much memory it takes. The ceilings lie far above sane use; whoever reaches one gets an error, never a
//! truncated answer.

use std::cell::Cell;
use std::fmt;

/// The longest path in bytes.
pub const MAX_PATH_LEN: usize = 64 * 1024;

/// How many paths may sit inside one another: a query in a query, a multipath in a multipath, `#.` after `#.`.
/// Plain segments such as `a.b.c` do not count.
pub const MAX_PATH_NESTING: u16 = 64;

/// How many levels of a document `@pretty` and deep `@flatten` follow. Plain paths have no such ceiling.
pub const MAX_DOCUMENT_DEPTH: u16 = 512;

/// The longest array that `set` makes by filling up with nulls.
pub const MAX_FILLED_ARRAY: usize = 1_000_000;

/// Bytes read by one call: a flat allowance, and so many times the document.
const WORK: (usize, usize) = (64 << 20, 64);

/// Bytes written by one call, intermediate documents included.
const OUTPUT: (usize, usize) = (32 << 20, 8);

/// A call was cut off because it would have cost too much.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LimitError {
    /// The path is longer than [`MAX_PATH_LEN`].
    PathLength,
    /// Paths nest deeper than [`MAX_PATH_NESTING`].
    PathNesting,
    /// A modifier met a document nested deeper than [`MAX_DOCUMENT_DEPTH`].
    DocumentDepth,
    /// The path makes us read the document too often.
    Work,
    /// The path produces too much text.
    Output,
}

impl fmt::Display for LimitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PathLength => write!(f, "path is longer than {MAX_PATH_LEN} bytes"),
            Self::PathNesting => write!(f, "path nests deeper than {MAX_PATH_NESTING} levels"),
            Self::DocumentDepth => write!(f, "document nests deeper than {MAX_DOCUMENT_DEPTH} levels"),
            Self::Work => f.write_str("path takes too long on this document"),
            Self::Output => f.write_str("path produces too much output"),
        }
    }
}

impl std::error::Error for LimitError {}

/// What is left to spend in one call. The first ceiling reached is remembered, and everything after it
/// returns as early as it can: its result is thrown away.
#[derive(Debug)]
pub(crate) struct Budget {
    work: Cell<usize>,
    output: Cell<usize>,
    reached: Cell<Option<LimitError>>,
}

impl Budget {
    pub(crate) fn for_document(json: &[u8]) -> Self {
        let allowance = |(flat, times): (usize, usize)| json.len().saturating_mul(times).saturating_add(flat);
        Self {
            work: Cell::new(allowance(WORK)),
            output: Cell::new(allowance(OUTPUT)),
            reached: Cell::new(None),
        }
    }

    pub(crate) fn scope(&self) -> Scope<'_> {
        Scope {
            budget: self,
            nesting: 0,
        }
    }

    /// `value`, unless a ceiling was reached on the way to it.
    pub(crate) fn settle<T>(&self, value: T) -> Result<T, LimitError> {
        self.reached.get().map_or(Ok(value), Err)
    }
}

/// A budget and how deep inside nested paths we are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scope<'b> {
    budget: &'b Budget,
    nesting: u16,
}

impl Scope<'_> {
    /// The scope for a path inside the current one; none if that would nest too deep.
    pub(crate) fn deeper(self) -> Option<Self> {
        if self.nesting >= MAX_PATH_NESTING {
            self.fail(LimitError::PathNesting);
            return None;
        }
        Some(Self {
            nesting: self.nesting + 1,
            ..self
        })
    }

    pub(crate) fn fail(self, limit: LimitError) {
        if self.budget.reached.get().is_none() {
            self.budget.reached.set(Some(limit));
        }
    }

    pub(crate) fn exhausted(self) -> bool {
        self.budget.reached.get().is_some()
    }

    /// Pays for reading `bytes`. False means: stop.
    pub(crate) fn read(self, bytes: usize) -> bool {
        self.pay(&self.budget.work, bytes, LimitError::Work)
    }

    fn write(self, bytes: usize) -> bool {
        self.pay(&self.budget.output, bytes, LimitError::Output)
    }

    fn pay(self, purse: &Cell<usize>, bytes: usize, limit: LimitError) -> bool {
        match purse.get().checked_sub(bytes) {
            Some(rest) => purse.set(rest),
            None => self.fail(limit),
        }
        !self.exhausted()
    }
}

/// Text under construction that stops growing when the budget is spent.
#[derive(Debug)]
pub(crate) struct Output<'b> {
    bytes: Vec<u8>,
    scope: Scope<'b>,
}

impl<'b> Output<'b> {
    pub(crate) fn new(scope: Scope<'b>) -> Self {
        Self {
            bytes: Vec::new(),
            scope,
        }
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) {
        if self.scope.write(bytes.len()) {
            self.bytes.extend_from_slice(bytes);
        }
    }

    /// Appends `item`, after a comma unless it is the first one behind the opening bracket.
    pub(crate) fn push_item(&mut self, item: &[u8]) {
        if self.bytes.len() > 1 {
            self.push(b",");
        }
        self.push(item);
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Takes back everything from `len` on. The text was still worked for, so that part is paid.
    pub(crate) fn truncate(&mut self, len: usize) {
        let dropped = self.bytes.len().saturating_sub(len);
        self.scope
            .budget
            .output
            .update(|left| left.saturating_add(dropped));
        self.scope.read(dropped);
        self.bytes.truncate(len);
    }

    /// Exchanges the last byte.
    pub(crate) fn replace_last(&mut self, byte: u8) {
        if let Some(last) = self.bytes.last_mut() {
            *last = byte;
        }
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        self.bytes
    }
}
