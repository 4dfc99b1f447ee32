//! Tells what was done: at most one status write and few events, none of them when nothing is new.

use jiff::Timestamp;
use lockstep_api::external_secret::SourceFault;
use lockstep_api::{ConditionType, ExternalSecret, ExternalSecretStatus, Fault};
use tracing::{info, warn};

use super::Memory;
use super::act::{Done, Wrote, event};
use super::gather::Subject;
use super::memory::Left;
use super::sources::Source;
use super::standing;
use crate::cluster::Event;
use crate::controller::following::Follower;
use crate::controller::{Context, next};
use crate::engine::collect::{self, Entry, EntryFault};
use crate::engine::condition::{self, Failure, Sort, Stage, Stamp};
use crate::engine::due::{self, Due, Facts, Sources};
use crate::engine::fallback;
use crate::engine::object::{ObjectKey, ObjectRef};
use crate::engine::problem::Problem;
use crate::engine::render;
use crate::engine::untold::Untold;
use crate::queue::Next;
use crate::telemetry::Kind;

pub async fn report(
    context: &Context,
    memory: &Memory,
    subject: &Subject,
    result: Result<Done, Box<Failure>>,
) -> Next {
    follow(context, subject, &result);
    standing::tell_result(context, subject, &result);
    match result {
        Ok(done) => success(context, memory, subject, &done).await,
        Err(failure) if failure.is_conflict() => Next::Backoff,
        Err(failure) if failure.is_not_modified() => nothing_new(context, subject),
        Err(failure) => failed(context, subject, &failure).await,
    }
}

/// Looks again as soon as a template changes, or what the failure hangs on.
fn follow(context: &Context, subject: &Subject, result: &Result<Done, Box<Failure>>) {
    let follower = Follower::ExternalSecret(subject.key.clone());
    match result {
        Ok(done) => {
            let templates = done.left.templates.iter();
            let known = templates.map(|(object, version)| (object.clone(), Some(version.clone())));
            context.following.set(&follower, known);
        }
        Err(failure) => {
            let templates = render::sources(&subject.spec).into_iter();
            let templates = templates.map(|(kind, name)| {
                ObjectRef::namespaced(kind.name(), &ObjectKey::new(&subject.key.namespace, name))
            });
            let concerned = templates.chain(failure.problem.concerns());
            context
                .following
                .set(&follower, concerned.map(|object| (object, None)));
        }
    }
}

pub fn gone(context: &Context, memory: &Memory, key: &ObjectKey) -> Next {
    memory.forget(key);
    context.following.set(&Follower::ExternalSecret(key.clone()), []);
    context.metrics.forget(Kind::ExternalSecret, key);
    Next::Gone
}

/// A spec that could not be understood. Only an edit helps.
pub async fn broken(context: &Context, key: &ObjectKey, object: &ExternalSecret, fault: Fault) -> Next {
    let failure = Failure::new(Stage::Understand, Problem::BrokenSpec { fault });
    let stamp = context.stamp(object.metadata.generation.unwrap_or_default());
    let old = object.status.clone().unwrap_or_default();
    let status = condition::after_failure(&old, &stamp, Sort::Secret, &failure);
    announce_failure(
        context,
        key,
        object.metadata.uid.as_deref().unwrap_or_default(),
        Sort::Secret,
        &failure,
    );
    write(context, key, object, &old, &status)
        .await
        .unwrap_or_else(|| next::after(&failure.problem))
}

/// The first entry's problem is the object's; the others are told beside it.
pub fn fetch_failure(entries: Vec<EntryFault>) -> Box<Failure> {
    let problem = entries.first().map(|fault| fault.problem.clone());
    // That there is nothing new elsewhere does not make up for what failed.
    let real = entries.iter().find(|fault| !fault.problem.is_not_modified());
    let problem = real.map(|fault| fault.problem.clone()).or(problem);
    // Whoever calls has a fault in hand; an empty list would be a failure without a cause.
    let problem = problem.unwrap_or(Problem::BadData {
        why: "an entry failed without a cause".to_owned(),
    });
    let mut failure = Failure::new(Stage::Fetch, problem);
    failure.entries = entries;
    failure
}

