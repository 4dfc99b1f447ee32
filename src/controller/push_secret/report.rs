//! Tells what was done: at most one status write and one event, neither when nothing is new.

use lockstep_api::push_secret::{PushSecret, PushSecretStatus, SyncedPushSecrets};
use lockstep_api::{Condition, ConditionStatus, ConditionType, Fault};
use tracing::{info, warn};

use super::Shared;
use super::gather::Subject;
use crate::cluster::Event;
use crate::controller::following::Follower;
use crate::controller::{Context, next};
use crate::engine::condition::Stamp;
use crate::engine::due;
use crate::engine::object::{ObjectKey, ObjectRef};
use crate::engine::problem::{Problem, Retry};
use crate::engine::push;
use crate::engine::render;
use crate::queue::Next;
use crate::telemetry::Kind;

/// How a turn ended.
#[derive(Debug)]
pub enum Ended {
    Synced {
        synced: SyncedPushSecrets,
        moved: bool,
    },
    Failed {
        failure: Box<Failure>,
        /// What is known to be there; none where nothing was tried.
        synced: Option<SyncedPushSecrets>,
    },
    /// And what was pushed is deleted.
    SourceDeleted,
    /// There is nothing to do, and nothing to tell.
    Unchanged,
    NotOurs,
}

/// What went wrong, as ESO puts it, and what else did.
#[derive(Debug)]
pub struct Failure {
    message: String,
    problem: Problem,
    others: Vec<Problem>,
}

impl Failure {
    pub fn problem(&self) -> &Problem {
        &self.problem
    }

    /// As the condition tells it.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Told as it is. Boxed, as results carry it.
    pub fn plain(problem: Problem) -> Box<Self> {
        Self::of(&problem.to_string(), problem)
    }

    pub fn of(message: &str, problem: Problem) -> Box<Self> {
        Box::new(Self {
            message: message.to_owned(),
            problem,
            others: Vec::new(),
        })
    }

    /// ESO stops at the first problem, and tells that one.
    pub fn first(stage: &str, problems: Vec<Problem>) -> Option<Box<Self>> {
        let mut problems = problems.into_iter();
        let mut failure = Self::plain(problems.next()?.at(stage));
        failure.others = problems.collect();
        Some(failure)
    }

    /// As soon as any of the problems may be over.
    fn next(&self) -> Next {
        let all = || std::iter::once(&self.problem).chain(&self.others);
        let mut pauses = Vec::new();
        for problem in all() {
            match problem.retry() {
                Retry::AtOnce | Retry::Backoff => return Next::Backoff,
                Retry::After(pause) => pauses.push(pause),
                Retry::OnChangeOfOther | Retry::OnEdit => {}
            }
        }
        pauses.into_iter().min().map_or(Next::Stuck, Next::FailedAfter)
    }
}

pub async fn report(context: &Context, shared: &Shared, subject: &Subject, ended: Ended) -> Next {
    follow(context, shared, subject, &ended);
    let stamp = Stamp {
        now: subject.now,
        ..context.stamp(subject.generation)
    };
    let old = &subject.status;
    match ended {
        Ended::Synced { synced, moved } => {
            shared.memory.finished(subject);
            let policy = subject.spec.update_policy;
            let mut status = push::after_success(old, &stamp, &subject.version, policy, synced);
            keep_time(context, old, &mut status);
            announce_success(context, subject, &status, moved);
            tell(context, shared, subject, status, None).await
        }
        Ended::Failed { failure, synced } => {
            let uid = &subject.uid;
            announce_failure(context, &subject.key, uid, &failure);
            let (message, problem) = (&failure.message, &failure.problem);
            let status = push::after_failure(old, &stamp, message, problem, synced);
            let next = tell(context, shared, subject, status, Some(failure.next())).await;
            // What was pushed before is still somebody's.
            next::no_later_than(context, subject.loan, next)
        }
        Ended::SourceDeleted => {
            shared.memory.emptied(subject);
            shared.memory.finished(subject);
            let status = push::after_source_deleted(old, &stamp);
            announce(context, &subject.key, &subject.uid, false, &status);
            tell(context, shared, subject, status, None).await
        }
        Ended::Unchanged | Ended::NotOurs => {
            shared.memory.finished(subject);
            at_rest(context, subject, next_round(context, shared, subject)).await
        }
    }
}

