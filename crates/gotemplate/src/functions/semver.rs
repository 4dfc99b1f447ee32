//! Semantic versions.

use super::Function;

/// `semver.Version`
pub(crate) struct Version {}

impl Version {
    /// Go's `Version.String`.
    pub(crate) fn display(&self) -> String {
        String::new()
    }
}

pub(super) const TABLE: &[Function] = &[];
