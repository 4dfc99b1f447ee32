//! Characters as Go 1.26 knows them: Unicode 15.0, with cases that are one character to one character.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex_syntax::hir::{Class, HirKind};

/// What Unicode 15.0 knows. Go says nothing of later characters: they have no case and are no letters.
static KNOWN: LazyLock<Set> = LazyLock::new(|| Set::new(r"\x00-\x{10ffff}"));

/// Go's `unicode.IsUpper`.
pub fn is_upper(c: char) -> bool {
    static SET: LazyLock<Set> = LazyLock::new(|| Set::new(r"\p{Lu}"));
    SET.has(c)
}

/// Go's `unicode.IsLower`.
pub fn is_lower(c: char) -> bool {
    static SET: LazyLock<Set> = LazyLock::new(|| Set::new(r"\p{Ll}"));
    SET.has(c)
}

/// Go's `unicode.IsTitle`: two letters in one, the first of them upper case.
pub fn is_title(c: char) -> bool {
    static SET: LazyLock<Set> = LazyLock::new(|| Set::new(r"\p{Lt}"));
    SET.has(c)
}

/// Go's `unicode.IsLetter`.
pub fn is_letter(c: char) -> bool {
    static SET: LazyLock<Set> = LazyLock::new(|| Set::new(r"\p{L}"));
    SET.has(c)
}

/// Go's `unicode.IsDigit`.
pub fn is_digit(c: char) -> bool {
    static SET: LazyLock<Set> = LazyLock::new(|| Set::new(r"\p{Nd}"));
    SET.has(c)
}

/// Go's `unicode.IsNumber`.
pub fn is_number(c: char) -> bool {
    static SET: LazyLock<Set> = LazyLock::new(|| Set::new(r"\p{N}"));
    SET.has(c)
}

/// Go's `unicode.IsPunct`.
pub fn is_punct(c: char) -> bool {
    static SET: LazyLock<Set> = LazyLock::new(|| Set::new(r"\p{P}"));
    SET.has(c)
}

/// Go's `unicode.IsPrint`, which is also `strconv.IsPrint`.
pub fn is_print(c: char) -> bool {
    static SET: LazyLock<Set> = LazyLock::new(|| Set::new(r"\p{L}\p{M}\p{N}\p{P}\p{S}\x20"));
    SET.has(c)
}

/// Go's `unicode.IsSpace`.
pub fn is_space(c: char) -> bool {
    c.is_whitespace()
}

/// Go's `unicode.ToUpper`.
pub fn to_upper(c: char) -> char {
    match c {
        // Greek with iota below: the full mapping has two characters, the simple one is that of titles.
        '\u{1f80}'..='\u{1f87}' | '\u{1f90}'..='\u{1f97}' | '\u{1fa0}'..='\u{1fa7}' => moved(c, 8),
        '\u{1fb3}' | '\u{1fc3}' | '\u{1ff3}' => moved(c, 9),
        _ => single(c, c.to_uppercase()),
    }
}

/// Go's `unicode.ToLower`.
pub fn to_lower(c: char) -> char {
    match c {
        'İ' => 'i',
        _ => single(c, c.to_lowercase()),
    }
}

/// Go's `unicode.ToTitle`.
pub fn to_title(c: char) -> char {
    match c {
        'Ǆ'..='ǆ' => 'ǅ',
        'Ǉ'..='ǉ' => 'ǈ',
        'Ǌ'..='ǌ' => 'ǋ',
        'Ǳ'..='ǳ' => 'ǲ',
        // Georgian has upper case for whole words only.
        'ა'..='ჺ' | 'ჽ'..='ჿ' => c,
        _ => to_upper(c),
    }
}

/// Go makes a U+FFFD of every single byte that is no text; Rust makes one of several.
pub fn lossy(bytes: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = str::from_utf8(bytes) {
        return text.into();
    }
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
    text.into()
}

/// The first character and how many bytes it takes. A byte that starts none counts as one U+FFFD.
pub fn decode(bytes: &[u8]) -> Option<(char, usize)> {
    let first = bytes[..bytes.len().min(4)].utf8_chunks().next()?;
    let char = first.valid().chars().next();
    Some(char.map_or((char::REPLACEMENT_CHARACTER, 1), |char| (char, char.len_utf8())))
}

