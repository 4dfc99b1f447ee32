//! Semantic versions.

use super::Function;

/// `semver.Version`
#[derive(Default, PartialEq)]
pub(crate) struct Version {}

impl Version {
    /// Go's `Version.String`.
    pub(crate) fn display(&self) -> String {
        String::new()
    }
}

/// Methods of [`Version`].
pub(super) const METHODS: &[Function] = &[];

pub(super) const TABLE: &[Function] = &[];
