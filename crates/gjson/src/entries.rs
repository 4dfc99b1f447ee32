//! Walking through the members of an object or the elements of an array.

use std::borrow::Cow;
use std::fmt;

use crate::scan::{self, Next};
use crate::value::{Kind, Token, Value};

/// A member or element.
#[derive(Clone, Copy)]
pub(crate) struct Entry<'j> {
    /// The quoted key; none in arrays.
    pub(crate) key: Option<Token<'j>>,
    pub(crate) value: Token<'j>,
}

/// Yields entries in document order until the text stops looking like one.
pub(crate) struct Entries<'j> {
    json: &'j [u8],
    at: usize,
    object: bool,
}

impl<'j> Entries<'j> {
    pub(crate) fn of(json: &'j [u8]) -> Self {
        let start = json.iter().position(|&b| b > b' ').unwrap_or(json.len());
        let (at, object) = match json.get(start) {
            Some(b'{') => (start + 1, true),
            Some(b'[') => (start + 1, false),
            _ => (json.len(), false),
        };
        Self { json, at, object }
    }

    fn key(&mut self) -> Option<Token<'j>> {
        let rest = self.json.get(self.at..)?;
        let start = self.at + rest.iter().position(|&b| b == b'"')?;
        self.at = scan::string_end(self.json, start + 1)?;
        Some(Token::new(Kind::String, &self.json[start..self.at]))
    }
}

impl<'j> Iterator for Entries<'j> {
    type Item = Entry<'j>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.at >= self.json.len() {
            return None;
        }
        let key = if self.object { Some(self.key()?) } else { None };
        let (value, _, end) = value_at(self.json, self.at)?;
        self.at = end + 1; // whatever stands behind the value, a comma if all is well
        Some(Entry { key, value })
    }
}

/// The next value from `from` on with its start and end.
pub(crate) fn value_at(json: &[u8], from: usize) -> Option<(Token<'_>, usize, usize)> {
    match scan::next_value(json, from, false) {
        Next::Scalar(token, end) => Some((token, end - token.raw.len(), end)),
        Next::Open(start) => {
            let (raw, end) = scan::container(json, start);
            Some((Token::new(Kind::Json, raw), start, end))
        }
        Next::Close(_) | Next::Broken(_) | Next::End(_) => None,
    }
}

/// The members of the object in `json`, in document order, with unescaped keys. Yields nothing if the text
/// is not an object. A repeated key is yielded each time; where a map is wanted, Go lets the last one win.
///
/// ```
/// let json = br#"{"user": "admin", "port": 5432, "tags": [1, 2]}"#;
/// let members: Vec<_> = lockstep_gjson::members(json).map(|(key, value)| (key, value.text().into_owned())).collect();
/// assert_eq!(members[0], (b"user".as_slice().into(), b"admin".to_vec()));
/// assert_eq!(members[2], (b"tags".as_slice().into(), b"[1, 2]".to_vec()));
/// ```
pub fn members(json: &[u8]) -> Members<'_> {
    Members(root(json, b'{'))
}

/// The elements of the array in `json`. Yields nothing if the text is not an array.
pub fn elements(json: &[u8]) -> Elements<'_> {
    Elements(root(json, b'['))
}

fn root(json: &[u8], opening: u8) -> Entries<'_> {
    let start = json
        .iter()
        .position(|&b| b > b' ')
        .filter(|&start| json[start] == opening);
    Entries::of(start.map_or(b"", |start| &json[start..]))
}

/// Iterator made by [`members`].
pub struct Members<'j>(Entries<'j>);

impl<'j> Iterator for Members<'j> {
    type Item = (Cow<'j, [u8]>, Value<'j>);

    fn next(&mut self) -> Option<Self::Item> {
        let entry = self.0.next()?;
        Some((entry.key?.text(), entry.value.into()))
    }
}

impl fmt::Debug for Members<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Members").finish_non_exhaustive()
    }
}

/// Iterator made by [`elements`].
pub struct Elements<'j>(Entries<'j>);

impl<'j> Iterator for Elements<'j> {
    type Item = Value<'j>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|entry| entry.value.into())
    }
}

impl fmt::Debug for Elements<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Elements").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(json: &str) -> Vec<(String, String)> {
        members(json.as_bytes())
            .map(|(key, value)| {
                (
                    String::from_utf8_lossy(&key).into_owned(),
                    String::from_utf8_lossy(value.raw()).into_owned(),
                )
            })
            .collect()
    }

    #[test]
    fn members_come_in_order_with_their_text() {
        let pairs = |list: &[(&str, &str)]| {
            list.iter()
                .map(|&(k, v)| (k.to_owned(), v.to_owned()))
                .collect::<Vec<_>>()
        };
        for (json, want) in [
            (
                r#" {"b": "x", "a" : { "c":1.0 } , "b":null} "#,
                pairs(&[("b", r#""x""#), ("a", r#"{ "c":1.0 }"#), ("b", "null")]),
            ),
            (r#"{"k\n\u00e9":1}"#, pairs(&[("k\né", "1")])),
            ("{}", pairs(&[])),
            ("[1]", pairs(&[])),
            ("\"a\"", pairs(&[])),
            ("", pairs(&[])),
            (r#"{"a":1,"b"#, pairs(&[("a", "1")])),
        ] {
            assert_eq!(shown(json), want, "{json}");
        }
    }

    #[test]
    fn elements_come_in_order() {
        let raw: Vec<_> = elements(b"[1, \"two\" ,[3]]").map(|v| v.raw().to_vec()).collect();
        assert_eq!(raw, [b"1".to_vec(), b"\"two\"".to_vec(), b"[3]".to_vec()]);
        assert_eq!(elements(b"{\"a\":1}").count(), 0);
    }
}
