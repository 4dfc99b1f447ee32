//! Words within a text.

use lockstep_gostd::unicode;

use crate::unicode::decode;
use crate::value::{push_rune, runes};

/// The first byte of each word, taken for a character (as goutils does).
pub(super) fn initials(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut begins = true;
    for c in text.iter().copied().map(char::from) {
        let space = unicode::is_space(c);
        if begins && !space {
            push_rune(&mut out, c);
        }
        begins = space;
    }
    out
}

/// Without white space, among which are the bytes 0x85 and 0xA0. If there is any, every byte is taken for a character
/// (as goutils does).
pub(super) fn no_space(text: &[u8]) -> Vec<u8> {
    let is_space = |byte: &u8| unicode::is_space(char::from(*byte));
    if !text.iter().any(is_space) {
        return text.to_vec();
    }
    let mut out = Vec::with_capacity(text.len());
    for byte in text.iter().filter(|byte| !is_space(byte)) {
        push_rune(&mut out, char::from(*byte));
    }
    out
}

/// Words begin in upper case and stand without what was between them.
pub(super) fn camel_case(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut chars = runes(text).map(|(c, _)| c);
    let Some(mut held) = chars.next() else {
        return out;
    };
    while connects(held) {
        push_rune(&mut out, held);
        match chars.next() {
            Some(c) => held = c,
            None => break, // the last one is there twice, as in Go
        }
    }
    let mut shouts = unicode::is_upper(held); // a word in upper case becomes lower after its first letter
    held = unicode::to_upper(held);
    for mut c in chars {
        if !connects(held) {
            shouts &= unicode::is_upper(c);
            push_rune(&mut out, held);
            if shouts {
                c = unicode::to_lower(c);
            }
        } else if connects(c) {
            push_rune(&mut out, held);
        } else {
            shouts = unicode::is_upper(c);
            c = unicode::to_upper(c);
        }
        held = c;
    }
    push_rune(&mut out, held);
    out
}

/// Words are in lower case with a `connector` between them.
pub(super) fn snake_case(text: &[u8], connector: u8) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + text.len() / 2);
    let mut words = Words(text);
    let mut word = words.next();
    while !words.0.is_empty() {
        if word.kind != Kind::Connector {
            word.lower(connector, &mut out);
        }
        let last = std::mem::replace(&mut word, words.next());
        match (last.kind, word.kind) {
            (Kind::Connector, _) => last.lower(connector, &mut out),
            (Kind::Number, _) => {
                word = words.after_number(word, connector, &mut out);
            }
            (Kind::Punctuation, _) | (_, Kind::Connector | Kind::Punctuation) => {}
            (_, Kind::Number) if words.0.is_empty() => {} // it belongs to the word before it
            (_, Kind::Number) => {
                let number = std::mem::replace(&mut word, words.next());
                if word.kind == Kind::Letters {
                    out.push(connector);
                    number.lower(connector, &mut out);
                    word = words.after_number(word, connector, &mut out);
                } else {
                    number.lower(connector, &mut out);
                    if !matches!(word.kind, Kind::Connector | Kind::Punctuation) {
                        out.push(connector);
                    }
                }
            }
            _ => out.push(connector),
        }
    }
    word.lower(connector, &mut out);
    out
}

/// The words not yet read.
struct Words<'t>(&'t [u8]);

#[derive(Clone, Copy)]
struct Word<'t> {
    kind: Kind,
    text: &'t [u8],
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Nothing, or bytes that are no UTF-8. Elsewhere such bytes belong to the word they are in.
    Invalid,
    Number,
    /// Upper case, or one of upper case and then lower case.
    Upper,
    Letters,
    Connector,
    Punctuation,
    Other,
}

impl<'t> Words<'t> {
    fn next(&mut self) -> Word<'t> {
        let (c, first) = valid_rune(self.0, char::REPLACEMENT_CHARACTER);
        let kind = Kind::of(c);
        let end = match kind {
            Kind::Invalid => first,
            Kind::Upper => self.upper(c, first),
            _ => self.run(c, first, |c| kind.goes_on(c)).0,
        };
        let (text, rest) = self.0.split_at(end);
        self.0 = rest;
        Word { kind, text }
    }

    /// What is in lower case after one in upper case. Of many in upper case the last begins the next word if lower
    /// case follows: `HTTP` and `Server`.
    fn upper(&self, c: char, first: usize) -> usize {
        let (end, last) = self.run(c, first, unicode::is_upper);
        if end == first {
            return self.run(c, first, |c| Kind::Letters.goes_on(c)).0;
        }
        let follows = &self.0[end..];
        if !follows.is_empty() && is_alphabetic(valid_rune(follows, c).0) {
            return end - last;
        }
        end
    }

    /// Where the run of characters ends that goes on at `start` after `c`, and how long its last character is.
    fn run(&self, mut c: char, start: usize, goes_on: impl Fn(char) -> bool) -> (usize, usize) {
        let (mut end, mut last) = (start, 0);
        while end < self.0.len() {
            let size;
            (c, size) = valid_rune(&self.0[end..], c);
            if !goes_on(c) {
                break;
            }
            end += size;
            last = size;
        }
        (end, last)
    }

    /// Letters and numbers stay with the number before them. Gives the first word that is neither.
    fn after_number(&mut self, mut word: Word<'t>, connector: u8, out: &mut Vec<u8>) -> Word<'t> {
        while matches!(word.kind, Kind::Letters | Kind::Number) {
            word.lower(connector, out);
            word = self.next();
        }
        if !matches!(word.kind, Kind::Invalid | Kind::Punctuation | Kind::Connector) {
            out.push(connector);
        }
        word
    }
}

