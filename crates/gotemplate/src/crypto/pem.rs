//! PEM as Go's `encoding/pem` reads and writes it.
//!
//! Reading is lenient: whatever stands before a block is skipped, and so is a block that is broken.

use std::collections::BTreeMap;

use lockstep_gostd::base64::{self, Alphabet};
use zeroize::Zeroizing;

use crate::fault::{Fault, Outcome};

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"\n-----END ";
const DASHES: &[u8] = b"-----";
const LINE: usize = 64;

/// What stands between `-----BEGIN` and `-----END`.
#[derive(Clone)]
pub(crate) struct Block {
    /// `CERTIFICATE` and the like: any bytes.
    pub(crate) label: Vec<u8>,
    pub(crate) headers: BTreeMap<Vec<u8>, Vec<u8>>,
    pub(crate) bytes: Zeroizing<Vec<u8>>,
}

/// The first block that is whole, and what follows its last line.
pub(crate) fn decode(data: &[u8]) -> Option<(Block, &[u8])> {
    let mut from = 0;
    loop {
        let end = from + find(&data[from..], END)?;
        match block(data, from, end) {
            Found::Block(block) => return Some((block, line(data, end + END.len() - 1).1)),
            Found::Broken => from = end + END.len(),
            Found::Nothing => return None,
        }
    }
}

/// Every block of the text, until there is none.
pub(crate) fn blocks(mut data: &[u8]) -> impl Iterator<Item = Block> {
    std::iter::from_fn(move || {
        let (block, rest) = decode(data)?;
        data = rest;
        Some(block)
    })
}

pub(crate) fn encode(block: &Block) -> Outcome<Zeroizing<Vec<u8>>> {
    const FIRST: &[u8] = b"Proc-Type";

    if block.headers.keys().any(|key| key.contains(&b':')) {
        return Err(Fault::new("a PEM header has a colon in its name"));
    }
    let mut out = begin(&block.label, block.bytes.len());
    let first = block.headers.get_key_value(FIRST);
    let others = block.headers.iter().filter(|(key, _)| *key != FIRST);
    for (key, value) in first.into_iter().chain(others) {
        for part in [key.as_slice(), b": ", value, b"\n"] {
            out.extend_from_slice(part);
        }
    }
    if !block.headers.is_empty() {
        out.push(b'\n');
    }
    finish(&mut out, &block.label, &block.bytes);
    Ok(out)
}

/// A block without headers.
pub(crate) fn wrap(label: &str, der: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut out = begin(label.as_bytes(), der.len());
    finish(&mut out, label.as_bytes(), der);
    out
}

fn begin(label: &[u8], size: usize) -> Zeroizing<Vec<u8>> {
    // Room for all of it but headers, so that no copy of a key is left behind.
    let mut out = Zeroizing::new(Vec::with_capacity(
        size / 3 * 4 + size / 48 + 2 * label.len() + 64,
    ));
    for part in [BEGIN, label, DASHES, b"\n"] {
        out.extend_from_slice(part);
    }
    out
}

fn finish(out: &mut Vec<u8>, label: &[u8], bytes: &[u8]) {
    let text = Zeroizing::new(base64::encode(bytes));
    for line in text.as_bytes().chunks(LINE) {
        out.extend_from_slice(line);
        out.push(b'\n');
    }
    for part in [&END[1..], label, DASHES, b"\n"] {
        out.extend_from_slice(part);
    }
}

enum Found {
    Block(Block),
    /// Look behind the end line.
    Broken,
    /// Do not look any further.
    Nothing,
}

/// The block whose end line starts (with its line break) at `end`, and whose first line is not before `from`.
fn block(data: &[u8], from: usize, end: usize) -> Found {
    let Some(begin) = find_last(&data[from..end], BEGIN).map(|at| from + at) else {
        return Found::Broken;
    };
    if begin > from && data[begin - 1] != b'\n' {
        return Found::Broken;
    }
    let (first, mut at) = line_at(data, begin + BEGIN.len());
    let Some(label) = first.strip_suffix(DASHES) else {
        return Found::Broken;
    };
    let mut headers = BTreeMap::new();
    loop {
        if at == data.len() {
            return Found::Nothing;
        }
        let (line, next) = line_at(data, at);
        let Some(colon) = line.iter().position(|&byte| byte == b':') else {
            break;
        };
        headers.insert(trim(&line[..colon]).to_vec(), trim(&line[colon + 1..]).to_vec());
        at = next;
    }
    let behind = end + END.len();
    if !headers.is_empty() && end < at {
        return if behind < at {
            Found::Nothing
        } else {
            Found::Broken
        };
    }
    if !ends_with(&data[behind..], label) {
        return Found::Broken;
    }
    match body(data.get(at..end).unwrap_or_default()) {
        Some(bytes) => Found::Block(Block {
            label: label.to_vec(),
            headers,
            bytes,
        }),
        None => Found::Broken,
    }
}

