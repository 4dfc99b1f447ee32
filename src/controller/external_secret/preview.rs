//! What the next sync would do, by the same steps as the sync itself, up to the point where it would act.

use std::sync::Arc;

use lockstep_api::{ExternalSecret, ExternalSecretSpec, Fault};

use super::act::{self, Foresight};
use super::gather::{self, Gathered, Subject};
use super::loans::Book;
use super::memory::Memory;
use super::recipes::{self, Recipes};
use super::{compose, fetch, target};
use crate::controller::Context;
use crate::engine::collect::{self, Ask, Entry, Want};
use crate::engine::condition::{Failure, Sort};
use crate::engine::due::{self, Due};
use crate::engine::object::{ObjectKey, ObjectRef};
use crate::engine::render;

/// What becomes of an ExternalSecret.
#[derive(Debug)]
pub enum Outlook {
    Preview(Box<Preview>),
    Broken(Fault),
    Terminating,
    /// Another instance of lockstep serves it.
    NotOurs,
    Gone,
}

#[derive(Debug)]
pub struct Preview {
    pub object: Arc<ExternalSecret>,
    pub spec: ExternalSecretSpec,
    pub target: ObjectRef,
    pub sort: Sort,
    pub due: Due,
    pub sync: Result<NextSync, Box<Failure>>,
}

#[derive(Debug)]
pub struct NextSync {
    pub foresight: Foresight,
    /// Entries that are left out because their secret does not exist.
    pub missing: Vec<Entry>,
}

pub async fn preview(context: &Context, key: &ObjectKey) -> Outlook {
    let subject = match gather::gather(context, &Memory::default(), key).await {
        Gathered::Subject(subject) => subject,
        Gathered::Unseen(subject, failure) => return outlook(*subject, Err(failure)),
        Gathered::Broken { fault, .. } => return Outlook::Broken(fault),
        Gathered::Terminating(_) => return Outlook::Terminating,
        Gathered::NotOurs => return Outlook::NotOurs,
        Gathered::Gone => return Outlook::Gone,
    };
    let wants = collect::wants(&subject.spec, &subject.key.namespace);
    let recipes = recipes::look_up(context, &subject, &wants).await;
    if !recipes.are_served_by(&context.rules.class) {
        return Outlook::NotOurs;
    }
    let sync = sync(context, &subject, &wants, &recipes).await;
    outlook(*subject, sync)
}

fn outlook(subject: Subject, sync: Result<NextSync, Box<Failure>>) -> Outlook {
    Outlook::Preview(Box::new(Preview {
        due: due::due(&subject.facts()),
        target: target::reference(&subject),
        sort: subject.sort(),
        object: subject.object,
        spec: subject.spec,
        sync,
    }))
}

/// Generators and templates may make something else at each sync. What that is shows when all is made twice of the
/// same reads.
async fn sync(
    context: &Context,
    subject: &Subject,
    wants: &[Want],
    recipes: &Recipes,
) -> Result<NextSync, Box<Failure>> {
    let memory = Memory::default();
    let book = Book::glance(wants);
    let fetched = fetch::fetch(context, subject, (wants, recipes), &book).await;
    let composed = compose(context, &memory, subject, wants, fetched.clone()).await?;
    let generates = wants.iter().any(|want| matches!(want.ask, Ask::Generate { .. }));
    let again = if generates || render::runs_templates(&subject.spec) {
        let fetched = fetch::generate_anew(context, subject, (wants, recipes), &book, fetched).await;
        let again = compose(context, &memory, subject, wants, fetched).await?;
        Some(again.made)
    } else {
        None
    };
    let (made, nothing_found) = (&composed.made, composed.nothing_found);
    Ok(NextSync {
        foresight: act::foresee(context, subject, made, again.as_ref(), nothing_found).await?,
        missing: composed.missing,
    })
}
