//! Changing documents: sjson's `Set` and `Delete`.

mod build;
mod error;
mod remove;
mod segment;

use crate::find;
use crate::limit::{Budget, LimitError, MAX_PATH_LEN, Output};
use crate::walk::{Found, Place};

pub use error::SetError;
use segment::Segment;

/// Sets the value at `path` to a string and returns the new document.
///
/// Objects and arrays on the way are made as needed, and anything else that stands in the way is replaced: a
/// number becomes an array and a name an object. `-1` appends to an array, and a colon in front of a number
/// (`:0`) makes it a name. The rest of the document keeps its bytes. The value is escaped as in Go, and what
/// is not UTF-8 in it becomes U+FFFD.
///
/// A path with `*` or `?` or a query replaces what it finds. Like sjson, this returns the document unchanged
/// if that is nothing, or if the path has a `|`, `@` or `#` that takes the result out of the document.
pub fn set(json: &[u8], path: &str, value: &[u8]) -> Result<Vec<u8>, SetError> {
    set_raw(json, path, &build::string(value))
}

/// Sets the value at `path` to a piece of JSON, which goes in as it is. See [`set`].
pub fn set_raw(json: &[u8], path: &str, value: &[u8]) -> Result<Vec<u8>, SetError> {
    match segments(path)? {
        Some(segments) => set_segments(json, &segments, value),
        None => replace(json, path.as_bytes(), value),
    }
}

/// Deletes the value at `path` with its key and comma, and returns the new document: the same one if there is
/// no such value. `-1` is the last element of an array.
pub fn delete(json: &[u8], path: &str) -> Result<Vec<u8>, SetError> {
    let segments = segments(path)?.ok_or(SetError::ComplexDelete)?;
    let search = Search::new(json);
    let mut within = Spot::of(json);
    let mut spot = within;
    for segment in &segments {
        within = spot;
        let Some(next) = search.locate_for_delete(within, segment)? else {
            return Ok(json.to_vec());
        };
        spot = next;
    }
    let (keep, resume) = remove::bounds(json, spot, within);
    Ok([&json[..keep], &json[resume..]].concat())
}

/// The segments of a path; none if it needs all of gjson to be understood.
fn segments(path: &str) -> Result<Option<Vec<Segment<'_>>>, SetError> {
    if path.is_empty() {
        return Err(SetError::EmptyPath);
    }
    if path.len() > MAX_PATH_LEN {
        return Err(LimitError::PathLength.into());
    }
    Ok(segment::parse(path.as_bytes()))
}

/// Goes down as far as the segments lead, then replaces what is there or adds what is missing.
fn set_segments(json: &[u8], segments: &[Segment<'_>], value: &[u8]) -> Result<Vec<u8>, SetError> {
    let search = Search::new(json);
    let mut spot = Spot::of(json);
    for (i, segment) in segments.iter().enumerate() {
        let Some(next) = search.locate(spot, &segment.path)? else {
            let changed = build::add(&json[spot.start..spot.end], &segments[i..], value)?;
            return Ok([&json[..spot.start], &changed, &json[spot.end..]].concat());
        };
        spot = next;
    }
    Ok([&json[..spot.start], value, &json[spot.end..]].concat())
}

/// Replaces what a path finds, wherever that lies in the document.
fn replace(json: &[u8], path: &[u8], value: &[u8]) -> Result<Vec<u8>, SetError> {
    let search = Search::new(json);
    let found = search.find(Spot::of(json), path)?;
    let mut pieces = match found.place {
        Place::At(start) if start > 0 && found.value.exists() => vec![(start, found.value.raw().len())],
        Place::Pieces(pieces) => pieces,
        Place::At(_) | Place::Nowhere => return Ok(json.to_vec()),
    };
    pieces.sort_unstable();
    let mut out = Output::new(search.budget.scope());
    let mut done = 0;
    for (start, len) in pieces {
        // A malformed document can make the same piece turn up twice.
        if start >= done {
            out.push(&json[done..start]);
            out.push(value);
            done = start + len;
        }
    }
    out.push(&json[done..]);
    Ok(search.budget.settle(out.finish())?)
}

/// A part of the document.
#[derive(Clone, Copy)]
struct Spot {
    start: usize,
    end: usize,
}

impl Spot {
    fn of(json: &[u8]) -> Self {
        Self {
            start: 0,
            end: json.len(),
        }
    }
}

/// Looking things up in parts of one document, all on one budget.
struct Search<'j> {
    json: &'j [u8],
    budget: Budget,
}

impl<'j> Search<'j> {
    fn new(json: &'j [u8]) -> Self {
        Self {
            json,
            budget: Budget::for_document(json),
        }
    }

    fn find(&self, within: Spot, path: &[u8]) -> Result<Found<'j>, LimitError> {
        find(&self.json[within.start..within.end], path, &self.budget)
    }

    /// Where the value of a segment lies. It cannot be at the very start of what it lies in.
    fn locate(&self, within: Spot, path: &[u8]) -> Result<Option<Spot>, LimitError> {
        let found = self.find(within, path)?;
        Ok(match found.place {
            Place::At(offset) if offset > 0 => {
                let start = within.start + offset;
                Some(Spot {
                    start,
                    end: start + found.value.raw().len(),
                })
            }
            _ => None,
        })
    }

    fn locate_for_delete(&self, within: Spot, segment: &Segment<'_>) -> Result<Option<Spot>, LimitError> {
        if segment.is_last() {
            let count = self.find(within, b"#")?.value.token().integer();
            if count > 0 {
                return self.locate(within, (count - 1).to_string().as_bytes());
            }
        }
        self.locate(within, &segment.path)
    }
}
