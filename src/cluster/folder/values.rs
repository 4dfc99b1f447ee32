//! Values that somebody wrote down, to be used in the place of those that a store would give.

use std::path::Path;

use serde_json::Value;

use super::super::DocumentKind;
use super::complaint::{Complaint, Place};
use super::manifests::read_bounded;
use super::object::{self, Read};
use super::{DEFAULT_NAMESPACE, data, text};
use crate::engine::values::Values;

/// Reads a map of strings, or a Secret, whose `data` can hold what is no text.
pub fn read(path: &Path) -> Result<Values, Complaint> {
    let complain = |line: usize, why: String| Complaint {
        place: Place {
            file: path.to_owned(),
            line,
        },
        object: None,
        why,
        hides: false,
    };
    let text = read_bounded(path).map_err(|why| complain(0, why))?;
    let mut parts = if text::is_json(path) {
        text::json(&text)
    } else {
        text::yaml(&text)
    };
    let Some((line, part)) = parts.pop() else {
        return Ok(Values::new());
    };
    if !parts.is_empty() {
        return Err(complain(
            line,
            "is a second document; one with all values is needed".to_owned(),
        ));
    }
    let document = part.map_err(|fault| complain(fault.line, fault.why))?;
    of_document(document).map_err(|why| complain(line, why))
}

fn of_document(document: Value) -> Result<Values, String> {
    if document["kind"] == "Secret" && document["apiVersion"] == "v1" {
        let read = object::read(document, DEFAULT_NAMESPACE).map_err(|refusal| refusal.why)?;
        return match read {
            Read::Document(DocumentKind::Secret, _, secret) => Ok(secret.values),
            _ => Err("is no Secret that could be read".to_owned()),
        };
    }
    data::plain(document, "values")
}
