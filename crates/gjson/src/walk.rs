//! Following plain segments down into a document.
//!
//! A walk keeps its own stack, so that neither a long path nor a deep document can exhaust ours. It looks
//! for the first member that leads to a value: when a member matches but what lies in it does not, the walk
//! comes back and tries later members of the same name.

use crate::gather;
use crate::limit::Scope;
use crate::path::{ElementSegment, KeySegment, Pick, Rest};
use crate::scan::{self, Next};
use crate::text;
use crate::value::{Kind, Token, Value};
use crate::wildcard::Pattern;

/// Where a result lies in the document it was found in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// Not in the document: made on the way.
    Nowhere,
    /// At this position.
    At(usize),
    /// The result is a list made of these pieces, each a position and a length.
    Pieces(Vec<(usize, usize)>),
}

/// A result and where it lies.
pub(crate) struct Found<'j> {
    pub(crate) value: Value<'j>,
    pub(crate) place: Place,
}

impl<'j> Found<'j> {
    pub(crate) const ABSENT: Self = Self {
        value: Value::ABSENT,
        place: Place::Nowhere,
    };

    pub(crate) fn at(token: Token<'j>, start: usize) -> Self {
        Self {
            value: token.into(),
            place: Place::At(start),
        }
    }

    pub(crate) fn made(value: Value<'j>) -> Self {
        Self {
            value,
            place: Place::Nowhere,
        }
    }

    /// The same result seen from a document in which this one starts at `base`.
    pub(crate) fn within(mut self, base: usize) -> Self {
        match &mut self.place {
            Place::Nowhere => {}
            Place::At(start) => *start += base,
            Place::Pieces(pieces) => pieces.iter_mut().for_each(|(start, _)| *start += base),
        }
        self
    }

    pub(crate) fn into_owned(self) -> Found<'static> {
        Found {
            value: self.value.into_owned(),
            place: self.place,
        }
    }
}

/// A search through one document.
pub(crate) struct Walk<'j, 'p, 'b> {
    pub(crate) json: &'j [u8],
    pub(crate) scope: Scope<'b>,
    pub(crate) found: Found<'j>,
    /// A path to apply to what was found, even if that is nothing.
    pub(crate) pipe: Option<&'p [u8]>,
}

/// What a level of the walk wants to happen next.
pub(crate) enum Move<'p> {
    /// Go into the object or array that opens at this position.
    Into(usize, &'p [u8]),
    /// This level is done without a result; go on behind it.
    Back(usize),
    /// The result is in, and this is how far we read.
    Done(usize),
}

/// A level of the walk: an object or array that matched so far.
enum Level<'p> {
    Object {
        segment: KeySegment<'p>,
        pattern: Option<Pattern>,
    },
    Array {
        index: Option<u64>,
        seen: u64,
        rest: Rest<'p>,
    },
    Gather(ElementSegment<'p>),
}

impl<'j, 'p, 'b> Walk<'j, 'p, 'b> {
    pub(crate) fn new(json: &'j [u8], scope: Scope<'b>) -> Self {
        Self {
            json,
            scope,
            found: Found::ABSENT,
            pipe: None,
        }
    }

    /// Searches the first object or array in the document. That may be in the text of a string, where things
    /// can be found but have no place to write to.
    pub(crate) fn document(&mut self, path: &'p [u8]) {
        let start = self.json.iter().position(|b| matches!(b, b'{' | b'['));
        let head = &self.json[..start.unwrap_or(self.json.len())];
        self.scope.read(head.len());
        if let Some(start) = start {
            let level = self.level(self.json[start] == b'[', path);
            self.run(level, start + 1);
            let quote = head
                .iter()
                .position(|&b| b > b' ')
                .filter(|&first| head[first] == b'"');
            if quote.is_some_and(|quote| scan::string_end(head, quote + 1).is_none()) {
                self.found.place = Place::Nowhere;
            }
        }
    }

    /// Searches a sequence of documents as if they were elements of one array.
    pub(crate) fn lines(&mut self, path: &'p [u8]) {
        let level = self.level(true, path);
        self.run(level, 0);
    }

