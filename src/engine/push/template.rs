//! `spec.template` of a PushSecret: what it makes comes on top of what the source has.

use lockstep_api::external_secret::Template;

use super::Source;
use crate::engine::problem::Problem;
use crate::engine::render::{self, Renderer, Sources};

/// The source itself stays as it is.
pub fn apply(
    renderer: &mut Renderer,
    template: &Template,
    sources: &Sources,
    source: Source,
) -> Result<Source, Problem> {
    let made = render::render_template(
        renderer,
        template,
        "spec.template",
        sources,
        source.values.clone(),
    );
    let made = made.map_err(|problem| problem.at("could not execute template"))?;
    let mut source = source;
    source.values.extend(made.values);
    source.about.labels.extend(made.labels);
    source.about.annotations.extend(made.annotations);
    // Also when the template names none.
    source.about.secret_type = made.secret_type;
    Ok(source)
}
