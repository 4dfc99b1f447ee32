//! The mark on everything that is pushed, which is ESO's. What is without it is somebody else's: it is neither
//! overwritten nor deleted.

use crate::engine::problem::Problem;

pub(super) const KEY: &str = "managed-by";
pub(super) const OURS: &str = "external-secrets";

/// What a push meets at somebody else's; in ESO's words, for they end up in a condition.
pub(super) fn missing() -> Problem {
    Problem::BadData {
        why: "secret not managed by external-secrets".to_owned(),
    }
}
