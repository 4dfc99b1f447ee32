//! Why a path leads nowhere.

use thiserror::Error;

/// Why a path leads nowhere. The message may quote the path, and quotes nothing of the document.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Error {
    /// It is no path.
    #[error("parsing error: {why} at byte {at}")]
    Parse {
        /// What is wrong.
        why: &'static str,
        /// Where the path stopped making sense.
        at: usize,
    },
    /// An object has no such key. The name is told if it stands in the path.
    #[error("unknown key{}", told(.name.as_deref()))]
    UnknownKey {
        /// As it stands in the path.
        name: Option<String>,
    },
    /// An array has no such element. The index is told if it stands in the path.
    #[error("index{} out of bounds", told(.index.map(|index| index.to_string()).as_deref()))]
    OutOfBounds {
        /// As it stands in the path.
        index: Option<i64>,
    },
    /// An array was asked for something that is no number.
    #[error("could not select value, invalid key: expected number but got{} ({found})", told(.name.as_deref()))]
    NotAnIndex {
        /// As it stands in the path.
        name: Option<String>,
        /// What it is, in Go's words.
        found: &'static str,
    },
    /// An object was asked for something that is no name.
    #[error("could not select value, invalid key: expected string but got {found}")]
    NotAName {
        /// What it is, in Go's words.
        found: &'static str,
    },
    /// Only arrays and objects can be asked for something in them.
    #[error(
        "unsupported value type {found} for select, expected map[string]interface{{}} or []interface{{}}"
    )]
    NotAContainer {
        /// What it is, in Go's words.
        found: &'static str,
    },
    /// Only a number has a negative.
    #[error("unexpected {found}, expected number")]
    NotANumber {
        /// What it is, in Go's words.
        found: &'static str,
    },
    /// A variable that is none.
    #[error("unknown parameter")]
    UnknownParameter,
    /// There are no functions.
    #[error("could not call a function: there are none")]
    NoFunction,
    /// It takes more than [`MAX_STEPS`](crate::MAX_STEPS).
    #[error("the path takes too many steps in this document")]
    TooManySteps,
}

impl Error {
    /// The message, but nothing in it is quoted from the path.
    pub fn without_excerpts(&self) -> String {
        let bare = match self {
            Self::UnknownKey { .. } => Self::UnknownKey { name: None },
            Self::OutOfBounds { .. } => Self::OutOfBounds { index: None },
            Self::NotAnIndex { found, .. } => Self::NotAnIndex { name: None, found },
            Self::Parse { .. }
            | Self::NotAName { .. }
            | Self::NotAContainer { .. }
            | Self::NotANumber { .. }
            | Self::UnknownParameter
            | Self::NoFunction
            | Self::TooManySteps => self.clone(),
        };
        bare.to_string()
    }
}

fn told(name: Option<&str>) -> String {
    name.map(|name| format!(" {name}")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_can_do_without_the_path() {
        let error = Error::NotAnIndex {
            name: Some("canary".to_owned()),
            found: "string",
        };
        let told = "could not select value, invalid key: expected number but got canary (string)";
        assert_eq!(error.to_string(), told);
        assert!(!error.without_excerpts().contains("canary"));
    }
}
