//! Base32 as Go's `encoding/base32` reads it: capitals only, and line breaks are skipped wherever they stand. With
//! padding, it is required, and all behind it is skipped too. The places of errors do not count line breaks.

use thiserror::Error;
use zeroize::Zeroizing;

const SIGNS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// Signs in a group, which stands for five bytes.
const GROUP: usize = 8;

/// A text is no base32. Shown, it is Go's error text to the letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("illegal base32 data at input byte {at}")]
pub struct Corrupt {
    pub at: usize,
}

/// With padding.
pub fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(5) * GROUP);
    for five in bytes.chunks(5) {
        let bits = five.iter().fold(0, |bits, byte| bits << 8 | u64::from(*byte)) << (8 * (5 - five.len()));
        let signs = (five.len() * 8).div_ceil(5);
        for nth in 0..GROUP {
            let index = (bits >> (5 * (GROUP - 1 - nth))) % 32;
            let sign = usize::try_from(index).map_or(b'=', |index| SIGNS[index]);
            text.push(char::from(if nth < signs { sign } else { b'=' }));
        }
    }
    text
}

/// With padding.
pub fn decode(text: &[u8]) -> Result<Vec<u8>, Corrupt> {
    let text = without_line_breaks(text);
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len() / GROUP * 5 + 5));
    let mut start = 0;
    while start < text.len() {
        let (signs, bits) = group(&text, start)?;
        push(&mut bytes, signs, bits);
        if signs < GROUP {
            break;
        }
        start += GROUP;
    }
    Ok(std::mem::take(&mut *bytes))
}

/// Without padding, which is no sign here. Bits that make no whole byte count for nothing; a rest of a length that no
/// encoder leaves behind is dropped.
pub fn decode_unpadded(text: &[u8]) -> Result<Vec<u8>, Corrupt> {
    let text = without_line_breaks(text);
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len() / GROUP * 5 + 5));
    for (nth, group) in text.chunks(GROUP).enumerate() {
        let mut bits = 0;
        for (place, sign) in group.iter().enumerate() {
            let at = nth * GROUP + place;
            bits = bits << 5 | u64::from(value(*sign).ok_or(Corrupt { at })?);
        }
        if !matches!(group.len(), 1 | 3 | 6) {
            push(&mut bytes, group.len(), bits);
        }
    }
    Ok(std::mem::take(&mut *bytes))
}

/// Adds the whole bytes that so many signs make.
fn push(bytes: &mut Vec<u8>, signs: usize, bits: u64) {
    let made = (bits << (5 * (GROUP - signs)) << 24).to_be_bytes();
    bytes.extend_from_slice(&made[..signs * 5 / 8]);
}

/// How many signs before padding the group has that starts there, and their bits.
fn group(text: &[u8], start: usize) -> Result<(usize, u64), Corrupt> {
    let mut bits = 0;
    for nth in 0..GROUP {
        let at = start + nth;
        let Some((sign, rest)) = text[at..].split_first() else {
            return Err(Corrupt { at: start });
        };
        // Padding is looked for in the last group only; before that it is a sign like any other, and a wrong one.
        if *sign == b'=' && nth >= 2 && rest.len() < GROUP {
            return check_padding(text.len(), at, nth, rest).map(|()| (nth, bits));
        }
        bits = bits << 5 | u64::from(value(*sign).ok_or(Corrupt { at })?);
    }
    Ok((GROUP, bits))
}

fn check_padding(end: usize, at: usize, signs: usize, rest: &[u8]) -> Result<(), Corrupt> {
    let missing = GROUP - 1 - signs;
    if rest.len() < missing {
        return Err(Corrupt { at: end });
    }
    if let Some(wrong) = rest[..missing].iter().position(|sign| *sign != b'=') {
        return Err(Corrupt { at: at + wrong });
    }
    // So many signs leave a byte half told.
    match signs {
        3 | 6 => Err(Corrupt { at }),
        _ => Ok(()),
    }
}

fn value(sign: u8) -> Option<u8> {
    match sign {
        b'A'..=b'Z' => Some(sign - b'A'),
        b'2'..=b'7' => Some(sign - b'2' + 26),
        _ => None,
    }
}

fn without_line_breaks(text: &[u8]) -> Zeroizing<Vec<u8>> {
    let signs = text.iter().copied();
    Zeroizing::new(signs.filter(|sign| !matches!(sign, b'\n' | b'\r')).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_length_has_its_padding() {
        for (bytes, text) in [
            ("", ""),
            ("f", "MY======"),
            ("fo", "MZXQ===="),
            ("foo", "MZXW6==="),
            ("foob", "MZXW6YQ="),
            ("fooba", "MZXW6YTB"),
            ("foobar", "MZXW6YTBOI======"),
        ] {
            assert_eq!(encode(bytes.as_bytes()), text);
            assert_eq!(decode(text.as_bytes()), Ok(bytes.into()));
            let bare = text.trim_end_matches('=').as_bytes();
            assert_eq!(decode_unpadded(bare), Ok(bytes.into()));
        }
    }

    #[test]
    fn without_padding_stray_signs_do_no_harm() {
        for (text, bytes) in [
            ("MZXW\r\n6YTB\n", Ok(b"fooba".to_vec())),
            ("MZ", Ok(b"f".to_vec())),
            ("MZXW6YTBMZX", Ok(b"fooba".to_vec())),
            ("MZXW6===", Err(Corrupt { at: 5 })),
            ("mzxw6", Err(Corrupt { at: 0 })),
            ("MZXW6YTBMZ 6", Err(Corrupt { at: 10 })),
            ("0189", Err(Corrupt { at: 0 })),
        ] {
            assert_eq!(decode_unpadded(text.as_bytes()), bytes, "{text:?}");
        }
    }

    #[test]
    fn line_breaks_and_an_end_behind_the_padding_are_skipped() {
        assert_eq!(decode(b"\r\nMZXW\n6===\n"), Ok(b"foo".to_vec()));
        assert_eq!(decode(b"MZXW6===x"), Ok(b"foo".to_vec()));
        assert_eq!(decode(b"MZ======"), Ok(b"f".to_vec()));
    }

    /// The positions are Go's.
    #[test]
    fn an_error_tells_the_place() {
        for (text, at) in [
            ("1", 0),
            ("NBSWY", 0),
            ("mzxw6===", 0),
            ("MZXW6YTBO", 8),
            ("MZ==", 4),
            ("MZ=====x", 6),
            ("M=======", 1),
            ("MZX=====", 3),
            ("MZXW6Y==", 6),
            ("MZ\n==", 4),
            ("MZ======MZXW6YTB", 2),
        ] {
            assert_eq!(decode(text.as_bytes()), Err(Corrupt { at }), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn what_was_encoded_is_decoded(bytes: Vec<u8>) {
            prop_assert_eq!(decode(encode(&bytes).as_bytes()), Ok(bytes));
        }

        #[test]
        fn any_text_is_decoded_or_refused(text in "[AB=7\n]{0,20}") {
            for decode in [decode, decode_unpadded] {
                if let Err(corrupt) = decode(text.as_bytes()) {
                    prop_assert!(corrupt.at <= text.len());
                }
            }
        }
    }
}
