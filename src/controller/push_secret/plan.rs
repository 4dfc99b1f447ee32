//! What is to be pushed, and where to.

use std::sync::Arc;

use lockstep_api::push_secret::{PushDeletionPolicy, PushRewrite, PushSecretSpec};

use super::gather::{self, Subject};
use super::memory::Ground;
use super::report::Failure;
use super::source::{self, Found};
use super::{Shared, generated};
use crate::cluster::Store;
use crate::controller::Context;
use crate::controller::templates::{self, Template};
use crate::engine::problem::Problem;
use crate::engine::push::{self, Entry, Round, Source};
use crate::engine::render;

#[derive(Debug)]
pub enum Plan {
    Push(Jobs),
    /// The source that is named does not exist, and what came of it is to go with it.
    SourceGone,
    /// Another instance of lockstep serves it.
    NotOurs,
}

#[derive(Debug)]
pub struct Jobs {
    pub jobs: Vec<Job>,
    /// Of stores that do not exist. They do not stop the others.
    pub missing: Vec<Problem>,
}

/// What goes to one store.
#[derive(Debug)]
pub struct Job {
    pub store: Arc<Store>,
    pub entries: Result<Vec<Entry>, Problem>,
}

/// Looks in ESO's order, because the first thing that is wrong is what is told.
pub async fn plan(
    context: &Context,
    shared: &Shared,
    subject: &Subject,
    round: Round,
) -> Result<Plan, Box<Failure>> {
    push::check_named(&subject.spec).map_err(Failure::plain)?;
    if let Some(jobs) = generated::nothing_to_make(context, subject).await? {
        let missing = Vec::new();
        return Ok(Plan::Push(Jobs { jobs, missing }));
    }
    let sources = match source::fetch(context, shared, subject).await {
        Ok(Found::Sources(sources)) => sources,
        Ok(Found::NotOurs) => return Ok(Plan::NotOurs),
        Ok(Found::Missing(_)) if !round.deletes || has_something_to_clean_up(subject) => {
            return Ok(Plan::SourceGone);
        }
        Ok(Found::Missing(_)) if push::is_source_deleted(&subject.status) => return Ok(Plan::SourceGone),
        Ok(Found::Missing(problem)) | Err(problem) => {
            return Err(Failure::of("could not get source secret", problem));
        }
    };
    let stores = gather::stores(context, subject).map_err(Failure::plain)?;
    if stores.ready.is_empty() {
        let missing = stores.missing.into_iter().next();
        return missing.map_or(Ok(Plan::NotOurs), |problem| Err(Failure::plain(problem)));
    }
    push::check_selectors(&subject.spec, &stores.ready).map_err(Failure::plain)?;
    let read = sources
        .iter()
        .map(|source| (source.name.clone(), source.version))
        .collect();
    shared.links.settle(&subject.key, &subject.sightings, &read);
    let (jobs, templates) = compose(context, subject, sources, stores.ready)
        .await
        .map_err(Failure::plain)?;
    let ground = Ground {
        sources: read,
        stores: jobs.iter().map(|job| job.store.key.clone()).collect(),
        templates,
    };
    shared.memory.grounded(subject, ground);
    let missing = stores.missing;
    Ok(Plan::Push(Jobs { jobs, missing }))
}

fn has_something_to_clean_up(subject: &Subject) -> bool {
    subject.spec.deletion_policy == PushDeletionPolicy::Delete
        && !subject.status.synced_push_secrets.is_empty()
}

/// Runs templates and rewrites: pure, but beside the async workers.
async fn compose(
    context: &Context,
    subject: &Subject,
    sources: Vec<Source>,
    stores: Vec<Arc<Store>>,
) -> Result<(Vec<Job>, Vec<Template>), Problem> {
    let spec = &subject.spec;
    let wanted = render::sources_of(spec.template.as_ref());
    let (documents, templates) = templates::fetch(context, &subject.key.namespace, &wanted).await?;
    let work = |renderer: &mut render::Renderer| {
        let sources = sources.into_iter().map(|mut source| {
            source.about.namespace.clone_from(&subject.key.namespace);
            match &spec.template {
                Some(template) => push::apply(renderer, template, &documents, source),
                None => Ok(source),
            }
        });
        let sources: Vec<Source> = sources.collect::<Result<_, _>>()?;
        let jobs = stores.into_iter().map(|store| Job {
            entries: push::entries(spec, &store, &sources, renderer),
            store,
        });
        Ok(jobs.collect())
    };
    let jobs: Result<Vec<Job>, Problem> = context
        .rendering
        .run(subject.now, runs_templates(spec), work)
        .await?;
    Ok((jobs?, templates))
}

fn runs_templates(spec: &PushSecretSpec) -> bool {
    let mut rewrites = spec.data_to.iter().flat_map(|entry| &entry.rewrite);
    spec.template.is_some() || rewrites.any(|rewrite| matches!(rewrite, PushRewrite::Transform(_)))
}