/// Looks again as soon as a template changes, or what the failure hangs on.
fn follow(context: &Context, shared: &Shared, subject: &Subject, ended: &Ended) {
    let follower = Follower::PushSecret(subject.key.clone());
    match ended {
        Ended::Failed { failure, .. } => {
            let templates = render::sources_of(subject.spec.template.as_ref()).into_iter();
            let templates = templates.map(|(kind, name)| {
                ObjectRef::namespaced(kind.name(), &ObjectKey::new(&subject.key.namespace, name))
            });
            let concerned = templates.chain(failure.problem.concerns());
            context
                .following
                .set(&follower, concerned.map(|object| (object, None)));
        }
        Ended::Synced { .. } => {
            let last = shared.memory.last(&subject.key, &subject.uid);
            let templates = last.map(|last| last.templates).unwrap_or_default();
            let known = templates
                .into_iter()
                .map(|(object, version)| (object, Some(version)));
            context.following.set(&follower, known);
        }
        Ended::SourceDeleted | Ended::Unchanged | Ended::NotOurs => {}
    }
}

/// A later refresh alone is told coarsely.
fn keep_time(context: &Context, old: &PushSecretStatus, new: &mut PushSecretStatus) {
    let (Some(told), Some(now)) = (&old.refresh_time, &new.refresh_time) else {
        return;
    };
    let same = PushSecretStatus {
        refresh_time: Some(told.clone()),
        ..new.clone()
    };
    if same == *old && context.settings.refresh_time.is_near(told, now) {
        *new = same;
    }
}

pub fn gone(context: &Context, shared: &Shared, key: &ObjectKey) -> Next {
    shared.memory.forget(key);
    shared.lives.forget_all(key);
    context.following.set(&Follower::PushSecret(key.clone()), []);
    context.metrics.forget(Kind::PushSecret, key);
    Next::Gone
}

/// A spec that could not be understood. Only an edit helps.
pub async fn broken(context: &Context, key: &ObjectKey, object: &PushSecret, fault: &Fault) -> Next {
    let stamp = context.stamp(object.metadata.generation.unwrap_or_default());
    let old = object.status.clone().unwrap_or_default();
    let failure = Failure::plain(Problem::BrokenSpec { fault: fault.clone() });
    let status = push::after_failure(&old, &stamp, &failure.message, &failure.problem, None);
    announce_failure(
        context,
        key,
        object.metadata.uid.as_deref().unwrap_or_default(),
        &failure,
    );
    write(context, key, object, &status)
        .await
        .unwrap_or_else(|| failure.next())
}

/// What was pushed could not be deleted, and the object stays until it is.
pub async fn undeleted(
    context: &Context,
    key: &ObjectKey,
    object: &PushSecret,
    old: &PushSecretStatus,
    left: SyncedPushSecrets,
    failure: &Failure,
) -> Next {
    let stamp = context.stamp(object.metadata.generation.unwrap_or_default());
    let status = push::after_failure(old, &stamp, &failure.message, &failure.problem, Some(left));
    announce_failure(
        context,
        key,
        object.metadata.uid.as_deref().unwrap_or_default(),
        failure,
    );
    // Nothing wakes it that puts an end to every problem, and it must not stay for ever.
    let next = match failure.next() {
        Next::Stuck => Next::Backoff,
        next => next,
    };
    write(context, key, object, &status).await.unwrap_or(next)
}

