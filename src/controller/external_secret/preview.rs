//! What the next sync would do, by the same steps as the sync itself, up to the point where it would act.

use std::collections::BTreeSet;
use std::sync::Arc;

use lockstep_api::{ExternalSecret, ExternalSecretSpec, Fault};

use super::act::{self, Foresight};
use super::gather::{self, Gathered, Subject};
use super::loans::Book;
use super::memory::Memory;
use super::recipes::{self, Recipes};
use super::{Composed, compose, fetch};
use crate::controller::Context;
use crate::engine::collect::{self, Ask, Entry, Want};
use crate::engine::condition::Failure;
use crate::engine::due::{self, Due};
use crate::engine::object::ObjectKey;
use crate::engine::render::{self, Made};
use crate::engine::target::Digest;

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
    pub target: ObjectKey,
    pub due: Due,
    pub sync: Result<NextSync, Box<Failure>>,
}

#[derive(Debug)]
pub struct NextSync {
    pub foresight: Foresight,
    /// Keys that have another value at each sync: generators made them, or templates did.
    pub made_anew: BTreeSet<String>,
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
        object: subject.object,
        spec: subject.spec,
        target: subject.target,
        sync,
    }))
}

async fn sync(
    context: &Context,
    subject: &Subject,
    wants: &[Want],
    recipes: &Recipes,
) -> Result<NextSync, Box<Failure>> {
    let memory = Memory::default();
    let book = Book::glance(wants);
    let answers = fetch::fetch(context, subject, (wants, recipes), &book).await;
    let made = compose(context, &memory, subject, wants, answers.clone()).await?;
    let generates = wants.iter().any(|want| matches!(want.ask, Ask::Generate { .. }));
    let made_anew = if generates || render::runs_templates(&subject.spec) {
        let answers = fetch::generate_anew(context, subject, (wants, recipes), &book, answers).await;
        differing(&made, &compose(context, &memory, subject, wants, answers).await?)
    } else {
        BTreeSet::new()
    };
    Ok(NextSync {
        foresight: act::foresee(context, subject, &made.made, made.nothing_found).await?,
        made_anew,
        missing: made.missing,
    })
}

/// The keys that come out differently from the same reads.
fn differing(one: &Composed, other: &Composed) -> BTreeSet<String> {
    let (Made::Secret(one), Made::Secret(other)) = (&one.made, &other.made) else {
        return BTreeSet::new();
    };
    let (one, other) = (&one.values, &other.values);
    let differs = |key: &&String| one.get(*key).map(Digest::of) != other.get(*key).map(Digest::of);
    one.keys().chain(other.keys()).filter(differs).cloned().collect()
}