/// Nothing to do, other than to tell what was done last where that failed. The metrics say how things stand all the
/// same: after a restart, nobody else has told them.
pub async fn at_rest(context: &Context, memory: &Memory, subject: &Subject, next: Next) -> Next {
    if let Some(untold) = &subject.untold {
        return tell(context, memory, subject, untold).await;
    }
    tell_readiness(context, &subject.key, &subject.status);
    standing::tell(context, subject);
    next
}

fn tell_readiness(context: &Context, key: &ObjectKey, status: &ExternalSecretStatus) {
    let mut conditions = status.conditions.iter();
    if let Some(ready) = conditions.find(|condition| condition.kind == ConditionType::Ready) {
        context.metrics.ready(Kind::ExternalSecret, key, ready.status);
    }
}

/// The backend says that nothing changed: everything stays as it is, and is looked at again after the interval.
fn nothing_new(context: &Context, subject: &Subject) -> Next {
    tell_readiness(context, &subject.key, &subject.status);
    match subject.spec.refresh_interval() {
        interval if interval.is_zero() => Next::WhenWoken,
        interval => Next::After(interval.max(due::SHORTEST_INTERVAL)),
    }
}

async fn success(context: &Context, memory: &Memory, subject: &Subject, done: &Done) -> Next {
    announce_success(context, subject, done);
    let sources = sources_told(context, subject, done);
    let untold = Untold {
        at: subject.now,
        generation: subject.generation,
        version: subject.version.clone(),
        sort: subject.sort(),
        outcome: done.outcome,
        sources,
        binding: done.bound.then(|| subject.target.name.clone()),
    };
    remember_and_tell(context, memory, subject, untold, done.left.clone()).await
}

/// The entries that other stores answered than they name. That it comes to this, and that it is over, is announced.
fn sources_told(context: &Context, subject: &Subject, done: &Done) -> Vec<SourceFault> {
    let stand_ins: Vec<_> = done.left.sources.iter().filter_map(Source::stand_in).collect();
    context
        .metrics
        .external_secret_answered(&subject.key, !stand_ins.is_empty());
    let was_told = fallback::is_told(&subject.synced);
    if stand_ins.is_empty() {
        if was_told {
            let message = "the stores themselves answer again";
            context
                .cluster
                .publish(event(subject, "AnsweredByStore", message));
        }
        return Vec::new();
    }
    let wants = collect::wants(&subject.spec, &subject.key.namespace);
    let told = fallback::told(&wants, &stand_ins);
    if told != subject.synced.sources {
        for stand_in in &stand_ins {
            context.cluster.publish(Event {
                warning: true,
                ..event(subject, fallback::REASON, stand_in.announcement())
            });
        }
    }
    told
}

/// Remembers a sync before it is told, so that it need not be done again when telling fails.
pub async fn remember_and_tell(
    context: &Context,
    memory: &Memory,
    subject: &Subject,
    untold: Untold,
    left: Left,
) -> Next {
    memory.remember(&subject.key, &subject.claimant.uid, left, untold.clone());
    tell(context, memory, subject, &untold).await
}

async fn tell(context: &Context, memory: &Memory, subject: &Subject, untold: &Untold) -> Next {
    let mut status = untold.status(&subject.status, context.settings.conditions);
    if is_old_news(context, &subject.status, &status) {
        status.refresh_time.clone_from(&subject.status.refresh_time);
    }
    match write(context, &subject.key, &subject.object, &subject.status, &status).await {
        None => {
            memory.told(&subject.key);
            next_refresh(context, subject, untold.at, &status)
        }
        Some(next) => next,
    }
}

/// Does the new status say nothing but a later refresh, and not much later?
fn is_old_news(context: &Context, old: &ExternalSecretStatus, new: &ExternalSecretStatus) -> bool {
    let (Some(told), Some(now)) = (&old.refresh_time, &new.refresh_time) else {
        return false;
    };
    let same = ExternalSecretStatus {
        refresh_time: old.refresh_time.clone(),
        ..new.clone()
    } == *old;
    same && context.settings.refresh_time.is_near(told, now)
}

