//! PushSecret: what is in Secrets, or made by a generator, goes into stores.

mod act;
mod audit;
mod gather;
mod generated;
mod hold;
mod links;
mod memory;
mod plan;
mod preview;
mod prune;
mod release;
mod report;
mod source;
mod wakes;

use std::sync::Arc;

use tokio::time::Instant;
use tracing::debug;

use self::gather::{Gathered, Subject};
use self::links::Links;
use self::memory::Memory;
use self::plan::Plan;
use self::report::Ended;
use super::lent::Lives;
use super::{Context, next};
use crate::cluster::PushSecrets;
use crate::engine::object::ObjectKey;
use crate::engine::problem::Problem;
use crate::engine::push::{self, Due, Round};
use crate::queue::Next;
use crate::telemetry::Kind;
use crate::traces;

pub use self::preview::{Fate, Outlook, Place, preview};
pub use self::report::Failure;
pub use self::wakes::{Queues, Wakes};

/// What the turns share.
#[derive(Debug, Default)]
struct Shared {
    links: Links,
    memory: Memory,
    /// Of what generators lent.
    lives: Lives,
}

/// One turn of one PushSecret.
async fn reconcile(context: Context, shared: Arc<Shared>, key: ObjectKey) -> Next {
    let started = Instant::now();

    // What is it, and has it been told that it must not go before its work is undone? From memory.
    let mut subject = match gather::gather(&context, &shared, &key) {
        Gathered::Subject(subject) => *subject,
        Gathered::Broken { object, fault } => return report::broken(&context, &key, &object, &fault).await,
        Gathered::Terminating(object) => return release::release(&context, &shared, &key, &object).await,
        Gathered::Gone => return report::gone(&context, &shared, &key),
    };
    let labels = subject.object.metadata.labels.as_ref();
    context.metrics.labelled(Kind::PushSecret, &key, labels);
    if let Some(next) = release::settle(&context, &subject).await {
        return next;
    }

    // Is it time? Pure, once what was lent is looked after.
    subject.loan = generated::tend(&context, &shared.lives, &subject).await;
    let round = match push::due(&subject.facts()) {
        Due::Now(round) => round,
        Due::At(time) => return report::at_rest(&context, &subject, next::until(&context, time)).await,
        Due::Never => return report::at_rest(&context, &subject, Next::WhenWoken).await,
    };
    debug!(push_secret = %key, ?round, "due");
    if let Some(unused) = shared.memory.begin(&subject, round) {
        generated::abandon(&context, &shared, &subject, &unused).await;
    }

    // Read, plan, push, delete; then tell what was really done.
    let ended = sync(&context, &shared, &subject, round).await;
    if matches!(ended, Ended::Synced { .. }) {
        generated::settle(&context, &shared, &subject).await;
    }
    subject.loan = shared.lives.next(&key, subject.now);
    context.metrics.took(Kind::PushSecret, &key, started.elapsed());
    traces::step("report", report::report(&context, &shared, &subject, ended)).await
}

async fn sync(context: &Context, shared: &Shared, subject: &Subject, round: Round) -> Ended {
    match traces::step("plan", plan::plan(context, shared, subject, round)).await {
        Ok(Plan::Push(jobs)) => {
            let pushed = traces::step("push", act::push(context, &shared.memory, subject, jobs)).await;
            traces::step("delete", prune::prune(context, subject, round, pushed)).await
        }
        Ok(Plan::SourceGone) if round.deletes => prune::clean_up(context, subject).await,
        // Whoever takes its place is seen, and what is deleted waits for the refresh.
        Ok(Plan::SourceGone) => Ended::Unchanged,
        Ok(Plan::NotOurs) => Ended::NotOurs,
        Err(failure) => Ended::Failed {
            failure,
            synced: None,
        },
    }
}

/// What a cluster has for PushSecrets; a folder has none.
fn served(context: &Context) -> Result<&dyn PushSecrets, Problem> {
    context.cluster.pushes().ok_or_else(|| Problem::NotSupported {
        what: "PushSecret, which needs a cluster,".to_owned(),
    })
}

#[cfg(test)]
mod fence_tests;