    fn run(&mut self, first: Level<'p>, start: usize) {
        let mut levels = vec![first];
        let mut at = start;
        while let Some(level) = levels.last_mut().filter(|_| !self.scope.exhausted()) {
            let step = match level {
                Level::Object { segment, pattern } => self.object(segment, pattern.as_ref(), at),
                Level::Array { index, seen, rest } => self.array(*index, seen, *rest, at),
                Level::Gather(segment) => gather::run(self, segment, at),
            };
            match step {
                Move::Into(open, path) => {
                    levels.push(self.level(self.json[open] == b'[', path));
                    at = open + 1;
                }
                Move::Back(to) => {
                    levels.pop();
                    at = to;
                }
                Move::Done(to) => {
                    at = to;
                    break;
                }
            }
        }
        self.scope.read(at.saturating_sub(start));
    }

    fn level(&mut self, array: bool, path: &'p [u8]) -> Level<'p> {
        let (level, rest) = if array {
            let segment = ElementSegment::parse(path);
            let rest = segment.rest;
            match segment.pick {
                Pick::Index(index) => (Level::Array { index, seen: 0, rest }, rest),
                _ => (Level::Gather(segment), rest),
            }
        } else {
            let segment = KeySegment::parse(path);
            let rest = segment.rest;
            let pattern = segment.wild.then(|| Pattern::parse(&segment.key));
            (Level::Object { segment, pattern }, rest)
        };
        let left = match rest {
            Rest::End => 0,
            Rest::Path(path) => path.len(),
            Rest::Pipe(pipe) => {
                self.pipe = Some(pipe);
                pipe.len()
            }
        };
        // Members of the same name can make us parse the same segment any number of times.
        self.scope.read(path.len() - left);
        level
    }

    /// Looks through the members of an object from `at` on.
    fn object(&mut self, segment: &KeySegment<'p>, pattern: Option<&Pattern>, mut at: usize) -> Move<'p> {
        loop {
            let Some(start) = self
                .json
                .get(at..)
                .and_then(|s| s.iter().position(|b| matches!(b, b'"' | b'}')))
            else {
                return Move::Back(at.max(self.json.len()));
            };
            at += start;
            if self.json[at] == b'}' {
                return Move::Back(at + 1);
            }
            let Some(end) = scan::string_end(self.json, at + 1) else {
                return Move::Back(self.json.len());
            };
            let matched = self.key_matches(segment, pattern, &self.json[at + 1..end - 1]);
            let deeper = match segment.rest {
                Rest::Path(path) if matched => Some(path),
                _ => None,
            };
            match self.value(end, false, matched && deeper.is_none(), deeper) {
                Ok(end) => at = end,
                Err(step) => return step,
            }
        }
    }

    fn key_matches(&self, segment: &KeySegment<'_>, pattern: Option<&Pattern>, quoted: &[u8]) -> bool {
        let key = text::unescape(quoted);
        match pattern {
            Some(pattern) => pattern.matches(&key, self.scope),
            None => *key == *segment.key,
        }
    }

    /// Looks through the elements of an array from `at` on. The end of the document ends the array too.
    fn array(&mut self, index: Option<u64>, seen: &mut u64, rest: Rest<'p>, mut at: usize) -> Move<'p> {
        while at <= self.json.len() {
            let matched = index == Some(*seen);
            *seen += 1;
            let deeper = match rest {
                Rest::Path(path) if matched => Some(path),
                _ => None,
            };
            match self.value(at, true, matched && deeper.is_none(), deeper) {
                Ok(end) => at = end,
                Err(step) => return step,
            }
        }
        Move::Back(at)
    }

    /// Reads the value behind `at`: takes it if `hit`, goes into it if there is a path to follow `deeper`,
    /// and otherwise skips it and returns where it ends.
    fn value(
        &mut self,
        at: usize,
        in_array: bool,
        hit: bool,
        deeper: Option<&'p [u8]>,
    ) -> Result<usize, Move<'p>> {
        let (token, end) = match scan::next_value(self.json, at, in_array) {
            Next::Scalar(token, end) => (token, end),
            Next::Open(open) => {
                if let Some(path) = deeper {
                    return Err(Move::Into(open, path));
                }
                let (raw, end) = scan::container(self.json, open);
                (Token::new(Kind::Json, raw), end)
            }
            Next::Close(close) => return Err(Move::Back(close + 1)),
            Next::Broken(to) | Next::End(to) => return Err(Move::Back(to)),
        };
        if !hit {
            return Ok(end);
        }
        // An unfinished container ends where the document does, which may be before `end`.
        let start = end.min(self.json.len()) - token.raw.len();
        self.found = Found::at(token, start);
        Err(Move::Done(end))
    }
}
