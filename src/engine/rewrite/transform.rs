//! Rendering each key with a template.

use lockstep_api::external_secret::RewriteTransform;
use lockstep_gostd::unicode::lossy;

use crate::engine::problem::Problem;
use crate::engine::render::Renderer;
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
        Ok((lossy(&renamed).into_owned(), value))
    });
    renamed.collect()
}