/// The mapping if it is one of Unicode 15.0 and to a single character, which is where the full and the simple mapping
/// agree.
fn single(c: char, mut mapped: impl Iterator<Item = char>) -> char {
    match (mapped.next(), mapped.next()) {
        (Some(one), None) if one == c || c.is_ascii() => one,
        (Some(one), None) if KNOWN.has(c) && KNOWN.has(one) => one,
        _ => c,
    }
}

fn moved(c: char, by: u32) -> char {
    char::from_u32(u32::from(c) + by).unwrap_or(c)
}

/// A set of characters, as ranges in order.
struct Set(Vec<(char, char)>);

impl Set {
    /// The characters of a class that are in Unicode 15.0.
    fn new(class: &str) -> Self {
        let hir = regex_syntax::parse(&format!(r"[{class}&&\p{{Age=15.0}}]")).expect("a class of this file");
        match hir.kind() {
            HirKind::Class(Class::Unicode(class)) => {
                Self(class.iter().map(|range| (range.start(), range.end())).collect())
            }
            _ => unreachable!("a class in brackets is a class"),
        }
    }

    fn has(&self, c: char) -> bool {
        let after = self.0.partition_point(|(low, _)| *low <= c);
        after > 0 && self.0[after - 1].1 >= c
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_that_is_no_text_is_replaced() {
        for (bytes, text) in [
            (&b"plain \xc3\xa9"[..], "plain é"),
            (b"a\xff\xe2\x98b", "a\u{fffd}\u{fffd}\u{fffd}b"),
        ] {
            assert_eq!(lossy(bytes), text);
        }
    }

    #[test]
    fn bytes_decode_one_by_one_where_they_are_no_characters() {
        type Case = (&'static [u8], Option<(char, usize)>);
        let cases: [Case; 5] = [
            (b"", None),
            (b"a", Some(('a', 1))),
            ("é!".as_bytes(), Some(('é', 2))),
            (b"\xe2\x98", Some((char::REPLACEMENT_CHARACTER, 1))),
            (b"\xffa", Some((char::REPLACEMENT_CHARACTER, 1))),
        ];
        for (bytes, expected) in cases {
            assert_eq!(decode(bytes), expected, "{bytes:?}");
        }
    }

    /// How many characters are in each set, and the sum of their code points, from Go 1.26.
    #[test]
    fn sets_are_those_of_go() {
        type Row = (&'static str, fn(char) -> bool, u64, u64);
        let rows: [Row; 9] = [
            ("is_upper", is_upper, 1_831, 85_228_200),
            ("is_lower", is_lower, 2_233, 103_102_186),
            ("is_title", is_title, 31, 220_514),
            ("is_letter", is_letter, 136_104, 14_773_782_966),
            ("is_digit", is_digit, 680, 32_783_620),
            ("is_number", is_number, 1_831, 103_544_065),
            ("is_punct", is_punct, 842, 27_984_827),
            ("is_print", is_print, 148_998, 15_750_900_724),
            ("is_space", is_space, 25, 141_586),
        ];
        for (name, is, count, sum) in rows {
            let all = (char::MIN..=char::MAX).filter(|c| is(*c));
            let found = all.fold((0, 0), |(count, sum), c| {
                (count + 1, sum + u64::from(u32::from(c)))
            });
            assert_eq!(found, (count, sum), "{name}");
        }
    }

    /// How many characters have a mapping, and the sum of both sides' products, from Go 1.26.
    #[test]
    fn mappings_are_those_of_go() {
        type Row = (&'static str, fn(char) -> char, u64, u64);
        let rows: [Row; 3] = [
            ("to_upper", to_upper, 1_450, 2_084_820_780_662),
            ("to_lower", to_lower, 1_433, 2_084_384_907_829),
            ("to_title", to_title, 1_404, 2_083_360_999_333),
        ];
        for (name, to, count, sum) in rows {
            let all = (char::MIN..=char::MAX).filter(|c| to(*c) != *c);
            let found = all.fold((0, 0), |(count, sum), c| {
                (
                    count + 1,
                    sum + u64::from(u32::from(c)) * u64::from(u32::from(to(c))),
                )
            });
            assert_eq!(found, (count, sum), "{name}");
        }
    }
}
