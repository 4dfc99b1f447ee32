//! Why a template cannot be parsed or rendered.

use std::fmt;

use crate::message::Message;
use crate::unicode::quote;

/// Why a template cannot be parsed or rendered, with the words of Go's `text/template`.
///
/// Shown in full it may quote the template, but never the data. Where templates are secret themselves, use
/// [`without_excerpts`](Self::without_excerpts).
///
/// ```
/// use lockstep_gotemplate::{ErrorKind, Options, Template};
///
/// let error = Template::parse("greeting", "Hello\n{{ .name | shout }}", &Options::default()).unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::Parse);
/// assert_eq!(error.line(), 2);
/// assert_eq!(error.to_string(), r#"template: greeting:2: function "shout" not defined"#);
/// assert_eq!(error.without_excerpts(), "parse error in line 2: function … not defined");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Error(Box<Inner>);

#[derive(Clone, PartialEq, Eq)]
struct Inner {
    template: String,
    line: usize,
    /// Where a template failed while it was executed.
    place: Option<Place>,
    message: Message,
}

#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// In bytes from 0.
    pub(crate) column: usize,
    /// The name of the part that was executed: what `define` or `block` gave it, or the template's own.
    pub(crate) part: Box<[u8]>,
    /// What was executed, as it is written.
    pub(crate) node: Vec<u8>,
}

/// What was being done.
///
/// ```
/// use lockstep_gotemplate::{ErrorKind, Options, Template};
///
/// let error = Template::parse("t", "{{ end }}", &Options::default()).unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::Parse);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The text is no template.
    Parse,
    /// It is one, but not for this data.
    Execute,
}

impl Error {
    pub(crate) fn parse(template: &str, line: usize, message: Message) -> Self {
        Self::new(template, line, None, message)
    }

    pub(crate) fn execute(template: &str, line: usize, place: Place, message: Message) -> Self {
        Self::new(template, line, Some(place), message)
    }

    fn new(template: &str, line: usize, place: Option<Place>, message: Message) -> Self {
        Self(Box::new(Inner {
            template: template.to_owned(),
            line,
            place,
            message,
        }))
    }

    /// Whether it is the text or the data that is wrong.
    pub fn kind(&self) -> ErrorKind {
        match self.0.place {
            None => ErrorKind::Parse,
            Some(_) => ErrorKind::Execute,
        }
    }

    /// Counted from 1.
    pub fn line(&self) -> usize {
        self.0.line
    }

    /// Where in the line, in bytes from 0. Parse errors know their line only.
    pub fn column(&self) -> Option<usize> {
        self.0.place.as_ref().map(|place| place.column)
    }

    /// The message, but nothing in it is quoted from the template, nor the template's name.
    pub fn without_excerpts(&self) -> String {
        let reason = &self.0.message.bare;
        match &self.0.place {
            None => format!("parse error in line {}: {reason}", self.0.line),
            Some(place) => format!("error in line {}, column {}: {reason}", self.0.line, place.column),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner {
            template,
            line,
            place,
            message,
        } = &*self.0;
        write!(f, "template: {template}:{line}")?;
        if let Some(place) = place {
            let node = String::from_utf8_lossy(&place.node);
            write!(
                f,
                ":{}: executing {} at <{node}>",
                place.column,
                quote(&place.part)
            )?;
        }
        write!(f, ": {}", message.full)
    }
}

/// As [`without_excerpts`](Error::without_excerpts).
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Error").field(&self.without_excerpts()).finish()
    }
}

impl std::error::Error for Error {}
