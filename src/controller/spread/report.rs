//! Tells what came of it: at most one status write, and none when nothing is new.

use lockstep_api::{ConditionStatus, ConditionType};
use tracing::{debug, warn};

use super::Memory;
use super::gather::Task;
use crate::cluster::{Event, Spreading};
use crate::controller::Context;
use crate::engine::object::ObjectRef;
use crate::engine::problem::Problem;
use crate::engine::spread::{self, Parent, ParentKey, Report, Sort, Status};
use crate::queue::Next;
use crate::telemetry::parent_like;

pub fn gone(context: &Context, memory: &Memory, key: &ParentKey) -> Next {
    memory.forget(key);
    let (kind, name) = parent_like(key);
    context.metrics.forget(kind, &name);
    Next::Gone
}

/// Nothing is done where it is not clear what. Only an edit helps.
pub async fn unclear(
    context: &Context,
    spreading: &dyn Spreading,
    parent: &Parent,
    problem: &Problem,
) -> Next {
    let status = spread::status_of_fault(parent, &context.stamp(parent.generation), problem);
    log_failure(context, parent, problem);
    announce(context, parent, &status);
    match write(context, spreading, parent, &status).await {
        Ok(()) => Next::WhenWoken,
        Err(next) => next,
    }
}

pub async fn report(
    context: &Context,
    spreading: &dyn Spreading,
    memory: &Memory,
    task: &Task,
    report: &Report,
) -> Next {
    let parent = &task.parent;
    let status = spread::status(parent, &task.spread, &context.stamp(parent.generation), report);
    let (there, failed) = (report.there.len(), report.failed.len());
    debug!(object = %parent.key, there, failed, open = report.open.len(), "looked at the namespaces");
    if let Some(problem) = report.cause() {
        log_failure(context, parent, problem);
    }
    if let Err(next) = write(context, spreading, parent, &status).await {
        return next;
    }
    let failed = report.failed.iter();
    let failing = failed.filter(|(_, problem)| problem.passes_by_itself());
    let failing: Vec<_> = failing.map(|(name, _)| name).chain(&report.open).collect();
    match memory.fails(&parent.key, &failing, (context.clock)()) {
        Some(pause) => Next::FailedAfter(pause),
        None if task.spread.refresh_time.is_zero() => Next::WhenWoken,
        None => Next::After(task.spread.refresh_time),
    }
}

pub fn log_failure(context: &Context, parent: &Parent, problem: &Problem) {
    warn!(object = %parent.key, reason = problem.reason(), cause = %problem, "not everywhere in step");
    context
        .metrics
        .problem(parent.key.sort.controller(), problem.reason());
}

/// ESO tells of ClusterPushSecrets alone, and of nothing but this.
fn announce(context: &Context, parent: &Parent, status: &Status) {
    let ready = status
        .conditions
        .iter()
        .find(|it| it.kind == ConditionType::Ready);
    let message = ready.and_then(|ready| ready.message.clone());
    if let (Sort::PushSecret, Some(message)) = (parent.key.sort, message) {
        context.cluster.publish(Event {
            about: ObjectRef::from(&parent.key),
            uid: parent.uid.clone(),
            warning: true,
            reason: spread::ERRORED,
            message,
        });
    }
}

/// What to do next where it could not be written.
async fn write(
    context: &Context,
    spreading: &dyn Spreading,
    parent: &Parent,
    status: &Status,
) -> Result<(), Next> {
    let ready = status
        .conditions
        .iter()
        .find(|it| it.kind == ConditionType::Ready);
    let ready = ready.map_or(ConditionStatus::Unknown, |ready| ready.status);
    let (kind, name) = parent_like(&parent.key);
    context.metrics.ready(kind, &name, ready);
    if !spread::is_news(&parent.status, status) {
        return Ok(());
    }
    spreading.write_status(parent, status).await.map_err(|problem| {
        warn!(object = %parent.key, reason = problem.reason(), cause = %problem, "could not write the status");
        Next::Backoff
    })
}