impl Word<'_> {
    fn lower(self, connector: u8, out: &mut Vec<u8>) {
        if !matches!(self.kind, Kind::Upper | Kind::Connector) {
            out.extend_from_slice(self.text);
            return;
        }
        for (c, _) in runes(self.text) {
            if connects(c) {
                out.push(connector);
            } else if unicode::is_upper(c) {
                push_rune(out, unicode::to_lower(c));
            } else {
                push_rune(out, c);
            }
        }
    }
}

impl Kind {
    fn of(c: char) -> Self {
        match c {
            char::REPLACEMENT_CHARACTER => Self::Invalid,
            _ if connects(c) => Self::Connector,
            _ if unicode::is_punct(c) => Self::Punctuation,
            _ if unicode::is_upper(c) => Self::Upper,
            _ if is_alphabetic(c) => Self::Letters,
            _ if unicode::is_number(c) => Self::Number,
            _ => Self::Other,
        }
    }

    /// Whether a word of this kind goes on with that character. (Connectors in Unicode are punctuation as well.)
    fn goes_on(self, c: char) -> bool {
        match self {
            Self::Connector => connects(c),
            Self::Punctuation => unicode::is_punct(c),
            Self::Number => unicode::is_number(c),
            Self::Letters => is_alphabetic(c) && !unicode::is_upper(c),
            Self::Other => {
                !(connects(c) || is_alphabetic(c) || unicode::is_number(c) || unicode::is_punct(c))
            }
            Self::Invalid | Self::Upper => false,
        }
    }
}

/// The next character that is UTF-8, and how far it is to its end. At the end of the text it is `last` again.
fn valid_rune(text: &[u8], last: char) -> (char, usize) {
    let mut size = 0;
    while let Some((c, width)) = decode(&text[size..]) {
        size += width;
        if c != char::REPLACEMENT_CHARACTER {
            return (c, size);
        }
    }
    (last, size)
}

fn connects(c: char) -> bool {
    matches!(c, '-' | '_') || unicode::is_space(c)
}

/// Chinese, Japanese and Korean ideographs are no alphabet.
fn is_alphabetic(c: char) -> bool {
    let ideograph =
        matches!(c, '\u{3400}'..='\u{4d85}' | '\u{4e00}'..='\u{9fcc}' | '\u{20000}'..='\u{2b81d}');
    unicode::is_letter(c) && !ideograph
}

#[cfg(test)]
mod tests {
    use crate::functions::testing::check;

    #[test]
    fn bytes_are_taken_for_characters() {
        check(&[
            (
                r#"{{ initials "élan \u00a0vital\xa0x" | printf "%q" }}"#,
                Some(r#""ÃÂvx""#),
            ),
            (r#"{{ nospace "é" | printf "%q" }}"#, Some(r#""é""#)),
            (r#"{{ nospace "é x" | printf "%q" }}"#, Some(r#""Ã©x""#)),
            (r#"{{ nospace "…" | printf "%q" }}"#, Some(r#""…""#)),
        ]);
    }

    #[test]
    fn camel_case() {
        check(&[
            (
                r#"{{ camelcase "_-some__words" | printf "%q" }}"#,
                Some(r#""_-Some_Words""#),
            ),
            (
                r#"{{ camelcase "GOLANG_iS_GREAT x" | printf "%q" }}"#,
                Some(r#""GolangISGreatX""#),
            ),
            (r#"{{ camelcase "-" | printf "%q" }}"#, Some(r#""--""#)),
            (r#"{{ camelcase "a" | printf "%q" }}"#, Some(r#""A""#)),
            (r#"{{ camelcase "_a_" | printf "%q" }}"#, Some(r#""_A_""#)),
            (
                r#"{{ camelcase "ÉLAN vital\xff_\xfe" | printf "%q" }}"#,
                Some(r#""ÉlanVital��""#),
            ),
        ]);
    }

    #[test]
    fn snake_case() {
        check(&[
            (
                r#"{{ snakecase "HTTPStatus404NotFound" | printf "%q" }}"#,
                Some(r#""http_status404_not_found""#),
            ),
            (
                r#"{{ snakecase "Bld4Floor3rd v2x2 9A" | printf "%q" }}"#,
                Some(r#""bld4_floor_3rd_v_2x2_9_a""#),
            ),
            (
                r#"{{ snakecase "aB1 _C2-" | printf "%q" }}"#,
                Some(r#""a_b1__c2_""#),
            ),
            (
                r#"{{ kebabcase "A日本B é٣x" | printf "%q" }}"#,
                Some(r#""a-日本-b-é-٣x""#),
            ),
            (
                r#"{{ snakecase "\xffAB\xfeCd\xfd" | printf "%q" }}"#,
                Some(r#""�ab_�cd�""#),
            ),
            (
                r#"{{ snakecase "a.B/C::DeF" | printf "%q" }}"#,
                Some(r#""a.b/c::de_f""#),
            ),
            (
                r#"{{ snakecase "\xff\xfe" | printf "%q" }}"#,
                Some(r#""\xff\xfe""#),
            ),
            (r#"{{ snakecase "x\xff" | printf "%q" }}"#, Some(r#""x\xff""#)),
            (
                r#"{{ kebabcase "ABC\u00a0ǅUNGLA Ⅷ" | printf "%q" }}"#,
                Some(r#""abc-ǅ-ungla-Ⅷ""#),
            ),
        ]);
    }
}
