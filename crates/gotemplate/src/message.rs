//! What an error says, once in full and once without what it quotes.

use std::borrow::Cow;

/// A text with excerpts of the template in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Message {
    /// Go's text.
    pub(crate) full: String,
    /// The same with each excerpt replaced by an ellipsis.
    pub(crate) bare: String,
}

impl Message {
    pub(crate) fn new(text: &str) -> Self {
        Self::default().says(text)
    }

    pub(crate) fn says(mut self, text: &str) -> Self {
        self.full.push_str(text);
        self.bare.push_str(text);
        self
    }

    /// Something that stands in the template.
    pub(crate) fn quotes(mut self, excerpt: &str) -> Self {
        self.full.push_str(excerpt);
        self.bare.push('…');
        self
    }
}

impl From<&str> for Message {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<Cow<'_, str>> for Message {
    fn from(text: Cow<'_, str>) -> Self {
        Self::new(&text)
    }
}

impl From<String> for Message {
    fn from(text: String) -> Self {
        Self::new(&text)
    }
}
