//! A PushSecret under `deletionPolicy: Delete` stays until what it pushed is deleted.

use lockstep_api::push_secret::{PushDeletionPolicy, PushSecret};
use tracing::warn;

use super::audit::Behalf;
use super::gather::Subject;
use super::report::{self, Failure};
use super::{Shared, prune};
use crate::controller::Context;
use crate::engine::labels;
use crate::engine::object::ObjectKey;
use crate::engine::problem::Problem;
use crate::queue::Next;

/// Puts the finalizer where the policy wants it, before anything is pushed. What to do next, where that was to be done.
pub async fn settle(context: &Context, subject: &Subject) -> Option<Next> {
    let is_wanted = subject.spec.deletion_policy == PushDeletionPolicy::Delete;
    if is_held(&subject.object) == is_wanted {
        return None;
    }
    // What was written is seen, and leads to another turn.
    Some(hold(context, &subject.key, &subject.object, is_wanted).await)
}

/// One that is going away.
pub async fn release(context: &Context, shared: &Shared, key: &ObjectKey, object: &PushSecret) -> Next {
    if !is_held(object) {
        return Next::WhenWoken;
    }
    // Of one that cannot be read, the finalizer tells that it is to be undone.
    let policy = object.spec.as_ref().ok().map(|spec| spec.deletion_policy);
    if policy != Some(PushDeletionPolicy::None) {
        let uid = object.metadata.uid.as_deref().unwrap_or_default();
        let untold = shared.memory.last(key, uid).and_then(|last| last.untold);
        let status = untold.or_else(|| object.status.clone()).unwrap_or_default();
        let (left, problems) =
            prune::delete_all(context, Behalf { key, uid }, &status.synced_push_secrets).await;
        if let Some(failure) = Failure::first("Failed to Delete Secrets from Provider", problems) {
            return report::undeleted(context, key, object, &status, left, &failure).await;
        }
    }
    hold(context, key, object, false).await
}

fn is_held(object: &PushSecret) -> bool {
    let mut finalizers = object.metadata.finalizers.iter().flatten();
    finalizers.any(|name| name == labels::PUSH_FINALIZER)
}

async fn hold(context: &Context, key: &ObjectKey, object: &PushSecret, is_held: bool) -> Next {
    let Some(pushes) = context.cluster.pushes() else {
        return Next::Gone;
    };
    match pushes.hold(object, is_held).await {
        Ok(()) => Next::WhenWoken,
        Err(Problem::Conflict { .. }) => Next::Backoff,
        Err(problem) => {
            warn!(push_secret = %key, reason = problem.reason(), cause = %problem, "could not change the finalizers");
            context.metrics.problem("pushsecret", problem.reason());
            Next::Backoff
        }
    }
}
