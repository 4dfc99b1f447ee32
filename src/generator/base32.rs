//! Base 32 (RFC 4648) as Go has it.

use zeroize::Zeroizing;

const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/// Five bytes are eight digits.
const BYTES: usize = 5;
const DIGITS: usize = 8;

/// With padding.
pub fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(BYTES) * DIGITS);
    for chunk in bytes.chunks(BYTES) {
        let number = chunk
            .iter()
            .chain([&0; BYTES])
            .take(BYTES)
            .fold(0_u64, |number, &byte| number << 8 | u64::from(byte));
        let digits = (chunk.len() * 8).div_ceil(5);
        for place in 0..DIGITS {
            let digit = (number >> (5 * (DIGITS - 1 - place)) & 31) as usize;
            text.push(if place < digits {
                char::from(ALPHABET[digit])
            } else {
                '='
            });
        }
    }
    text
}

/// Without padding. Line breaks count for nothing, and neither do bits that make no whole byte; a rest of a length that
/// no encoder leaves behind is dropped.
pub fn decode(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let digits = text
        .iter()
        .filter(|byte| !matches!(byte, b'\r' | b'\n'))
        .map(|byte| digit(*byte));
    let digits = Zeroizing::new(digits.collect::<Option<Vec<u8>>>()?);
    let mut bytes = Zeroizing::new(Vec::with_capacity(digits.len().div_ceil(DIGITS) * BYTES));
    for chunk in digits.chunks(DIGITS) {
        let number = chunk
            .iter()
            .chain([&0; DIGITS])
            .take(DIGITS)
            .fold(0_u64, |number, &digit| number << 5 | u64::from(digit));
        let whole = match chunk.len() {
            8 => 5,
            7 => 4,
            5 => 3,
            4 => 2,
            2 => 1,
            _ => 0,
        };
        bytes.extend_from_slice(&number.to_be_bytes()[3..3 + whole]);
    }
    Some(bytes)
}

fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'2'..=b'7' => Some(byte - b'2' + 26),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_the_rfc_hold_both_ways() {
        for (text, encoded) in [
            ("", ""),
            ("f", "MY======"),
            ("fo", "MZXQ===="),
            ("foo", "MZXW6==="),
            ("foob", "MZXW6YQ="),
            ("fooba", "MZXW6YTB"),
            ("foobar", "MZXW6YTBOI======"),
        ] {
            assert_eq!(encode(text.as_bytes()), encoded);
            let unpadded = encoded.trim_end_matches('=').as_bytes();
            assert_eq!(decode(unpadded).expect("base 32").as_slice(), text.as_bytes());
        }
    }

    #[test]
    fn what_go_lets_pass_passes() {
        let decoded = |text: &str| decode(text.as_bytes()).map(|bytes| bytes.to_vec());
        assert_eq!(decoded("MZXW\r\n6YTB\n"), Some(b"fooba".to_vec()));
        assert_eq!(decoded("MZ"), Some(b"f".to_vec()), "stray bits");
        assert_eq!(decoded("MZXW6YTBMZX"), Some(b"fooba".to_vec()), "a rest of three");
        for text in ["MZXW6===", "mzxw6", "MZXW 6", "0189"] {
            assert_eq!(decoded(text), None, "{text}");
        }
    }
}
