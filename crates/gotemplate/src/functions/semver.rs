//! Semantic versions.

use super::Function;

/// `semver.Version`
pub(crate) struct Version {}

/// Methods of [`Version`].
pub(super) const METHODS: &[Function] = &[];

pub(super) const TABLE: &[Function] = &[];
