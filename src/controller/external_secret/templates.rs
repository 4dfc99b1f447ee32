//! Renders, with templates read from where they are kept.

use futures::future::try_join_all;

use super::gather::Subject;
use super::memory::Template;
use crate::cluster::Document;
use crate::controller::Context;
use crate::engine::object::{DocumentKind, ObjectKey, ObjectRef};
use crate::engine::problem::Problem;
use crate::engine::render::{self, Rendered, Sources};
use crate::engine::values::Values;

/// What the target is to be, and what the templates were read from.
pub async fn render(
    context: &Context,
    subject: &Subject,
    values: Values,
) -> Result<(Rendered, Vec<Template>), Problem> {
    let (sources, templates) = fetch(context, subject).await?;
    let rendered = render::render(
        &subject.spec,
        &subject.labels,
        &subject.annotations,
        &sources,
        values,
    )?;
    Ok((rendered, templates))
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
