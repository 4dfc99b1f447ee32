//! `@pretty`: one member or element per line, short arrays on one line.

use super::option;
use super::order::{self, Member};
use crate::limit::{LimitError, MAX_DOCUMENT_DEPTH, Output, Scope};
use crate::scan;
use crate::value::Token;

/// Lays the document out anew. Options: `sortKeys`, `indent`, `prefix`, `width`.
pub(super) fn pretty(json: &[u8], arg: &[u8], scope: Scope<'_>) -> Vec<u8> {
    let mut printer = Printer {
        json,
        prefix: option(arg, b"prefix").map(white_space).unwrap_or_default(),
        indent: option(arg, b"indent").map_or_else(|| b"  ".to_vec(), white_space),
        width: option(arg, b"width").map_or(80, Token::integer),
        sort: option(arg, b"sortKeys").is_some_and(Token::truth),
        out: Output::new(scope),
        line: 0,
        scope,
    };
    printer.out.push(&printer.prefix);
    printer.value(0, Layout::Lines { depth: 0 });
    if printer.out.len() > 0 {
        printer.out.push(b"\n");
    }
    printer.out.finish()
}

/// Indentation may consist of white space only; the rest of the text is ignored.
fn white_space(value: Token<'_>) -> Vec<u8> {
    value
        .text()
        .iter()
        .copied()
        .filter(|b| matches!(b, b' ' | b'\t' | b'\n' | b'\r'))
        .collect()
}

/// How to lay out a value.
#[derive(Clone, Copy)]
enum Layout {
    /// Over as many lines as it takes, this deep in the document.
    Lines { depth: u16 },
    /// On one line, and given up once the text reaches this length.
    OneLine { end: usize },
}

struct Printer<'j, 'b> {
    json: &'j [u8],
    prefix: Vec<u8>,
    indent: Vec<u8>,
    width: i64,
    sort: bool,
    out: Output<'b>,
    /// How much was printed when the current line was begun.
    line: usize,
    scope: Scope<'b>,
}

