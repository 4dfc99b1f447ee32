//! What templates are read from.

use std::collections::BTreeSet;

use futures::future::try_join_all;

use super::Context;
use super::following::Version;
use crate::cluster::Document;
use crate::engine::object::{DocumentKind, ObjectKey, ObjectRef};
use crate::engine::problem::Problem;
use crate::engine::render::Sources;

/// An object that a template was read from, and its version then.
pub type Template = (ObjectRef, Version);

/// Reads the objects of a namespace that hold templates.
pub async fn fetch(
    context: &Context,
    namespace: &str,
    wanted: &BTreeSet<(DocumentKind, String)>,
) -> Result<(Sources, Vec<Template>), Problem> {
    let reads = wanted
        .iter()
        .map(|(kind, name)| read(context, namespace, *kind, name));
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
    namespace: &str,
    kind: DocumentKind,
    name: &str,
) -> Result<(ObjectRef, Document), Problem> {
    let key = ObjectKey::new(namespace, name);
    let object = ObjectRef::namespaced(kind.name(), &key);
    let found = match context.cluster.document(kind, &key).await {
        Ok(Some(document)) => return Ok((object, document)),
        Ok(None) => Problem::ReferenceMissing { object },
        Err(problem) => problem,
    };
    Err(found.at("error fetching templateFrom data"))
}
