//! Hexadecimal digits as Go's `encoding/hex` writes and reads them.

use std::fmt;

use zeroize::Zeroizing;

/// A text is not hexadecimal. Shown, it is Go's error text to the letter, and so it **quotes a byte of the text**.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Corrupt {
    Byte(u8),
    OddLength,
}

/// In small letters.
pub fn encode(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
    digits
        .map(|digit| char::from(b"0123456789abcdef"[usize::from(digit)]))
        .collect()
}

pub fn decode(text: &[u8]) -> Result<Vec<u8>, Corrupt> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len() / 2));
    for pair in text.chunks(2) {
        let high = digit(pair[0])?;
        let low = pair.get(1).ok_or(Corrupt::OddLength)?;
        bytes.push(high << 4 | digit(*low)?);
    }
    Ok(std::mem::take(&mut *bytes))
}

fn digit(byte: u8) -> Result<u8, Corrupt> {
    match byte {
        b'0'..=b'9' => Ok(byte - b'0'),
        b'a'..=b'f' => Ok(byte - b'a' + 10),
        b'A'..=b'F' => Ok(byte - b'A' + 10),
        _ => Err(Corrupt::Byte(byte)),
    }
}

/// Go takes the byte for a character, and shows it if it can be printed.
impl fmt::Display for Corrupt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OddLength => f.write_str("encoding/hex: odd length hex string"),
            Self::Byte(byte) => {
                write!(f, "encoding/hex: invalid byte: U+{byte:04X}")?;
                match byte {
                    0x20..=0x7e | 0xa1..=0xac | 0xae.. => write!(f, " '{}'", char::from(*byte)),
                    _ => Ok(()),
                }
            }
        }
    }
}

impl std::error::Error for Corrupt {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_read_in_either_case_and_written_in_small() {
        assert_eq!(decode(b""), Ok(Vec::new()));
        assert_eq!(decode(b"00fFa9"), Ok(vec![0, 0xff, 0xa9]));
        assert_eq!(encode(&[0, 0xff, 0xa9]), "00ffa9");
    }

    #[test]
    fn errors_read_as_in_go() {
        for (text, error) in [
            (b"zz".as_slice(), "invalid byte: U+007A 'z'"),
            (b"0x68", "invalid byte: U+0078 'x'"),
            (b"68 65", "invalid byte: U+0020 ' '"),
            (b"6\n", "invalid byte: U+000A"),
            (b"\xc3\xa9", "invalid byte: U+00C3 'Ã'"),
            (b"\xa0", "invalid byte: U+00A0"),
            (b"\xad", "invalid byte: U+00AD"),
            (b"\xff", "invalid byte: U+00FF 'ÿ'"),
            (b"'", "invalid byte: U+0027 '''"),
            (b"abc", "odd length hex string"),
            (b"abz", "invalid byte: U+007A 'z'"),
        ] {
            let corrupt = decode(text).expect_err(error);
            assert_eq!(corrupt.to_string(), format!("encoding/hex: {error}"));
        }
    }
}