/// Nothing to do, other than to tell what was done last where that failed.
pub async fn at_rest(context: &Context, subject: &Subject, next: Next) -> Next {
    let ready = ready(&subject.status);
    if let Some(ready) = ready {
        context
            .metrics
            .ready(Kind::PushSecret, &subject.key, ready.status);
    }
    let is_untold = subject.last.as_ref().is_some_and(|last| last.untold.is_some());
    if !is_untold {
        return next;
    }
    write(context, &subject.key, &subject.object, &subject.status)
        .await
        .unwrap_or(next)
}

/// Writes the status. What could not be told is remembered, so that it need not be done again.
async fn tell(
    context: &Context,
    shared: &Shared,
    subject: &Subject,
    status: PushSecretStatus,
    then: Option<Next>,
) -> Next {
    let unwritten = write(context, &subject.key, &subject.object, &status).await;
    shared.memory.untold(subject, unwritten.map(|_| status));
    unwritten
        .or(then)
        .unwrap_or_else(|| next_round(context, shared, subject))
}

/// By the rules that made it due now.
fn next_round(context: &Context, shared: &Shared, subject: &Subject) -> Next {
    let interval = subject.spec.refresh_interval();
    let last = shared.memory.last(&subject.key, &subject.uid);
    let began = last.map_or(subject.now, |last| last.began);
    let next = Some(interval)
        .filter(|interval| !interval.is_zero())
        .and_then(|interval| began.checked_add(interval.max(due::SHORTEST_INTERVAL)).ok());
    let next = next.map_or(Next::WhenWoken, |next| next::until(context, next));
    next::no_later_than(context, subject.loan, next)
}

/// What to do next where it could not be written.
async fn write(
    context: &Context,
    key: &ObjectKey,
    object: &PushSecret,
    status: &PushSecretStatus,
) -> Option<Next> {
    if let Some(ready) = ready(status) {
        context.metrics.ready(Kind::PushSecret, key, ready.status);
    }
    if object.status.as_ref() == Some(status) {
        return None;
    }
    let pushes = context.cluster.pushes()?;
    match pushes.write_status(object, status).await {
        Ok(()) => None,
        Err(Problem::Conflict { .. }) => Some(Next::Backoff),
        Err(problem) => {
            warn!(push_secret = %key, reason = problem.reason(), cause = %problem, "could not write the status");
            Some(Next::Backoff)
        }
    }
}

fn ready(status: &PushSecretStatus) -> Option<&Condition> {
    let mut conditions = status.conditions.iter();
    conditions.find(|condition| condition.kind == ConditionType::Ready)
}

fn announce_success(context: &Context, subject: &Subject, status: &PushSecretStatus, moved: bool) {
    let was_well = ready(&subject.status).is_some_and(|ready| ready.status == ConditionStatus::True);
    if moved || !was_well {
        announce(context, &subject.key, &subject.uid, false, status);
    }
}

/// The event says what the condition says.
fn announce(context: &Context, key: &ObjectKey, uid: &str, warning: bool, status: &PushSecretStatus) {
    let message = ready(status).and_then(|ready| ready.message.clone());
    let reason = if push::is_source_deleted(status) {
        "SourceDeleted"
    } else {
        "Synced"
    };
    let message = message.unwrap_or_default();
    info!(push_secret = %key, "{message}");
    context.cluster.publish(Event {
        about: ObjectRef::namespaced("PushSecret", key),
        uid: uid.to_owned(),
        warning,
        reason,
        message,
    });
}

fn announce_failure(context: &Context, key: &ObjectKey, uid: &str, failure: &Failure) {
    for problem in std::iter::once(&failure.problem).chain(&failure.others) {
        warn!(push_secret = %key, reason = problem.reason(), cause = %problem, "could not push");
        context.metrics.problem("pushsecret", problem.reason());
    }
    context.cluster.publish(Event {
        about: ObjectRef::namespaced("PushSecret", key),
        uid: uid.to_owned(),
        warning: true,
        reason: "Errored",
        message: failure.message.clone(),
    });
}
