//! No file holds a private key: keys for tests are generated when the tests run, or made of plain numbers.

use std::fs;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::assert_none;
use crate::source::{files_below, relative, root};

/// As many letters of base64 in a row are no word.
const SHORTEST: usize = 40;

#[test]
fn no_file_holds_a_private_key() {
    let mut findings = Vec::new();
    for path in files_below(root()) {
        let Ok(text) = fs::read_to_string(&path) else {
            continue;
        };
        for (number, line) in text.lines().enumerate() {
            if holds_a_key(line) {
                findings.push(format!("{}:{}", relative(&path), number + 1));
            }
        }
    }
    assert_none("a private key in a file; generate it in the test:", &findings);
}

fn holds_a_key(line: &str) -> bool {
    let is_sign = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '+' | '/' | '-' | '_');
    let long = line
        .split(|letter| !is_sign(letter))
        .filter(|word| word.len() >= SHORTEST);
    let mut heads = long.flat_map(|word| beginnings(&word.replace('-', "+").replace('_', "/")));
    heads.any(|head| begins_a_key(&head))
}

/// What the word may begin with: an escape such as `\n` before it leaves a letter behind.
fn beginnings(word: &str) -> Vec<Vec<u8>> {
    let config = GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let engine = GeneralPurpose::new(&STANDARD, config);
    let heads = [&word[..32], &word[1..33]];
    heads.iter().filter_map(|head| engine.decode(head).ok()).collect()
}

/// PEM (in base64 once more), OpenSSH, or DER that is a sequence of a version and something else, as PKCS#1, PKCS#8,
/// SEC 1 and PKCS#12 are. Certificates, requests and public keys begin otherwise.
fn begins_a_key(bytes: &[u8]) -> bool {
    let is_public = |label: &[u8]| label.starts_with(b"CERT") || label.starts_with(b"PUBLIC");
    match bytes {
        [0x30, 0x82, _, _, 2, 1, 0..=3, 2 | 4 | 0x30, ..]
        | [0x30, 0x81, _, 2, 1, 0..=3, 2 | 4 | 0x30, ..]
        | [0x30, ..=0x7f, 2, 1, 0..=3, 2 | 4 | 0x30, ..] => true,
        _ => {
            let label = bytes.strip_prefix(b"-----BEGIN ");
            label.is_some_and(|label| !is_public(label)) || bytes.starts_with(b"openssh-key-v1")
        }
    }
}

#[cfg(test)]
mod tests {
    use base64::prelude::BASE64_STANDARD;

    use super::*;

    #[test]
    fn keys_are_known_by_how_they_begin() {
        for (head, expected) in [
            (&b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70"[..], true),
            (b"\x30\x77\x02\x01\x01\x04\x20", true),
            (b"\x30\x81\x87\x02\x01\x00\x30\x13", true),
            (b"\x30\x82\x02\x5c\x02\x01\x00\x02\x81", true),
            (b"\x30\x82\x0a\x5f\x02\x01\x03\x30\x82", true),
            (b"openssh-key-v1\0", true),
            (b"-----BEGIN RSA PRIVATE KEY", true),
            (b"-----BEGIN CERTIFICATE", false),
            (b"\x30\x82\x01\x3d\x30\x81\xf0\xa0\x03\x02\x01\x02", false),
            (b"a text that is none of these", false),
        ] {
            let text = BASE64_STANDARD.encode([head, &[7; 40]].concat());
            for line in [format!("key: {text}"), format!("\"first\\n{text}\"")] {
                assert_eq!(holds_a_key(&line), expected, "{line}");
            }
        }
    }
}