/// Whether the end line tells the label, and nothing behind it.
fn ends_with(line: &[u8], label: &[u8]) -> bool {
    line.strip_prefix(label)
        .and_then(|rest| rest.strip_prefix(DASHES))
        .is_some_and(|rest| line_at(rest, 0).0.is_empty())
}

fn body(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let dense: Vec<u8> = text.iter().copied().filter(|byte| !is_blank(*byte)).collect();
    let dense = Zeroizing::new(dense);
    base64::decode(Alphabet::Standard, &dense)
        .ok()
        .map(Zeroizing::new)
}

/// The line that starts at `at`, without the white space at its end, and what follows it.
fn line(data: &[u8], at: usize) -> (&[u8], &[u8]) {
    let (line, next) = line_at(data, at);
    (line, &data[next..])
}

/// The line that starts at `at`, without the white space at its end, and where the next one starts.
fn line_at(data: &[u8], at: usize) -> (&[u8], usize) {
    let rest = &data[at..];
    let (mut line, next) = match rest.iter().position(|&byte| byte == b'\n') {
        Some(length) => {
            let line = &rest[..length];
            (line.strip_suffix(b"\r").unwrap_or(line), at + length + 1)
        }
        None => (rest, data.len()),
    };
    while let [head @ .., last] = line
        && is_blank(*last)
    {
        line = head;
    }
    (line, next)
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// Without the ASCII white space around it, by Go's idea of it.
fn trim(text: &[u8]) -> &[u8] {
    let is_space = |byte: &u8| byte.is_ascii_whitespace() || *byte == b'\x0b';
    let start = text.iter().position(|byte| !is_space(byte)).unwrap_or(text.len());
    let end = text
        .iter()
        .rposition(|byte| !is_space(byte))
        .map_or(start, |at| at + 1);
    &text[start..end]
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}

fn find_last(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).rposition(|window| window == part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(text: &str) -> Option<(String, String)> {
        let (block, rest) = decode(text.as_bytes())?;
        let rest = String::from_utf8_lossy(rest).into_owned();
        let block = encode(&block).ok()?;
        Some((String::from_utf8_lossy(&block).into_owned(), rest))
    }

    /// The results are Go's.
    #[test]
    fn reading_is_lenient() {
        const X: &str = "-----BEGIN X-----\naGVsbG8=\n-----END X-----\n";
        for (text, block, rest) in [
            (X, X, ""),
            ("junk\n-----BEGIN X-----\naGVsbG8=\n-----END X-----", X, ""),
            (
                "-----BEGIN X-----\r\naGV sb\tG8=\r\n-----END X----- \t\r\nrest",
                X,
                "rest",
            ),
            (
                "-----BEGIN X-----\na\nGVs\n\nbG9=\n\n-----END X-----\nrest",
                X,
                "rest",
            ),
            (
                "-----BEGIN X-----\nZ\n-----BEGIN X-----\naGVsbG8=\n-----END X-----\n",
                X,
                "",
            ),
            (
                "-----BEGIN Y-----\n!\n-----END Y-----\n-----BEGIN X-----\naGVsbG8=\n-----END X-----\n",
                X,
                "",
            ),
            (
                "-----BEGIN X-----\n-----END X-----\n",
                "-----BEGIN X-----\n-----END X-----\n",
                "",
            ),
            (
                "-----BEGIN X-----\nb:1\nProc-Type : 4\na:  2 \n\naGVsbG8=\n-----END X-----\n",
                "-----BEGIN X-----\nProc-Type: 4\na: 2\nb: 1\n\naGVsbG8=\n-----END X-----\n",
                "",
            ),
        ] {
            assert_eq!(first(text), Some((block.into(), rest.into())), "{text:?}");
        }
    }

    #[test]
    fn what_is_no_block_is_none() {
        for text in [
            "",
            "x-----BEGIN X-----\naGVsbG8=\n-----END X-----\n",
            "-----BEGIN X-----\naGVsbG8=\n-----END Y-----\n",
            "-----BEGIN X-----\naGVsbG8=\n-----END X-----x\n",
            "-----BEGIN X----\naGVsbG8=\n-----END X-----\n",
            "-----BEGIN X-----\naGVsbG8\n-----END X-----\n",
            "-----BEGIN X-----\naGVsbG8=-----END X-----\n",
            "-----BEGIN X-----\na: b\n-----END X-----\n",
        ] {
            assert!(decode(text.as_bytes()).is_none(), "{text:?}");
        }
    }

    #[test]
    fn lines_have_64_signs() {
        let block = wrap("X", &[0; 49]);
        let lines: Vec<usize> = block.split(|byte| *byte == b'\n').map(<[u8]>::len).collect();
        assert_eq!(lines, [17, 64, 4, 15, 0]);
    }
}
