//! Texts that may not be UTF-8.

use std::borrow::Cow;
use std::ops::Range;

use regex::Match;

/// A text to search. To Go, each byte that is not UTF-8 is a character, U+FFFD. So it is searched with just that
/// character in the place of the byte, and what is found is brought back to the bytes.
#[derive(Debug)]
pub struct Haystack<'t> {
    bytes: &'t [u8],
    searched: Cow<'t, str>,
    /// Where in there a character stands for a byte.
    replaced: Vec<usize>,
}

/// By how much U+FFFD is longer than the byte it stands for.
const LONGER: usize = char::REPLACEMENT_CHARACTER.len_utf8() - 1;

impl<'t> Haystack<'t> {
    /// Takes up to eleven times the memory of a text that is not UTF-8, and none if it is.
    pub fn new(bytes: &'t [u8]) -> Self {
        if let Ok(text) = std::str::from_utf8(bytes) {
            return text.into();
        }
        let mut searched = String::with_capacity(bytes.len());
        let mut replaced = Vec::new();
        for chunk in bytes.utf8_chunks() {
            searched.push_str(chunk.valid());
            for _ in chunk.invalid() {
                replaced.push(searched.len());
                searched.push(char::REPLACEMENT_CHARACTER);
            }
        }
        Self {
            bytes,
            searched: searched.into(),
            replaced,
        }
    }

    pub fn bytes(&self) -> &'t [u8] {
        self.bytes
    }

    pub(super) fn searched(&self) -> &str {
        &self.searched
    }

    /// Where in the bytes it was found.
    pub(super) fn range(&self, found: Match) -> Range<usize> {
        self.position(found.start())..self.position(found.end())
    }

    fn position(&self, searched: usize) -> usize {
        searched - LONGER * self.replaced.partition_point(|&replaced| replaced < searched)
    }
}

impl<'t> From<&'t str> for Haystack<'t> {
    fn from(text: &'t str) -> Self {
        Self {
            bytes: text.as_bytes(),
            searched: text.into(),
            replaced: Vec::new(),
        }
    }
}
