//! From the text of a file to its documents, each understood or refused by itself.

use std::path::Path;

use serde_json::Value;
use serde_saphyr::{Error, Options};

/// Documents in one file.
const MOST_DOCUMENTS: usize = 4096;
const DEEPEST: usize = 64;
const MOST_NODES: usize = 250_000;

/// A document, and the line on which it begins.
pub type Part = (usize, Result<Value, Fault>);

/// Why a document could not be understood, and on which line. Quotes nothing of it.
#[derive(Debug, PartialEq, Eq)]
pub struct Fault {
    pub line: usize,
    pub why: String,
}

pub fn is_json(path: &Path) -> bool {
    path.extension().is_some_and(|end| end == "json")
}

/// YAML documents. Empty ones are left out.
pub fn yaml(text: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    for Document { start, line, text } in split(text) {
        if parts.len() == MOST_DOCUMENTS {
            let why = format!("has more than {MOST_DOCUMENTS} documents; the rest was not read");
            parts.push((line, Err(Fault { line, why })));
            break;
        }
        match serde_saphyr::from_str_with_options::<Value>(text, options()) {
            Ok(Value::Null) => {}
            Ok(value) => parts.push((line, Ok(value))),
            Err(error) => parts.push((line, Err(yaml_fault(start, &error)))),
        }
    }
    parts
}

/// JSON documents, one after the other. Behind a fault nothing can be told apart any more.
pub fn json(text: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut documents = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    loop {
        let rest = text.get(documents.byte_offset()..).unwrap_or_default();
        let blank = rest.len() - rest.trim_start().len();
        let line = 1 + newlines(&text[..documents.byte_offset() + blank]);
        match documents.next() {
            None => return parts,
            Some(Ok(value)) => parts.push((line, Ok(value))),
            Some(Err(error)) => {
                let why = format!("is not valid JSON (column {})", error.column());
                parts.push((
                    line,
                    Err(Fault {
                        line: error.line(),
                        why,
                    }),
                ));
                return parts;
            }
        }
    }
}

fn options() -> Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_documents: 1,
            max_depth: DEEPEST,
            flow_nesting_limit: DEEPEST,
            max_nodes: MOST_NODES,
            max_events: 4 * MOST_NODES,
            max_aliases: 1_000,
            max_anchors: 1_000,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: 100_000,
            max_replay_stack_depth: 16,
        },
        with_snippet: false,
    }
}

struct Document<'a> {
    /// The line on which its text begins, which may be one of dashes.
    start: usize,
    /// The first line that says something.
    line: usize,
    text: &'a str,
}

/// Taken apart here, so that a broken document does not take the others with it.
fn split(text: &str) -> Vec<Document<'_>> {
    let (mut documents, mut begin, mut start, mut offset) = (Vec::new(), 0, 1, 0);
    for (index, line) in text.split_inclusive('\n').enumerate() {
        if offset > begin && is_separator(line) {
            documents.extend(Document::new(start, &text[begin..offset]));
            (begin, start) = (offset, index + 1);
        }
        offset += line.len();
    }
    documents.extend(Document::new(start, &text[begin..]));
    documents
}

impl<'a> Document<'a> {
    /// `None`: it says nothing.
    fn new(start: usize, text: &'a str) -> Option<Self> {
        let is_empty = |line: &str| {
            let line = line.strip_prefix("---").unwrap_or(line).trim_start();
            line.is_empty() || line.starts_with(['#', '%']) || line.trim_end() == "..."
        };
        let line = start + text.lines().position(|line| !is_empty(line))?;
        Some(Self { start, line, text })
    }
}

fn is_separator(line: &str) -> bool {
    line.strip_prefix("---")
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(char::is_whitespace))
}

fn yaml_fault(start: usize, error: &Error) -> Fault {
    let line = error.location().map_or(1, |location| location.line());
    let below = usize::try_from(line).unwrap_or_default().saturating_sub(1);
    Fault {
        line: start + below,
        why: why(error.without_snippet()),
    }
}

