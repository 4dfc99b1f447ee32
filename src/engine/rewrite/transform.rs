//! Rendering each key with a template.

use lockstep_api::external_secret::RewriteTransform;

use crate::engine::problem::Problem;
use crate::engine::values::Values;

/// Needs the template engine, which is not here yet.
pub(super) fn apply(_: &RewriteTransform, _: Values) -> Result<Values, Problem> {
    Err(Problem::NotSupported {
        what: "rewrite.transform".to_owned(),
    })
}
