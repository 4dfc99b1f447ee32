use std::fmt;

use crate::limit::LimitError;

/// Why a document could not be changed. It is then to be used as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SetError {
    /// The path is empty.
    EmptyPath,
    /// A value can only be deleted by a plain path, without wildcards, queries, pipes and modifiers.
    ComplexDelete,
    /// A name was used where the document has an array.
    NotAnIndex(String),
    /// The change would cost too much.
    Limit(LimitError),
    /// The array would have to be filled up beyond [`MAX_FILLED_ARRAY`](crate::MAX_FILLED_ARRAY).
    ArrayTooLong,
}

impl fmt::Display for SetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EmptyPath => f.write_str("path cannot be empty"),
            Self::ComplexDelete => f.write_str("cannot delete value from a complex path"),
            Self::NotAnIndex(key) => write!(f, "cannot set array element for non-numeric key '{key}'"),
            Self::Limit(_) => f.write_str("cannot change the document within its limits"),
            Self::ArrayTooLong => f.write_str("array index is too large"),
        }
    }
}

impl std::error::Error for SetError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Limit(limit) => Some(limit),
            Self::EmptyPath | Self::ComplexDelete | Self::NotAnIndex(_) | Self::ArrayTooLong => None,
        }
    }
}

impl From<LimitError> for SetError {
    fn from(limit: LimitError) -> Self {
        Self::Limit(limit)
    }
}
