//! Upper and lower case.

use lockstep_gostd::unicode;

use crate::value::{push_rune, runes};

pub(super) fn upper(text: &[u8]) -> Vec<u8> {
    map(text, unicode::to_upper)
}

pub(super) fn lower(text: &[u8]) -> Vec<u8> {
    map(text, unicode::to_lower)
}

/// Go's `strings.Title`.
pub(super) fn title(text: &[u8]) -> Vec<u8> {
    let mut begins = true;
    map(text, |c| {
        let mapped = if begins { unicode::to_title(c) } else { c };
        begins = separates(c);
        mapped
    })
}

fn separates(c: char) -> bool {
    if c.is_ascii() {
        return !c.is_ascii_alphanumeric() && c != '_';
    }
    !unicode::is_letter(c) && !unicode::is_digit(c) && unicode::is_space(c)
}

/// The first letter of each word in lower case.
pub(super) fn untitle(text: &[u8]) -> Vec<u8> {
    let mut begins = true;
    map(text, |c| {
        let space = unicode::is_space(c);
        let mapped = if begins && !space { unicode::to_lower(c) } else { c };
        begins = space;
        mapped
    })
}

/// Upper and title case become lower; lower becomes upper, or title at the beginning of a word.
pub(super) fn swap(text: &[u8]) -> Vec<u8> {
    let mut begins = true;
    map(text, |c| {
        let first = begins;
        begins = false;
        if unicode::is_upper(c) || unicode::is_title(c) {
            unicode::to_lower(c)
        } else if unicode::is_lower(c) {
            if first {
                unicode::to_title(c)
            } else {
                unicode::to_upper(c)
            }
        } else {
            begins = unicode::is_space(c);
            c
        }
    })
}

fn map(text: &[u8], mut each: impl FnMut(char) -> char) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for (c, _) in runes(text) {
        push_rune(&mut out, each(c));
    }
    out
}

#[cfg(test)]
mod tests {
    use crate::functions::testing::check;

    #[test]
    fn cases_are_one_character_to_one() {
        check(&[
            (
                r#"{{ upper "aß ŉ ᾳ ǆ ა ſ" | printf "%q" }}"#,
                Some(r#""Aß ŉ ᾼ Ǆ Ა S""#),
            ),
            (r#"{{ lower "İ ẞ Ǆ Σ Ⅷ" | printf "%q" }}"#, Some(r#""i ß ǆ σ ⅷ""#)),
            (
                r#"{{ upper "a\xff\xe2\x82b" | printf "%q" }}"#,
                Some(r#""A���B""#),
            ),
            (r#"{{ lower "\xc3" | printf "%q" }}"#, Some(r#""�""#)),
            (
                r#"{{ title "ǆa ǆ ა2b _c ⅷ \xffx" | printf "%q" }}"#,
                Some(r#""ǅa ǅ ა2b _c Ⅷ �x""#),
            ),
            (
                r#"{{ title "don't e-f ñ·o ²p" | printf "%q" }}"#,
                Some(r#""Don'T E-F Ñ·o ²p""#),
            ),
            (
                r#"{{ untitle "ÉA  ǅB\u00a0C \xff" | printf "%q" }}"#,
                Some(r#""éA  ǆB\u00a0c �""#),
            ),
            (
                r#"{{ swapcase "aB ǆx ǅ ßs Ⓐ\xff" | printf "%q" }}"#,
                Some(r#""Ab ǅX ǆ ßS Ⓐ�""#),
            ),
        ]);
    }
}
