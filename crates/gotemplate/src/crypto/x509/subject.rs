//! A certificate's subject as Go shows it, much as in RFC 2253: the last comes first, what Go has no word for comes
//! at the end in hexadecimal digits, and what has several values joins them.

use lockstep_gostd::hex;

use super::Certificate;
use super::name::text_element;
use crate::crypto::der::{Element, Reader, malformed, tag};
use crate::fault::Outcome;

/// The attributes that Go has words for, by the last number of their identifiers, in Go's order.
const KNOWN: [(u8, &str); 9] = [
    (6, "C"),
    (8, "ST"),
    (7, "L"),
    (9, "STREET"),
    (17, "POSTALCODE"),
    (10, "O"),
    (11, "OU"),
    (3, "CN"),
    (5, "SERIALNUMBER"),
];

impl Certificate {
    pub(crate) fn subject_text(&self) -> Outcome<String> {
        let attributes = attributes(&self.subject)?;
        let mut parts: Vec<String> = attributes
            .iter()
            .filter(|attribute| attribute.known().is_none())
            .map(|attribute| {
                format!(
                    "{}=#{}",
                    dotted(attribute.oid),
                    hex::encode(&text_element(&attribute.text))
                )
            })
            .collect();
        for (number, label) in KNOWN {
            let mut values: Vec<&str> = attributes
                .iter()
                .filter(|attribute| attribute.known() == Some(number))
                .map(|attribute| attribute.text.as_str())
                .collect();
            if matches!(label, "CN" | "SERIALNUMBER") {
                values.drain(..values.len().saturating_sub(1)); // only the last counts
                values.retain(|value| !value.is_empty());
            }
            let values: Vec<String> = values
                .iter()
                .map(|value| format!("{label}={}", escaped(value)))
                .collect();
            parts.extend((!values.is_empty()).then(|| values.join("+")));
        }
        parts.reverse();
        Ok(parts.join(","))
    }
}

struct Attribute<'a> {
    oid: &'a [u8],
    text: String,
}

impl Attribute<'_> {
    fn known(&self) -> Option<u8> {
        match self.oid {
            &[0x55, 4, number] if KNOWN.iter().any(|(known, _)| *known == number) => Some(number),
            _ => None,
        }
    }
}

fn attributes(name: &[u8]) -> Outcome<Vec<Attribute<'_>>> {
    let mut sets = Reader::new(name).sequence()?;
    let mut attributes = vec![];
    while !sets.is_empty() {
        let mut set = Reader::new(sets.element(tag::SET)?);
        while !set.is_empty() {
            let mut attribute = set.sequence()?;
            let oid = attribute.oid()?;
            let text = text(attribute.any()?)?;
            attributes.push(Attribute { oid, text });
        }
    }
    Ok(attributes)
}

/// The certificate has been read, so the text is well-formed.
fn text(value: Element) -> Outcome<String> {
    match value.tag {
        tag::TELETEX_STRING => Ok(value.content.iter().copied().map(char::from).collect()),
        tag::BMP_STRING => {
            let (pairs, _) = value.content.as_chunks();
            let pairs = pairs.strip_suffix(&[[0, 0]]).unwrap_or(pairs);
            let codes = pairs.iter().copied().map(u16::from_be_bytes);
            char::decode_utf16(codes)
                .collect::<Result<_, _>>()
                .map_err(|_| malformed())
        }
        _ => std::str::from_utf8(value.content)
            .map(str::to_owned)
            .map_err(|_| malformed()),
    }
}

fn escaped(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for (at, character) in value.char_indices() {
        let escape = match character {
            ',' | '+' | '"' | '\\' | '<' | '>' | ';' => true,
            ' ' => at == 0 || at == value.len() - 1,
            '#' => at == 0,
            _ => false,
        };
        if escape {
            out.push('\\');
        }
        out.push(character);
    }
    out
}

/// An object identifier's numbers. The first two share one.
fn dotted(oid: &[u8]) -> String {
    let mut numbers = oid.split_inclusive(|byte| *byte < 0x80).map(|number| {
        number
            .iter()
            .fold(0, |value, byte| value << 7 | u64::from(byte & 0x7f))
    });
    let first = numbers.next().unwrap_or_default();
    let root = (first / 40).min(2);
    let start = [root, first - 40 * root].into_iter();
    let numbers: Vec<String> = start.chain(numbers).map(|number| number.to_string()).collect();
    numbers.join(".")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::der;
    use crate::crypto::x509::read::Extensions;

    /// Identifier, tag and content.
    type Set<'a> = &'a [(&'a [u8], u8, &'a [u8])];

    fn subject(sets: &[Set]) -> String {
        let sets: Vec<_> = sets
            .iter()
            .map(|set| {
                let attributes: Vec<_> = set
                    .iter()
                    .map(|(oid, tag, text)| der::sequence(&[&der::oid(oid), &der::element(*tag, &[text])]))
                    .collect();
                let attributes: Vec<&[u8]> =
                    attributes.iter().map(|attribute| attribute.as_slice()).collect();
                der::element(tag::SET, &attributes)
            })
            .collect();
        let sets: Vec<&[u8]> = sets.iter().map(|set| set.as_slice()).collect();
        let certificate = Certificate {
            raw: vec![],
            subject: der::sequence(&sets).to_vec(),
            key: None,
            extensions: Extensions::default(),
        };
        certificate.subject_text().expect("a well-formed name")
    }

    const CN: &[u8] = &[0x55, 4, 3];
    const C: &[u8] = &[0x55, 4, 6];
    const O: &[u8] = &[0x55, 4, 10];
    const TITLE: &[u8] = &[0x55, 4, 12];
    const EMAIL: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1];
    const UTF8: u8 = tag::UTF8_STRING;

    /// What Go made of the same names.
    #[test]
    fn subjects_read_as_in_go() {
        for (sets, text) in [
            (&[][..], ""),
            (&[&[(CN, UTF8, b"root".as_slice())][..]][..], "CN=root"),
            (
                &[
                    &[(CN, UTF8, b"a")],
                    &[(C, UTF8, b"DE")],
                    &[(CN, UTF8, b"b")],
                    &[(O, UTF8, b"x")],
                ],
                "CN=b,O=x,C=DE",
            ),
            (
                &[&[(O, UTF8, b"x"), (O, UTF8, b"")], &[(O, UTF8, b"y")]],
                "O=x+O=+O=y",
            ),
            (&[&[(CN, UTF8, b"a")], &[(CN, UTF8, b"")]], ""),
            (
                &[&[(CN, UTF8, b" #a, b+\"<>;\\= ")]],
                r#"CN=\ #a\, b\+\"\<\>\;\\=\ "#,
            ),
            (&[&[(CN, UTF8, b"#a b#")]], r"CN=\#a b#"),
            (&[&[(CN, tag::TELETEX_STRING, b"\xfc")]], "CN=ü"),
            (&[&[(CN, tag::BMP_STRING, b"\x26\x03\0\0")]], "CN=☃"),
            (
                &[
                    &[(EMAIL, tag::IA5_STRING, b"a@b")],
                    &[(CN, UTF8, b"c")],
                    &[(TITLE, UTF8, b"Dr")],
                ],
                "CN=c,2.5.4.12=#13024472,1.2.840.113549.1.9.1=#0c03614062",
            ),
        ] {
            assert_eq!(subject(sets), text);
        }
    }
}
