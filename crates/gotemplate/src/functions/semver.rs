//! Semantic versions.

use super::Function;

/// `semver.Version`
pub(crate) struct Version {}

pub(super) const TABLE: &[Function] = &[];