/// When this object is due again, by the same rules that made it due now.
fn next_refresh(
    context: &Context,
    subject: &Subject,
    refreshed: Timestamp,
    status: &ExternalSecretStatus,
) -> Next {
    let sound = due::sound_target();
    let facts = Facts {
        status,
        refreshed: Some(refreshed),
        // What was just written is sound; the watch will tell when it no longer is.
        target: Some(&sound),
        templates_changed: false,
        sources: Sources::Same,
        marks_changed: false,
        now: (context.clock)(),
        ..subject.facts()
    };
    match due::due(&facts) {
        Due::Now(_) => Next::After(due::SHORTEST_INTERVAL),
        Due::At(time) => next::until(context, time),
        Due::Never => Next::WhenWoken,
    }
}

async fn failed(context: &Context, subject: &Subject, failure: &Failure) -> Next {
    announce_failure(
        context,
        &subject.key,
        &subject.claimant.uid,
        subject.sort(),
        failure,
    );
    let stamp = Stamp {
        now: subject.now,
        ..context.stamp(subject.generation)
    };
    let mut status = condition::after_failure(&subject.status, &stamp, subject.sort(), failure);
    if failure.met_target && subject.sort() == Sort::Secret {
        status.binding = Some(condition::binding(&subject.target.name));
    }
    let unwritten = write(context, &subject.key, &subject.object, &subject.status, &status).await;
    let next = unwritten.unwrap_or_else(|| next::after(&failure.problem));
    // What the target holds is still somebody's.
    next::no_later_than(context, subject.loan, next)
}

/// Writes the status if it differs. What to do next where that failed.
async fn write(
    context: &Context,
    key: &ObjectKey,
    object: &ExternalSecret,
    old: &ExternalSecretStatus,
    status: &ExternalSecretStatus,
) -> Option<Next> {
    tell_readiness(context, key, status);
    if status == old {
        return None;
    }
    match context.cluster.write_external_secret_status(object, status).await {
        Ok(()) => None,
        Err(Problem::Conflict { .. }) => Some(Next::Backoff),
        Err(problem) => {
            warn!(external_secret = %key, reason = problem.reason(), cause = %problem, "could not write the status");
            Some(Next::Backoff)
        }
    }
}

fn announce_success(context: &Context, subject: &Subject, done: &Done) {
    let reason = match done.wrote {
        Wrote::Created => "Created",
        Wrote::Updated { announced: true } => "Updated",
        Wrote::Deleted => "Deleted",
        Wrote::Nothing | Wrote::Updated { announced: false } => return,
    };
    let message = match &subject.resource {
        Some(resource) => format!("{reason} {} {}", resource.kind.kind, resource.key.name),
        None if done.wrote == Wrote::Deleted => "secret deleted due to DeletionPolicy=Delete".to_owned(),
        None => format!("secret {}", reason.to_lowercase()),
    };
    info!(external_secret = %subject.key, target = %subject.target, "{message}");
    context.cluster.publish(event(subject, reason, message));
}

/// Entries that are left out because their secret does not exist.
pub fn announce_missing(context: &Context, subject: &Subject, entries: &[Entry]) {
    for entry in entries {
        context
            .cluster
            .publish(event(subject, "MissingProviderSecret", missing(subject, *entry)));
    }
}

fn missing(subject: &Subject, entry: Entry) -> String {
    // ESO says dataFrom for either kind of entry.
    match entry {
        Entry::DataFrom(index) => format!("secret does not exist at provider using spec.dataFrom[{index}]"),
        Entry::Data(index) => {
            let key = &subject.spec.data[index].remote_ref.key;
            format!("secret does not exist at provider using spec.dataFrom[{index}] (key={key})")
        }
    }
}

fn announce_failure(context: &Context, key: &ObjectKey, uid: &str, sort: Sort, failure: &Failure) {
    let problem = &failure.problem;
    warn!(external_secret = %key, reason = problem.reason(), cause = %problem, "{}", failure.message(sort));
    context.metrics.problem("externalsecret", problem.reason());
    context.cluster.publish(Event {
        about: ObjectRef::namespaced("ExternalSecret", key),
        uid: uid.to_owned(),
        warning: true,
        reason: "UpdateFailed",
        message: problem.to_string(),
    });
}
