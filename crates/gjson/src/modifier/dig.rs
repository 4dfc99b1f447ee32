//! `@dig:path`: what a path finds anywhere in a document.

use crate::evaluate::evaluate;
use crate::limit::{Output, Scope};
use crate::value::{Kind, Token};

/// Applies the path to the document and to everything in it, outermost first, and lists the results.
pub(super) fn dig(json: &[u8], path: &[u8], scope: Scope<'_>) -> Vec<u8> {
    let mut out = Output::new(scope);
    out.push(b"[");
    let root = Token::parse(json).map_or(Token::new(Kind::Null, b""), |(root, _)| root);
    let Some(scope) = scope.deeper() else {
        return Vec::new();
    };
    look(root, path, scope, &mut out);
    let mut levels = vec![root.entries()];
    while let Some(level) = levels.last_mut() {
        // Going through a value once per level it lies in adds up in deep documents.
        match level.next() {
            Some(entry) if scope.read(entry.value.raw.len()) => {
                look(entry.value, path, scope, &mut out);
                levels.push(entry.value.entries());
            }
            Some(_) => break,
            None => {
                levels.pop();
            }
        }
    }
    out.push(b"]");
    out.finish()
}

fn look(value: Token<'_>, path: &[u8], scope: Scope<'_>, out: &mut Output<'_>) {
    let found = evaluate(value.raw, path, scope).value;
    if found.exists() {
        out.push_item(found.raw());
    }
}
