//! The segments that look at all elements of an array: `#`, `#.path` and queries.

use crate::entries;
use crate::evaluate::evaluate;
use crate::limit::Output;
use crate::path::{self, ElementSegment, Pick, Rest};
use crate::query::Query;
use crate::scan::{self, Next};
use crate::value::{Kind, Token, Value};
use crate::walk::{Found, Move, Place, Walk};

/// Looks through the elements of an array from `at` on. The end of the document ends the array too.
pub(crate) fn run<'p>(walk: &mut Walk<'_, 'p, '_>, segment: &ElementSegment<'p>, at: usize) -> Move<'p> {
    match &segment.pick {
        Pick::Query(query) => run_query(walk, query, segment.rest, at),
        Pick::Count => run_elements(walk, at, |walk, starts| {
            walk.found = Found::made(Value::count(starts.len() - 1));
            true
        }),
        Pick::Each(inner) => run_elements(walk, at, |walk, starts| {
            each(walk, inner, starts);
            true
        }),
        Pick::Nothing | Pick::Index(_) => run_elements(walk, at, |_, _| false),
    }
}

/// Steps over all elements, then calls `finish` with the positions where the search for each began, the
/// search that found the end included. Nothing is called if the array breaks off inside a string.
fn run_elements<'j, 'p, 'b>(
    walk: &mut Walk<'j, 'p, 'b>,
    mut at: usize,
    finish: impl FnOnce(&mut Walk<'j, 'p, 'b>, &[usize]) -> bool,
) -> Move<'p> {
    let mut starts = Vec::new();
    while at <= walk.json.len() {
        starts.push(at);
        at = match element(walk.json, at) {
            Element::Value(_, _, end) => end,
            Element::Broken(to) => return Move::Back(to),
            Element::End(to) => {
                return if finish(walk, &starts) {
                    Move::Done(to)
                } else {
                    Move::Back(to)
                };
            }
        };
    }
    Move::Back(at)
}

/// Applies a path to each element and lists what there is.
fn each<'p>(walk: &mut Walk<'_, 'p, '_>, inner: &'p [u8], starts: &[usize]) {
    let inner = split_pipe(walk, inner);
    let Some(scope) = walk.scope.deeper() else { return };
    let mut list = List::new(walk);
    for &start in starts {
        let blank = |b: &u8| matches!(b, b' ' | b'\t' | b'\r' | b'\n');
        let rest = walk.json.get(start..).unwrap_or_default();
        if rest.iter().find(|b| !blank(b)).is_none_or(|&b| b == b']') {
            continue;
        }
        if let Some((element, start, _)) = entries::value_at(walk.json, start) {
            list.push(evaluate(element.raw, inner, scope).within(start));
        }
        if scope.exhausted() {
            return;
        }
    }
    walk.found = list.finish();
}

fn run_query<'p>(walk: &mut Walk<'_, 'p, '_>, query: &Query<'p>, rest: Rest<'p>, mut at: usize) -> Move<'p> {
    let mut list = List::new(walk);
    while at <= walk.json.len() && !walk.scope.exhausted() {
        let (token, start, end) = match element(walk.json, at) {
            Element::Value(token, start, end) => (token, start, end),
            Element::Broken(to) => return Move::Back(to),
            Element::End(to) => {
                // The walk goes on behind the array, but what an earlier member of the same name gave stays.
                if query.all && !walk.found.value.exists() {
                    walk.found = list.finish();
                }
                return Move::Back(to);
            }
        };
        if accepts(walk, query, token) {
            let result = follow(walk, rest, token).within(start);
            if !query.all {
                walk.found = result;
                return Move::Done(end);
            }
            list.push(result);
        }
        at = end;
    }
    Move::Back(at)
}

fn accepts(walk: &Walk<'_, '_, '_>, query: &Query<'_>, element: Token<'_>) -> bool {
    if element.kind != Kind::Json {
        return query.path.is_empty() && query.accepts(element, walk.scope);
    }
    let Some(scope) = walk.scope.deeper() else {
        return false;
    };
    query.accepts(evaluate(element.raw, query.path, scope).value.token(), scope)
}

/// What the rest of the path finds in an element that matched.
fn follow<'j, 'p>(walk: &mut Walk<'j, 'p, '_>, rest: Rest<'p>, element: Token<'j>) -> Found<'j> {
    let Rest::Path(path) = rest else {
        return Found::at(element, 0);
    };
    let path = split_pipe(walk, path);
    walk.scope
        .deeper()
        .map_or(Found::ABSENT, |scope| evaluate(element.raw, path, scope))
}

/// Leaves the part of the path that applies to each element; what stands behind a pipe applies to the whole.
fn split_pipe<'p>(walk: &mut Walk<'_, 'p, '_>, path: &'p [u8]) -> &'p [u8] {
    let Some((left, pipe)) = path::split_pipe(path) else {
        return path;
    };
    walk.pipe = Some(pipe);
    left
}

enum Element<'j> {
    /// An element, its start and its end.
    Value(Token<'j>, usize, usize),
    Broken(usize),
    End(usize),
}

fn element(json: &[u8], at: usize) -> Element<'_> {
    match scan::next_value(json, at, true) {
        Next::Scalar(token, end) => Element::Value(token, end - token.raw.len(), end),
        Next::Open(start) => {
            let (raw, end) = scan::container(json, start);
            Element::Value(Token::new(Kind::Json, raw), start, end)
        }
        Next::Close(to) => Element::End(to + 1),
        Next::End(to) => Element::End(to),
        Next::Broken(to) => Element::Broken(to),
    }
}

/// Results on their way into one JSON array.
struct List<'b> {
    out: Output<'b>,
    /// None as soon as one of them does not lie in the document.
    pieces: Option<Vec<(usize, usize)>>,
}

impl<'b> List<'b> {
    fn new(walk: &Walk<'_, '_, 'b>) -> Self {
        let mut out = Output::new(walk.scope);
        out.push(b"[");
        Self {
            out,
            pieces: Some(Vec::new()),
        }
    }

    fn push(&mut self, result: Found<'_>) {
        if !result.value.exists() {
            return;
        }
        let raw = result.value.raw();
        self.out.push_item(raw);
        self.pieces = match (self.pieces.take(), result.place) {
            (Some(mut pieces), Place::At(start)) => {
                pieces.push((start, raw.len()));
                Some(pieces)
            }
            _ => None,
        };
    }

    fn finish<'j>(mut self) -> Found<'j> {
        self.out.push(b"]");
        let place = self.pieces.map_or(Place::Nowhere, Place::Pieces);
        Found {
            value: Value::made(self.out.finish()),
            place,
        }
    }
}
