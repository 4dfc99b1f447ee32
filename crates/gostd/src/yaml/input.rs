//! From bytes to characters. YAML takes UTF-8 and, behind a byte order mark, UTF-16; control characters and what is
//! no text are errors.

use super::Fault;

/// How many bytes Go takes at a time. It matters because only the first document is read: what is wrong in a part
/// that is not needed for it does no harm.
const PART: usize = 512;

/// The characters up to the first error.
pub(super) struct Input {
    pub(super) chars: Vec<char>,
    /// From which character on it strikes: where the part begins that has it.
    pub(super) error: Option<(usize, Fault)>,
}

#[derive(Clone, Copy)]
enum Encoding {
    Utf8,
    Utf16 { little: bool },
}

impl Input {
    pub(super) fn new(text: &[u8]) -> Self {
        let (encoding, start) = match text {
            [0xff, 0xfe, ..] => (Encoding::Utf16 { little: true }, 2),
            [0xfe, 0xff, ..] => (Encoding::Utf16 { little: false }, 2),
            [0xef, 0xbb, 0xbf, ..] => (Encoding::Utf8, 3),
            _ => (Encoding::Utf8, 0),
        };
        let mut chars = Vec::with_capacity(text.len());
        let (mut at, mut end) = (start, PART);
        while at < text.len() {
            let part_start = chars.len();
            let last = end >= text.len();
            let part = &text[..end.min(text.len())];
            match decode_part(part, at, last, encoding, &mut chars) {
                Ok(next) => at = next,
                Err(problem) => {
                    chars.truncate(part_start);
                    let error = Some((part_start, Fault::malformed(problem)));
                    return Self { chars, error };
                }
            }
            end = at + PART;
        }
        Self { chars, error: None }
    }
}

/// Takes all whole characters of the part, and tells where it stopped.
fn decode_part(
    part: &[u8],
    mut at: usize,
    last: bool,
    encoding: Encoding,
    chars: &mut Vec<char>,
) -> Result<usize, &'static str> {
    while at < part.len() {
        let found = match encoding {
            Encoding::Utf8 => utf8(&part[at..])?,
            Encoding::Utf16 { little } => utf16(&part[at..], little)?,
        };
        match found {
            Found::Char(c, width) if is_allowed(c) => {
                chars.push(c);
                at += width;
            }
            Found::Char(..) => return Err("control characters are not allowed"),
            Found::Half(_) if !last => break,
            Found::Half(problem) => return Err(problem),
        }
    }
    Ok(at)
}

enum Found {
    Char(char, usize),
    /// It ends too early, which is a problem at the end of the text.
    Half(&'static str),
}

fn utf8(bytes: &[u8]) -> Result<Found, &'static str> {
    let (width, smallest) = match bytes[0] {
        0..=0x7f => return Ok(Found::Char(char::from(bytes[0]), 1)),
        0xc0..=0xdf => (2, 0x80),
        0xe0..=0xef => (3, 0x800),
        0xf0..=0xf7 => (4, 0x10000),
        _ => return Err("invalid leading UTF-8 octet"),
    };
    let Some(octets) = bytes.get(..width) else {
        return Ok(Found::Half("incomplete UTF-8 octet sequence"));
    };
    let mut value = u32::from(octets[0]) & (0x7f >> width);
    for octet in &octets[1..] {
        if octet & 0xc0 != 0x80 {
            return Err("invalid trailing UTF-8 octet");
        }
        value = value << 6 | u32::from(octet & 0x3f);
    }
    if value < smallest {
        return Err("invalid length of a UTF-8 sequence");
    }
    let c = char::from_u32(value).ok_or("invalid Unicode character")?;
    Ok(Found::Char(c, width))
}

fn utf16(bytes: &[u8], little: bool) -> Result<Found, &'static str> {
    let unit = |at: usize| match *bytes.get(at..at + 2)? {
        [low, high] if little => Some(u16::from_le_bytes([low, high])),
        [high, low] => Some(u16::from_be_bytes([high, low])),
        _ => None,
    };
    let Some(first) = unit(0) else {
        return Ok(Found::Half("incomplete UTF-16 character"));
    };
    match first {
        0xdc00..=0xdfff => Err("unexpected low surrogate area"),
        0xd800..=0xdbff => match unit(2) {
            None => Ok(Found::Half("incomplete UTF-16 surrogate pair")),
            Some(second) => match char::decode_utf16([first, second]).next() {
                Some(Ok(c)) => Ok(Found::Char(c, 4)),
                _ => Err("expected low surrogate area"),
            },
        },
        _ => Ok(Found::Char(char::from_u32(first.into()).unwrap_or_default(), 2)),
    }
}

fn is_allowed(c: char) -> bool {
    matches!(c,
        '\t' | '\n' | '\r' | ' '..='~' | '\u{85}' | '\u{a0}'..='\u{fffd}' | '\u{10000}'..)
}
