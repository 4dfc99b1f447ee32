//! Base64 as Go's `encoding/base64` reads it: padding is required, line breaks are skipped wherever they stand, and
//! bits behind the last byte are ignored. What is wrong, Go tells by its place in the text; so does this.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use thiserror::Error;
use zeroize::Zeroizing;

/// Which 64 signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alphabet {
    /// Ends in `+/`.
    Standard,
    /// Ends in `-_`.
    UrlSafe,
}

/// A text is no base64. Shown, it is Go's error text to the letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("illegal base64 data at input byte {at}")]
pub struct Corrupt {
    pub at: usize,
}

/// In the standard alphabet, with padding.
pub fn encode(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

pub fn decode(alphabet: Alphabet, text: &[u8]) -> Result<Vec<u8>, Corrupt> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len() / 4 * 3 + 3));
    let mut quantum = Quantum::default();
    for (at, &sign) in text.iter().enumerate() {
        if let Some(bits) = alphabet.value(sign) {
            quantum.push(bits);
            if quantum.signs == 4 {
                quantum.end(&mut bytes);
            }
        } else if sign == b'=' && quantum.signs >= 2 {
            check_padding(text, at, quantum.signs)?;
            quantum.end(&mut bytes);
            return Ok(std::mem::take(&mut *bytes));
        } else if !is_line_break(sign) {
            return Err(Corrupt { at });
        }
    }
    match quantum.signs {
        0 => Ok(std::mem::take(&mut *bytes)),
        signs => Err(Corrupt {
            at: text.len() - signs,
        }),
    }
}

impl Alphabet {
    fn value(self, sign: u8) -> Option<u8> {
        match (self, sign) {
            (_, b'A'..=b'Z') => Some(sign - b'A'),
            (_, b'a'..=b'z') => Some(sign - b'a' + 26),
            (_, b'0'..=b'9') => Some(sign - b'0' + 52),
            (Self::Standard, b'+') | (Self::UrlSafe, b'-') => Some(62),
            (Self::Standard, b'/') | (Self::UrlSafe, b'_') => Some(63),
            _ => None,
        }
    }
}

/// Up to four signs, which make up to three bytes.
#[derive(Default)]
struct Quantum {
    bits: u32,
    signs: usize,
}

impl Quantum {
    fn push(&mut self, bits: u8) {
        self.bits = self.bits << 6 | u32::from(bits);
        self.signs += 1;
    }

    /// Moves all whole bytes out.
    fn end(&mut self, bytes: &mut Vec<u8>) {
        let [_, made @ ..] = (self.bits << (6 * (4 - self.signs))).to_be_bytes();
        bytes.extend_from_slice(&made[..self.signs - 1]);
        *self = Self::default();
    }
}

/// Two signs call for two signs of padding, three for one, and nothing may follow. The first one stands at `first`.
fn check_padding(text: &[u8], first: usize, signs: usize) -> Result<(), Corrupt> {
    let mut rest = text
        .iter()
        .enumerate()
        .skip(first + 1)
        .filter(|(_, sign)| !is_line_break(**sign));
    if signs == 2 {
        match rest.next() {
            Some((_, b'=')) => {}
            Some((at, _)) => return Err(Corrupt { at: at - 1 }),
            None => return Err(Corrupt { at: text.len() }),
        }
    }
    rest.next().map_or(Ok(()), |(at, _)| Err(Corrupt { at }))
}

fn is_line_break(sign: u8) -> bool {
    matches!(sign, b'\n' | b'\r')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decode_standard(text: &str) -> Result<Vec<u8>, usize> {
        decode(Alphabet::Standard, text.as_bytes()).map_err(|corrupt| corrupt.at)
    }

    #[test]
    fn line_breaks_and_stray_bits_do_no_harm() {
        for (text, bytes) in [
            ("", ""),
            ("\r\n", ""),
            ("aGVsbG8=", "hello"),
            ("aGVsbG9=", "hello"),
            ("a\nGVs\r\nbG8\n=\n", "hello"),
            ("aA=\n=\r", "h"),
            ("aH==", "h"),
        ] {
            assert_eq!(decode_standard(text), Ok(bytes.into()), "{text:?}");
        }
    }

    /// The positions are Go's.
    #[test]
    fn an_error_tells_the_place() {
        for (text, at) in [
            ("!!!", 0),
            ("ab!d", 2),
            ("a", 0),
            ("abc", 0),
            ("abcde", 4),
            ("abcd\nef", 5),
            ("=", 0),
            ("a=", 1),
            ("ab=", 3),
            ("ab=\n", 4),
            ("ab=c", 2),
            ("ab\n=\nc", 4),
            ("ab==x", 4),
            ("abc=x", 4),
            ("abc=\n\nx", 6),
            ("abc==", 4),
            ("-_8=", 0),
            ("abcd é", 4),
        ] {
            assert_eq!(decode_standard(text), Err(at), "{text:?}");
        }
    }

    #[test]
    fn the_alphabets_differ_in_two_signs() {
        assert_eq!(decode(Alphabet::UrlSafe, b"-_8="), Ok(vec![0xfb, 0xff]));
        assert_eq!(decode(Alphabet::UrlSafe, b"+/8="), Err(Corrupt { at: 0 }));
    }

    proptest! {
        #[test]
        fn what_was_encoded_is_decoded(bytes: Vec<u8>) {
            prop_assert_eq!(decode(Alphabet::Standard, encode(&bytes).as_bytes()), Ok(bytes));
        }

        #[test]
        fn any_text_is_decoded_or_refused(text in "[ab=\n+]{0,12}") {
            if let Err(corrupt) = decode(Alphabet::Standard, text.as_bytes()) {
                prop_assert!(corrupt.at <= text.len());
            }
        }
    }
}
