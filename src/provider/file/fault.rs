//! Why there is nothing to be had under a name.

use super::beneath::Trouble;
use crate::engine::problem::Problem;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    IsFolder,
    TooDeep,
    TooLarge,
    Trouble(Trouble),
}

impl Fault {
    /// There may be more behind it than can be seen.
    pub(super) fn hides(self) -> bool {
        match self {
            Self::TooDeep | Self::Trouble(Trouble::Forbidden | Trouble::Escapes | Trouble::Failed(_)) => true,
            Self::IsFolder | Self::TooLarge | Self::Trouble(Trouble::Missing | Trouble::Special) => false,
        }
    }

    /// `what` is the name, as the user has it.
    pub(super) fn problem(self, what: &str) -> Problem {
        let unusable = |why: &str| Problem::BadData {
            why: format!("{what}: {why}"),
        };
        match self {
            Self::IsFolder => unusable("is a folder; name a file in it, or use find"),
            Self::TooDeep => unusable("is more than 16 folders deep"),
            Self::TooLarge => unusable("is larger than 1 MiB"),
            Self::Trouble(Trouble::Escapes) => unusable("leads out of the --file-provider-root by a link"),
            Self::Trouble(Trouble::Special) => unusable("is neither a file nor a folder"),
            Self::Trouble(Trouble::Missing) => Problem::Absent { key: what.to_owned() },
            Self::Trouble(Trouble::Forbidden) => Problem::Refused {
                what: what.to_owned(),
                why: "lockstep's user has no permission to read it".to_owned(),
            },
            Self::Trouble(Trouble::Failed(errno)) => Problem::Unreachable {
                what: what.to_owned(),
                why: format!("cannot be read: {errno}"),
            },
        }
    }
}
