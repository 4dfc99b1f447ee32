//! ExternalSecret: fetch what it asks for, and keep its target in step.

mod act;
mod audit;
mod fetch;
mod gather;
mod guard;
mod keep;
mod loans;
mod memory;
mod preview;
mod recipes;
mod release;
mod report;
mod sources;
mod standing;
mod target;
mod templates;

use std::sync::Arc;

use tokio::time::Instant;
use tracing::debug;

use self::act::Done;
use self::fetch::Fetched;
use self::gather::{Gathered, Subject};
use self::loans::Book;
use self::memory::Left;
use self::recipes::Recipes;
use super::{Context, next};
use crate::engine::collect::{Entry, Want};
use crate::engine::condition::{Failure, Stage};
use crate::engine::due::Due;
use crate::engine::object::ObjectKey;
use crate::engine::render::Made;
use crate::engine::{collect, due};
use crate::queue::Next;
use crate::telemetry::Kind;
use crate::traces;

pub use self::act::Foresight;
pub use self::memory::Memory;
pub use self::preview::{NextSync, Outlook, Preview, preview};
pub use self::target::View;

/// One turn of one ExternalSecret.
pub async fn reconcile(context: Context, memory: Arc<Memory>, key: ObjectKey) -> Next {
    let started = Instant::now();

    // What is it, and does it concern us? From memory.
    let mut subject = match traces::step("gather", gather::gather(&context, &memory, &key)).await {
        Gathered::Subject(subject) => *subject,
        Gathered::Unseen(subject, failure) => {
            context.metrics.synced(&key, true, started.elapsed());
            return report::report(&context, &memory, &subject, Err(failure)).await;
        }
        Gathered::Broken { object, fault } => return report::broken(&context, &key, &object, fault).await,
        Gathered::Terminating(object) => return release::release(&context, &key, &object).await,
        Gathered::NotOurs => {
            // Whoever serves it tells of it.
            context.metrics.forget(Kind::ExternalSecret, &key);
            return Next::WhenWoken;
        }
        Gathered::Gone => return report::gone(&context, &memory, &key),
    };

    let labels = subject.object.metadata.labels.as_ref();
    context.metrics.labelled(Kind::ExternalSecret, &key, labels);

    // Is it time? Pure, but for a look where a mistake would cost a generated value.
    if keep::look_again(&context, &mut subject).await.is_err() {
        return Next::Backoff;
    }
    subject.loan = loans::tend(&context, &memory.lives, &subject).await;
    match due::due(&subject.facts()) {
        Due::Now(cause) => debug!(external_secret = %key, ?cause, "due"),
        Due::At(time) => {
            let next = next::until(&context, time);
            return report::at_rest(&context, &memory, &subject, next).await;
        }
        Due::Never => return report::at_rest(&context, &memory, &subject, Next::WhenWoken).await,
    }
    if subject.waits_for_store(&context) {
        return next::no_later_than(&context, subject.loan, Next::WhenWoken);
    }

    // Its generators are not in memory; whom they are for is only known now.
    let wants = collect::wants(&subject.spec, &subject.key.namespace);
    let recipes = recipes::look_up(&context, &subject, &wants).await;
    if !recipes.are_served_by(&context.rules.class) {
        return Next::WhenWoken;
    }

    // Has it been done, and only not been told?
    if let Some(untold) = keep::traces_of_first_sync(&subject) {
        return report::remember_and_tell(&context, &memory, &subject, untold, Left::default()).await;
    }

    // Fetch, plan and act; then tell what was really done.
    let result = sync(&context, &memory, &subject, &wants, &recipes).await;
    subject.loan = result.as_ref().map_or(subject.loan, |done| done.loan);
    let failed = result.as_ref().is_err_and(|failure| !failure.is_not_modified());
    context.metrics.synced(&key, failed, started.elapsed());
    traces::step("report", report::report(&context, &memory, &subject, result)).await
}

/// Reads from backends, decides purely what to write, and writes it.
async fn sync(
    context: &Context,
    memory: &Memory,
    subject: &Subject,
    wants: &[Want],
    recipes: &Recipes,
) -> Result<Done, Box<Failure>> {
    let book = Book::open(context, subject, wants);
    let done = sync_with(context, memory, subject, (wants, recipes), &book).await;
    // What was made elsewhere is kept with the target, or not at all.
    match done {
        Ok(done) => {
            let loan = book.keep(context, &memory.lives, subject).await;
            Ok(Done { loan, ..done })
        }
        Err(failure) => {
            book.discard(context, &memory.lives, subject).await;
            Err(failure)
        }
    }
}

async fn sync_with(
    context: &Context,
    memory: &Memory,
    subject: &Subject,
    (wants, recipes): (&[Want], &Recipes),
    book: &Book,
) -> Result<Done, Box<Failure>> {
    let fetched = traces::step("fetch", fetch::fetch(context, subject, (wants, recipes), book)).await;
    let composed = traces::step("plan", compose(context, memory, subject, wants, fetched)).await?;
    let recorded = book.record(&memory.lives, subject, &composed.made).await;
    recorded.map_err(|problem| Failure::new(Stage::Write, problem))?;
    let done = act::act(context, subject, composed.made, composed.nothing_found);
    let done = traces::step("act", done).await?;
    let left = Left {
        marks: done.left.marks,
        ..composed.left
    };
    Ok(Done { left, ..done })
}

/// What the answers come to.
struct Composed {
    made: Made,
    nothing_found: bool,
    missing: Vec<Entry>,
    left: Left,
}

/// Merges the answers, holds back what is not believable, and renders the rest.
async fn compose(
    context: &Context,
    memory: &Memory,
    subject: &Subject,
    wants: &[Want],
    Fetched { answers, sources }: Fetched,
) -> Result<Composed, Box<Failure>> {
    let collected = templates::collect(context, subject, wants, answers).await?;
    report::announce_missing(context, subject, &collected.missing);
    if let Err(problem) = guard::check(context, memory, subject, &collected, &sources) {
        audit::wrote(context, subject, None, Err(&problem));
        return Err(Failure::new(Stage::Fetch, problem));
    }
    let fetched = guard::shape(subject, &collected);
    let nothing_found = collected.values.is_empty();
    let (made, templates) = templates::render(context, subject, collected.values)
        .await
        .map_err(|problem| Failure::new(Stage::Render, problem))?;
    Ok(Composed {
        made,
        nothing_found,
        missing: collected.missing,
        left: Left {
            templates,
            sources,
            fetched,
            ..Left::default()
        },
    })
}
