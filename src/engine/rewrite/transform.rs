//! Rendering each key with a template.

use lockstep_api::external_secret::RewriteTransform;

use crate::engine::problem::Problem;
use crate::engine::render::{Renderer, as_text};
use crate::engine::values::Values;

/// Where two keys become the same, the one that stands later in sorted order wins. (In ESO chance decides.)
pub(super) fn apply(
    operation: &RewriteTransform,
    values: Values,
    renderer: &mut Renderer,
) -> Result<Values, Problem> {
    let renamed = values.into_iter().map(|(key, value)| {
        let renamed = renderer
            .rewrite(&operation.template, &key)
            .map_err(|why| Problem::BadData {
                why: format!("transform failed with {why}"),
            })?;
        Ok((as_text(&renamed), value))
    });
    renamed.collect()
}
