//! Why a function failed.

use std::borrow::Cow;

use crate::value::Text;

pub(crate) type Outcome<T = crate::value::Value> = Result<T, Fault>;

/// What a function says when it fails. **It never holds a value**: kinds, counts, positions and names of functions
/// only, for it ends up in conditions and logs.
#[derive(Clone)]
pub(crate) enum Fault {
    Says(Cow<'static, str>),
    /// The text that a template gave to `fail`. Shown only if it comes from the template alone.
    Chosen(Text),
}

impl Fault {
    pub(crate) fn new(message: impl Into<Cow<'static, str>>) -> Self {
        Self::Says(message.into())
    }
}

/// Without the text that a template chose.
impl std::fmt::Debug for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Says(message) => f.write_str(message),
            Self::Chosen(_) => f.write_str("Chosen"),
        }
    }
}
