//! What a path leads to.

use std::borrow::Cow;
use std::fmt;

use crate::entries::Entries;
use crate::number;
use crate::scan;
use crate::text;

/// The type of a [`Value`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `null`, and also the kind of a value that does not exist.
    Null,
    /// `false`
    False,
    /// A number.
    Number,
    /// A string.
    String,
    /// `true`
    True,
    /// An object or array.
    Json,
}

/// A value found in a document, or the fact that there is none.
///
/// It borrows from the document wherever it can; modifiers and multipaths make new text. `Debug` shows kind
/// and size only, for the content may be a secret.
#[derive(Clone)]
pub struct Value<'j> {
    kind: Kind,
    raw: Cow<'j, [u8]>,
    open: bool,
}

impl<'j> Value<'j> {
    pub(crate) const ABSENT: Self = Self {
        kind: Kind::Null,
        raw: Cow::Borrowed(b""),
        open: false,
    };

    /// Takes a whole document as a value, as gjson's `Parse` does. An object or array keeps everything up to
    /// the end of the text, later documents included.
    pub fn parse(json: &'j [u8]) -> Self {
        Token::parse(json).map_or(Self::ABSENT, |(token, _)| token.into())
    }

    /// Whether there is a value. JSON `null` exists.
    pub fn exists(&self) -> bool {
        self.kind != Kind::Null || !self.raw.is_empty()
    }

    /// The type of the value.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The JSON text of the value exactly as written; empty if there is no value.
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// The value as text, gjson's `String()`: strings unquoted, integers as written, other numbers as the
    /// shortest decimal that reads back the same, `null` and absent empty, anything else as raw JSON.
    ///
    /// The bytes are UTF-8 if the document is.
    pub fn text(&self) -> Cow<'_, [u8]> {
        self.token().text()
    }

    /// Whether this is a JSON object.
    pub fn is_object(&self) -> bool {
        self.token().is_object()
    }

    /// Whether this is a JSON array.
    pub fn is_array(&self) -> bool {
        self.token().is_array()
    }

    /// The same value without its tie to the document.
    pub fn into_owned(self) -> Value<'static> {
        Value {
            raw: Cow::Owned(self.raw.into_owned()),
            ..self
        }
    }

    pub(crate) fn into_raw(self) -> Cow<'j, [u8]> {
        self.raw
    }

    pub(crate) fn made(json: Vec<u8>) -> Self {
        Self {
            kind: Kind::Json,
            raw: Cow::Owned(json),
            open: false,
        }
    }

    pub(crate) fn count(n: usize) -> Self {
        Self {
            kind: Kind::Number,
            raw: Cow::Owned(n.to_string().into_bytes()),
            open: false,
        }
    }

    pub(crate) fn token(&self) -> Token<'_> {
        Token {
            kind: self.kind,
            raw: &self.raw,
            open: self.open,
        }
    }
}

impl fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Value")
            .field("kind", &self.kind)
            .field("len", &self.raw.len())
            .finish_non_exhaustive()
    }
}

impl<'j> From<Token<'j>> for Value<'j> {
    fn from(token: Token<'j>) -> Self {
        Self {
            kind: token.kind,
            raw: Cow::Borrowed(token.raw),
            open: token.open,
        }
    }
}

/// A value that lies in a document as it is.
#[derive(Clone, Copy)]
pub(crate) struct Token<'j> {
    pub(crate) kind: Kind,
    pub(crate) raw: &'j [u8],
    /// A string that lacks its closing quote.
    open: bool,
}

impl<'j> Token<'j> {
    pub(crate) fn new(kind: Kind, raw: &'j [u8]) -> Self {
        Self {
            kind,
            raw,
            open: false,
        }
    }

    /// The value a text starts with, and where. None if it starts with nothing that looks like JSON.
    pub(crate) fn parse(json: &'j [u8]) -> Option<(Self, usize)> {
        let start = json.iter().position(|&b| b > b' ')?;
        let token = match json[start] {
            b'{' | b'[' => Self::new(Kind::Json, &json[start..]),
            b'"' => match scan::string_end(json, start + 1) {
                Some(end) => Self::new(Kind::String, &json[start..end]),
                None => Self {
                    kind: Kind::String,
                    raw: &json[start..],
                    open: true,
                },
            },
            _ => {
                let (kind, end) = scan::bare(json, start)?;
                Self::new(kind, &json[start..end])
            }
        };
        Some((token, start))
    }

    pub(crate) fn exists(self) -> bool {
        self.kind != Kind::Null || !self.raw.is_empty()
    }

    pub(crate) fn is_object(self) -> bool {
        self.kind == Kind::Json && self.raw.first() == Some(&b'{')
    }

    pub(crate) fn is_array(self) -> bool {
        self.kind == Kind::Json && self.raw.first() == Some(&b'[')
    }

    /// See [`Value::text`].
    pub(crate) fn text(self) -> Cow<'j, [u8]> {
        match self.kind {
            Kind::Null => Cow::Borrowed(b""),
            Kind::False => Cow::Borrowed(b"false"),
            Kind::True => Cow::Borrowed(b"true"),
            Kind::Json => Cow::Borrowed(self.raw),
            Kind::Number => number::text(self.raw),
            Kind::String => text::unescape(self.inner()),
        }
    }

    /// The content between the quotes of a string.
    fn inner(self) -> &'j [u8] {
        let inner = self.raw.get(1..).unwrap_or_default();
        if self.open {
            inner
        } else {
            &inner[..inner.len().saturating_sub(1)]
        }
    }

    /// The number; zero where the text is none.
    pub(crate) fn number(self) -> f64 {
        number::parse(self.raw)
    }

    /// gjson's `Int()`: what is no integer is cut off or zero.
    pub(crate) fn integer(self) -> i64 {
        match self.kind {
            Kind::True => 1,
            Kind::Number => number::integer(self.raw),
            Kind::String => number::digits(&self.text()).unwrap_or(0),
            Kind::Null | Kind::False | Kind::Json => 0,
        }
    }

    /// gjson's `Bool()`.
    pub(crate) fn truth(self) -> bool {
        match self.kind {
            Kind::True => true,
            Kind::String => text::parse_bool(&self.text()) == Some(true),
            Kind::Number => number::nonzero(self.number()),
            Kind::Null | Kind::False | Kind::Json => false,
        }
    }

    /// The members of an object or the elements of an array; nothing for any other value.
    pub(crate) fn entries(self) -> Entries<'j> {
        Entries::of(if self.kind == Kind::Json { self.raw } else { b"" })
    }
}