/// Only what names the fault, never what stands around it.
fn why(error: &Error) -> String {
    match error {
        Error::Budget { .. }
        | Error::AliasReplayLimitExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. } => "is too large or too deep".to_owned(),
        Error::DuplicateMappingKey { key: Some(key), .. } => {
            format!("is not valid YAML: key {key:?} stands twice")
        }
        Error::AliasError { error, .. } => why(error),
        Error::UnknownAnchor { .. } => "is not valid YAML: an alias without an anchor".to_owned(),
        Error::ExternalMessage { msg, .. } | Error::Message { msg, .. } => {
            format!("is not valid YAML: {msg}")
        }
        _ => "is not valid YAML".to_owned(),
    }
}

fn newlines(text: &str) -> usize {
    text.bytes().filter(|&byte| byte == b'\n').count()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn lines(parts: &[Part]) -> Vec<(usize, Option<&Value>)> {
        parts
            .iter()
            .map(|(line, part)| (*line, part.as_ref().ok()))
            .collect()
    }

    #[test]
    fn documents_are_told_apart_and_know_their_lines() {
        let text = "# head\n---\na: 1\n---\n\n# nothing\n--- # two\nb: |\n  ---x\n  y\n---\n...\n";
        let parts = yaml(text);
        assert_eq!(
            lines(&parts),
            [(3, Some(&json!({"a": 1}))), (8, Some(&json!({"b": "---x\ny\n"})))]
        );
    }

    #[test]
    fn a_broken_document_leaves_its_neighbours_alone_and_is_not_quoted() {
        let parts = yaml("a: 1\n---\nb: canary: canary\n\t- x\n---\nc: 3\n");
        assert_eq!(
            lines(&parts),
            [
                (1, Some(&json!({"a": 1}))),
                (3, None),
                (6, Some(&json!({"c": 3})))
            ]
        );
        let fault = parts[1].1.as_ref().expect_err("a fault");
        assert_eq!(fault.line, 3);
        assert!(
            fault.why.starts_with("is not valid YAML: ") && !fault.why.contains("canary"),
            "{}",
            fault.why
        );
    }

    #[test]
    fn what_would_grow_without_end_is_refused() {
        let bomb: String = (0..9)
            .map(|index| {
                let before = (1..10)
                    .map(|_| format!("*a{}", index - 1))
                    .collect::<Vec<_>>()
                    .join(", ");
                if index == 0 {
                    "a0: &a0 [x, x]\n".to_owned()
                } else {
                    format!("a{index}: &a{index} [{before}]\n")
                }
            })
            .collect();
        let deep = format!("{}1{}", "[".repeat(200), "]".repeat(200));
        let anchors = (0..1_500)
            .map(|index| format!("- &a{index} x\n"))
            .collect::<Vec<_>>()
            .concat();
        for text in [bomb.as_str(), &deep, &anchors] {
            let parts = yaml(text);
            let fault = parts[0].1.as_ref().expect_err("a fault");
            assert!(
                fault.why.contains("too large") || fault.why.contains("limit exceeded"),
                "{}",
                fault.why
            );
        }
        assert!(json(&deep)[0].1.is_err());
    }

    #[test]
    fn a_key_that_stands_twice_is_named() {
        let parts = yaml("a: 1\nb: canary\nb: canary\n");
        let fault = parts[0].1.as_ref().expect_err("a fault");
        assert_eq!(
            (fault.line, fault.why.as_str()),
            (3, "is not valid YAML: key \"b\" stands twice")
        );
    }

    #[test]
    fn json_documents_follow_each_other_until_one_is_broken() {
        let parts = json("{\"a\": 1}\n\n{\"b\":\n2}\n{\"c\": canary}\n{\"d\": 4}");
        assert_eq!(
            lines(&parts),
            [
                (1, Some(&json!({"a": 1}))),
                (3, Some(&json!({"b": 2}))),
                (5, None)
            ]
        );
        let fault = parts[2].1.as_ref().expect_err("a fault");
        assert_eq!(
            (fault.line, fault.why.as_str()),
            (5, "is not valid JSON (column 7)")
        );
    }
}
