//! Everything that runs templates, with templates read from where they are kept.

use super::gather::Subject;
use super::report;
use crate::controller::Context;
use crate::controller::templates::{self, Template};
use crate::engine::collect::{self, Collected, Found, Want};
use crate::engine::condition::{Failure, Stage};
use crate::engine::problem::Problem;
use crate::engine::render::{self, Made, Recipe, Renderer};
use crate::engine::values::Values;

/// Merges the answers; rewrites may have templates in them.
pub async fn collect(
    context: &Context,
    subject: &Subject,
    wants: &[Want],
    answers: Vec<Result<Found, Problem>>,
) -> Result<Collected, Box<Failure>> {
    let work = |renderer: &mut Renderer| collect::collect(&subject.spec, wants, answers, renderer);
    let collected = run(context, subject, work).await;
    let collected = collected.map_err(|problem| Failure::new(Stage::Fetch, problem))?;
    collected.map_err(report::fetch_failure)
}

async fn run<T>(
    context: &Context,
    subject: &Subject,
    work: impl FnOnce(&mut Renderer) -> T,
) -> Result<T, Problem> {
    let runs_templates = render::runs_templates(&subject.spec);
    context.rendering.run(subject.now, runs_templates, work).await
}

/// What the target is to be, and what the templates were read from.
pub async fn render(
    context: &Context,
    subject: &Subject,
    values: Values,
) -> Result<(Made, Vec<Template>), Problem> {
    let wanted = render::sources(&subject.spec);
    let (sources, templates) = templates::fetch(context, &subject.key.namespace, &wanted).await?;
    let recipe = Recipe {
        spec: &subject.spec,
        labels: &subject.labels,
        annotations: &subject.annotations,
        sources: &sources,
    };
    let made = run(context, subject, |renderer| {
        render::render(renderer, &recipe, values)
    })
    .await?;
    Ok((made?, templates))
}
