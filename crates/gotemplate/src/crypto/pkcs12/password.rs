//! A password in the two forms that PKCS#12 knows.

use zeroize::Zeroizing;

use crate::fault::{Fault, Outcome};
use crate::value::runes;

pub(crate) struct Password {
    /// UCS-2 with a zero at its end: what the methods of PKCS#12 itself take.
    pub(super) wide: Zeroizing<Vec<u8>>,
    /// What the methods of PKCS#5 take.
    pub(super) utf8: Zeroizing<String>,
}

impl Password {
    /// Refuses characters beyond UCS-2, as Go does.
    pub(crate) fn new(text: &[u8]) -> Outcome<Self> {
        // Sized at once, or growing would leave copies behind; three bytes hold any character of UCS-2.
        let mut wide = Zeroizing::new(Vec::with_capacity(2 * text.len() + 2));
        let mut utf8 = Zeroizing::new(String::with_capacity(3 * text.len()));
        for (character, _) in runes(text) {
            wide.extend(ucs2(character)?);
            utf8.push(character);
        }
        wide.extend([0, 0]);
        Ok(Self { wide, utf8 })
    }

    /// What some programs take for the empty password: not even a zero.
    pub(super) fn none() -> Self {
        Self {
            wide: Zeroizing::default(),
            utf8: Zeroizing::default(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.utf8.is_empty()
    }
}

pub(super) fn ucs2(character: char) -> Outcome<[u8; 2]> {
    u16::try_from(u32::from(character))
        .map(u16::to_be_bytes)
        .map_err(|_| Fault::new("a character is beyond UCS-2, the alphabet of PKCS#12"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_those_of_go() {
        for (text, wide, utf8) in [
            (b"".as_slice(), b"\0\0".as_slice(), ""),
            (b"pw", b"\0p\0w\0\0", "pw"),
            ("ö☃".as_bytes(), b"\0\xf6\x26\x03\0\0", "ö☃"),
            (b"a\xe2\x98", b"\0a\xff\xfd\xff\xfd\0\0", "a\u{fffd}\u{fffd}"),
        ] {
            let password = Password::new(text).expect("within UCS-2");
            assert_eq!((&**password.wide, password.utf8.as_str()), (wide, utf8));
        }
        assert!(Password::new("😀".as_bytes()).is_err());
    }
}
