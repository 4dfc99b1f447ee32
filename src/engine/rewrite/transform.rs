//! Rendering each key with a template.

use lockstep_api::external_secret::RewriteTransform;
use lockstep_gostd::unicode::lossy;

use crate::engine::problem::Problem;
use crate::engine::render::{Renderer, RewriteFault};
use crate::engine::values::Values;

/// Where two keys become the same, the one that stands later in sorted order wins. (In ESO chance decides.)
pub(super) fn apply(
    operation: &RewriteTransform,
    values: Values,
    renderer: &mut Renderer,
) -> Result<Values, Problem> {
    let renamed = values.into_iter().map(|(key, value)| {
        let renamed = renderer
            .rewrite("transform", &operation.template, &key)
            .map_err(|fault| Problem::BadData {
                why: match fault {
                    RewriteFault::Unparsed(why) => {
                        format!("transform failed with failed to parse template: {why}")
                    }
                    RewriteFault::Failed(why) => {
                        format!("transform failed with failed to execute template: {why}")
                    }
                },
            })?;
        Ok((lossy(&renamed).into_owned(), value))
    });
    renamed.collect()
}