impl<'j> Printer<'j, '_> {
    /// Prints the value behind `i` and returns the position behind it; nothing if it does not fit a line.
    fn value(&mut self, mut i: usize, layout: Layout) -> Option<usize> {
        if self.scope.exhausted() {
            return None;
        }
        while let Some(&byte) = self.json.get(i) {
            match byte {
                b'"' => return Some(self.string(i)),
                b'{' | b'[' => return self.container(i, layout),
                b't' => return Some(self.word(b"true", i)),
                b'f' => return Some(self.word(b"false", i)),
                b'n' if self.json.get(i + 1).is_none_or(|&b| b == b'u') => {
                    return Some(self.word(b"null", i));
                }
                b'0'..=b'9' | b'-' | b'+' | b'i' | b'I' | b'n' | b'N' => return Some(self.number(i)),
                _ => i += 1,
            }
        }
        Some(i)
    }

    fn container(&mut self, i: usize, layout: Layout) -> Option<usize> {
        let is_object = self.json[i] == b'{';
        match layout {
            Layout::OneLine { .. } if is_object => None,
            Layout::OneLine { .. } => self.array(i, layout),
            Layout::Lines { depth } if depth >= MAX_DOCUMENT_DEPTH => {
                self.scope.fail(LimitError::DocumentDepth);
                None
            }
            Layout::Lines { depth } if is_object => self.object(i, depth),
            Layout::Lines { .. } => self.one_line(i).or_else(|| self.array(i, layout)),
        }
    }

    /// Tries to fit an array on the rest of the line.
    fn one_line(&mut self, i: usize) -> Option<usize> {
        let start = self.out.len();
        let used = i64::try_from(start - self.line).unwrap_or(i64::MAX);
        let room = usize::try_from(self.width.saturating_sub(used))
            .ok()
            .filter(|&room| room > 3)?;
        let end = start.saturating_add(room);
        let fits = (self.width > 0)
            .then(|| self.array(i, Layout::OneLine { end }))
            .flatten();
        if fits.is_none() || self.out.len() > end {
            self.out.truncate(start);
            return None;
        }
        fits
    }

    fn array(&mut self, open: usize, layout: Layout) -> Option<usize> {
        self.out.push(b"[");
        let mut i = open + 1;
        let mut empty = true;
        while let Some(&byte) = self.json.get(i) {
            if byte <= b' ' {
                i += 1;
                continue;
            }
            if byte == b']' {
                if let Layout::Lines { depth } = layout
                    && !empty
                {
                    self.new_line(depth);
                }
                self.out.push(b"]");
                return Some(i + 1);
            }
            if !empty {
                self.out.push(if self.width == -1 { b"," } else { b", " });
            }
            empty = false;
            i = match layout {
                Layout::Lines { depth } => {
                    self.new_line(depth + 1);
                    self.value(i, Layout::Lines { depth: depth + 1 })
                }
                Layout::OneLine { end } if self.out.len() > end => None,
                Layout::OneLine { .. } => self.value(i, layout),
            }?;
        }
        Some(i)
    }

    fn object(&mut self, open: usize, depth: u16) -> Option<usize> {
        self.out.push(b"{");
        let mut i = open + 1;
        let mut members: Vec<Member<'j>> = Vec::new();
        while let Some(&byte) = self.json.get(i) {
            if byte == b'}' {
                if let Some(first) = members.first().filter(|_| self.sort) {
                    let sorted = order::sorted(self.out.as_bytes(), &members);
                    self.out.truncate(first.start);
                    self.out.push(&sorted);
                }
                if !members.is_empty() {
                    self.new_line(depth);
                }
                self.out.push(b"}");
                return Some(i + 1);
            }
            if byte != b'"' {
                i += 1;
                continue;
            }
            if !members.is_empty() {
                self.out.push(b",");
            }
            self.new_line(depth + 1);
            let start = self.line + 1;
            let key = i;
            i = self.string(i);
            let key = &self.json[key..i];
            self.out.push(b": ");
            i = self.value(i, Layout::Lines { depth: depth + 1 })?;
            members.push(Member {
                key,
                start,
                end: self.out.len(),
            });
        }
        Some(i)
    }

    /// Starts a line, over a blank at the end of the last one.
    fn new_line(&mut self, depth: u16) {
        self.line = self.out.len();
        if self.out.as_bytes().last() == Some(&b' ') {
            self.out.replace_last(b'\n');
        } else {
            self.out.push(b"\n");
        }
        self.out.push(&self.prefix);
        for _ in 0..depth {
            self.out.push(&self.indent);
        }
    }

    fn string(&mut self, i: usize) -> usize {
        let end = scan::string_end(self.json, i + 1).unwrap_or(self.json.len());
        self.out.push(&self.json[i..end]);
        end
    }

    /// Literals are printed as they should be, whatever they look like.
    fn word(&mut self, word: &[u8], i: usize) -> usize {
        self.out.push(word);
        i + word.len()
    }

    fn number(&mut self, i: usize) -> usize {
        let stop = |b: &u8| matches!(b, 0..=b' ' | b',' | b':' | b']' | b'}');
        let rest = &self.json[i + 1..];
        let end = i + 1 + rest.iter().position(stop).unwrap_or(rest.len());
        self.out.push(&self.json[i..end]);
        end
    }
}

#[cfg(test)]
mod tests {
    use crate::get;

    #[test]
    fn options() {
        for (json, path, want) in [
            ("{}", "@pretty", "{}\n"),
            ("[]", "@pretty", "[]\n"),
            ("", "@pretty", ""),
            (
                r#"{"b":1,"a":[1,2]}"#,
                "@pretty",
                "{\n  \"b\": 1,\n  \"a\": [1, 2]\n}\n",
            ),
            (
                r#"{"b":1,"a":2}"#,
                r#"@pretty:{"sortKeys":true}"#,
                "{\n  \"a\": 2,\n  \"b\": 1\n}\n",
            ),
            (
                r#"{"a":2,"a":1}"#,
                r#"@pretty:{"sortKeys":true}"#,
                "{\n  \"a\": 1,\n  \"a\": 2\n}\n",
            ),
            ("[1,2]", r#"@pretty:{"width":0}"#, "[\n  1,\n  2\n]\n"),
            ("[1,2]", r#"@pretty:{"width":-1}"#, "[\n  1,\n  2\n]\n"),
            ("[10,20]", r#"@pretty:{"width":7}"#, "[\n  10,\n  20\n]\n"),
            ("[10,20]", r#"@pretty:{"width":8}"#, "[10, 20]\n"),
            (
                r#"[{"a":1}]"#,
                r#"@pretty:{"indent":"\t"}"#,
                "[\n\t{\n\t\t\"a\": 1\n\t}\n]\n",
            ),
        ] {
            assert_eq!(get(json.as_bytes(), path).raw(), want.as_bytes(), "{json} {path}");
        }
    }
}
