//! Semantic versions.

use super::Function;

/// `semver.Version`
#[derive(Default, PartialEq)]
pub(crate) struct Version {}

pub(super) const TABLE: &[Function] = &[];
