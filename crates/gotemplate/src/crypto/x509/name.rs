//! Distinguished names: who is certified, and by whom.

use crate::crypto::der::{self, Der, Element, Reader, tag};
use crate::fault::{Fault, Outcome};

const COMMON_NAME: &[u8] = &[0x55, 4, 3];

/// Whether it is a name, with every text in its own alphabet.
pub(super) fn check(name: Element) -> Outcome<()> {
    if name.tag != tag::SEQUENCE {
        return Err(der::malformed());
    }
    let mut sets = Reader::new(name.content);
    while !sets.is_empty() {
        let mut set = Reader::new(sets.element(tag::SET)?);
        while !set.is_empty() {
            let mut attribute = set.sequence()?;
            attribute.oid()?;
            if !is_text(attribute.any()?) {
                return Err(Fault::new("a name in a certificate has a malformed text"));
            }
        }
    }
    Ok(())
}

fn is_text(value: Element) -> bool {
    let text = value.content;
    match value.tag {
        tag::TELETEX_STRING => true,
        tag::PRINTABLE_STRING => text
            .iter()
            .all(|byte| is_printable(*byte) || matches!(byte, b'*' | b'&')),
        tag::UTF8_STRING => std::str::from_utf8(text).is_ok(),
        tag::BMP_STRING => is_bmp(text),
        tag::IA5_STRING => text.is_ascii(),
        tag::NUMERIC_STRING => text.iter().all(|byte| byte.is_ascii_digit() || *byte == b' '),
        _ => false,
    }
}

/// Two bytes a sign, none of them a surrogate or a sign that is none.
fn is_bmp(text: &[u8]) -> bool {
    let text = text.strip_suffix(&[0, 0]).unwrap_or(text);
    let (pairs, rest) = text.as_chunks::<2>();
    let is_sign = |pair: &[u8; 2]| !matches!(u16::from_be_bytes(*pair), 0xfffe | 0xffff | 0xfdd0..=0xfdef | 0xd800..=0xdfff);
    rest.is_empty() && pairs.iter().all(is_sign)
}

fn is_printable(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'\''..=b')' | b'+'..=b'/' | b' ' | b':' | b'=' | b'?')
}

/// A name that has only a common name, or nothing if that is empty.
pub(super) fn common(name: &[u8]) -> Outcome<Der> {
    if name.is_empty() {
        return Ok(der::sequence(&[]));
    }
    let text = std::str::from_utf8(name).map_err(|_| Fault::new("the common name is no valid UTF-8"))?;
    let attribute = der::sequence(&[&der::oid(COMMON_NAME), &text_element(text)]);
    Ok(der::sequence(&[&der::element(tag::SET, &[&attribute])]))
}

/// A text in the smallest alphabet that Go takes for it.
pub(super) fn text_element(text: &str) -> Der {
    let tag = if text.bytes().all(is_printable) {
        tag::PRINTABLE_STRING
    } else {
        tag::UTF8_STRING
    };
    der::element(tag, &[text.as_bytes()])
}
