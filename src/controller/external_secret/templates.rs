//! Everything that runs templates, with templates read from where they are kept.

use futures::future::try_join_all;

use super::gather::Subject;
use super::memory::Template;
use super::report;
use crate::cluster::Document;
use crate::controller::Context;
use crate::engine::collect::{self, Collected, Found, Want};
use crate::engine::condition::{Failure, Stage};
use crate::engine::object::{DocumentKind, ObjectKey, ObjectRef};
use crate::engine::problem::Problem;
use crate::engine::render::{self, Made, Recipe, Renderer, Sources};
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
    let (sources, templates) = fetch(context, subject).await?;
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

async fn fetch(context: &Context, subject: &Subject) -> Result<(Sources, Vec<Template>), Problem> {
    let wanted = render::sources(&subject.spec);
    let reads = wanted
        .iter()
        .map(|(kind, name)| read(context, subject, *kind, name));
    let mut sources = Sources::new();
    let mut templates = Vec::new();
    for (id, (object, document)) in wanted.iter().zip(try_join_all(reads).await?) {
        templates.push((object, Some(document.version)));
        sources.insert(id.clone(), document.values);
    }
    Ok((sources, templates))
}

async fn read(
    context: &Context,
    subject: &Subject,
    kind: DocumentKind,
    name: &str,
) -> Result<(ObjectRef, Document), Problem> {
    let key = ObjectKey::new(&subject.key.namespace, name);
    let object = ObjectRef::namespaced(kind.name(), &key);
    let found = match context.cluster.document(kind, &key).await {
        Ok(Some(document)) => return Ok((object, document)),
        Ok(None) => Problem::ReferenceMissing { object },
        Err(problem) => problem,
    };
    Err(found.at("error fetching templateFrom data"))
}
