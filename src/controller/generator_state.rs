//! GeneratorState: what a generator made elsewhere is undone when its time is over, or when the object goes that it was
//! made for.
//!
//! The object stays until that is done. What nobody renews ends by itself, and then there is nothing left to undo: so no
//! server that is gone for good keeps an object, or its namespace, from going.

use std::time::Duration;

use jiff::Timestamp;
use tracing::{info, warn};

use super::Context;
use crate::audit::{Action, Record, Who};
use crate::cluster::{Event, GeneratorStates};
use crate::engine::labels;
use crate::engine::object::{ObjectKey, ObjectRef};
use crate::engine::problem::{Problem, Retry};
use crate::engine::state::State;
use crate::generator::kept;
use crate::queue::Next;
use crate::traces;

/// How much later than by our clock something may end by the server's.
const MARGIN: Duration = Duration::from_mins(1);

/// Between attempts that nothing but an edit, or the passing of time, makes better.
const HOPELESS: Duration = Duration::from_hours(1);

/// One turn of one GeneratorState.
pub async fn reconcile(context: Context, key: ObjectKey) -> Next {
    let Some(states) = context.cluster.generator_states() else {
        return Next::Gone;
    };
    let Some(state) = states.state(&key) else {
        return Next::Gone;
    };
    let now = (context.clock)();
    let done = match (state.terminating, state.deadline) {
        // ESO does so, but later, and may not have come to it.
        (None, _) if !is_held(&state) => states.hold(&state).await.map(|()| Next::WhenWoken),
        (Some(since), _) => match end(&context, states, &state, since).await {
            Ok(()) => Ok(Next::WhenWoken),
            Err(problem) => Err(problem),
        },
        (None, Some(deadline)) if deadline <= now => states.delete(&state).await.map(|()| Next::WhenWoken),
        (None, Some(deadline)) => {
            let wait = Duration::try_from(deadline.duration_since(now)).unwrap_or_default();
            return Next::After(wait);
        }
        (None, None) => return Next::WhenWoken,
    };
    match done {
        Ok(next) => next,
        Err(problem) => failed(&context, states, &state, &problem).await,
    }
}

/// Undoes it, and lets it go.
async fn end(
    context: &Context,
    states: &dyn GeneratorStates,
    state: &State,
    since: Timestamp,
) -> Result<(), Problem> {
    if !is_held(state) {
        return Ok(());
    }
    let undone = traces::step("undo", context.generators.undo(state)).await;
    context.audit.tell(|| {
        let object = ObjectRef::namespaced("GeneratorState", &state.key);
        let record = Record::new(Action::Revoke, Who::new(&object, &state.uid)).lease(Some(&object));
        record.ended(undone.as_ref().err())
    });
    match undone {
        Ok(()) => info!(generator_state = %state.key, "what a generator made was undone"),
        Err(problem) if has_ended(state, since, (context.clock)()) => {
            warn!(generator_state = %state.key, cause = %problem, "what a generator made could not be undone, and has ended by itself");
        }
        Err(problem) if is_lost(context, state, &problem) => {
            warn!(generator_state = %state.key, cause = %problem, "what a generator made stays where it is: its namespace goes, and what could undo it has gone");
        }
        Err(problem) => return Err(problem),
    }
    states.remove_finalizer(state).await
}

fn is_held(state: &State) -> bool {
    state
        .finalizers
        .iter()
        .any(|name| name == labels::STATE_FINALIZER)
}

/// Nobody renews what is flagged or deleted, from then on.
fn has_ended(state: &State, since: Timestamp, now: Timestamp) -> bool {
    let since = state.deadline.map_or(since, |deadline| deadline.min(since));
    let ends = kept::account(state).ends_by_itself(since);
    ends.and_then(|ends| ends.checked_add(MARGIN).ok())
        .is_some_and(|ends| ends <= now)
}

/// In a namespace that goes nobody can put back the credential that it would take; waiting for it would keep the
/// namespace from going, for ever.
fn is_lost(context: &Context, state: &State, problem: &Problem) -> bool {
    let is_gone = matches!(
        problem.root(),
        Problem::ReferenceMissing { .. } | Problem::ReferenceKeyMissing { .. }
    );
    let spreading = context.cluster.spreading();
    let namespace = spreading.and_then(|spreading| spreading.namespace(&state.key.namespace));
    is_gone && namespace.is_some_and(|namespace| namespace.terminating)
}

async fn failed(context: &Context, states: &dyn GeneratorStates, state: &State, problem: &Problem) -> Next {
    if matches!(problem, Problem::Conflict { .. }) {
        return Next::Backoff;
    }
    warn!(generator_state = %state.key, reason = problem.reason(), cause = %problem, "could not undo what a generator made");
    context.metrics.problem("generatorstate", problem.reason());
    let message = format!("could not cleanup generator state: {problem}");
    if state.complaint.as_ref() != Some(&message)
        && let Err(cause) = states.complain(state, &message, (context.clock)()).await
    {
        warn!(generator_state = %state.key, %cause, "its status could not be written");
    }
    context.cluster.publish(Event {
        about: ObjectRef::namespaced("GeneratorState", &state.key),
        uid: state.uid.clone(),
        warning: true,
        reason: "CleanupFailed",
        message,
    });
    match problem.retry() {
        // Nobody tells when a credential is back.
        Retry::AtOnce | Retry::Backoff | Retry::OnChangeOfOther => Next::Backoff,
        Retry::After(pause) => Next::FailedAfter(pause),
        Retry::OnEdit => Next::FailedAfter(HOPELESS),
    }
}
