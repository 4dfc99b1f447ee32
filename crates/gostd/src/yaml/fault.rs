//! Why a text is no YAML, or none that JSON could say.

use thiserror::Error;

use super::MAX_DEPTH;

/// Shown, it is Go's own text as far as that tells nothing of the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Fault {
    #[error("error converting YAML to JSON: yaml: {}{problem}", Where(*line))]
    Malformed {
        problem: &'static str,
        /// Zero is nowhere.
        line: usize,
    },
    #[error("error converting YAML to JSON: yaml: unknown anchor referenced")]
    UnknownAnchor,
    #[error("error converting YAML to JSON: yaml: anchor value contains itself")]
    Endless,
    #[error("error converting YAML to JSON: yaml: document contains excessive aliasing")]
    TooManyAliases,
    #[error("error converting YAML to JSON: yaml: cannot decode {found} as a {tag}")]
    Mistagged { found: &'static str, tag: &'static str },
    #[error("error converting YAML to JSON: yaml: !!binary value contains invalid base64 data")]
    Base64,
    #[error("error converting YAML to JSON: yaml: map merge requires map or sequence of maps as the value")]
    Merge,
    #[error("error converting YAML to JSON: yaml: invalid map key")]
    NestedKey,
    #[error("error converting YAML to JSON: unsupported map key of type: {0}")]
    Key(&'static str),
    #[error("error converting YAML to JSON: json: unsupported value: {0}")]
    NotFinite(&'static str),
    #[error(
        "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {found} into Go value of type {wanted}"
    )]
    Misfit {
        found: &'static str,
        wanted: &'static str,
    },
    #[error("nested more than {MAX_DEPTH} deep")]
    TooDeep,
    #[error("aliases repeat more text than fits")]
    TooLarge,
}

impl Fault {
    /// Whether it is a limit of ours, which Go does not have.
    pub fn is_limit(&self) -> bool {
        matches!(self, Self::TooDeep | Self::TooLarge)
    }

    pub(super) fn malformed(problem: &'static str) -> Self {
        Self::Malformed { problem, line: 0 }
    }
}

struct Where(usize);

impl std::fmt::Display for Where {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            0 => Ok(()),
            line => write!(f, "line {line}: "),
        }
    }
}
