//! A store stays until everything is deleted that was pushed to it, and is to be deleted with its PushSecret.

use tracing::warn;

use crate::controller::Context;
use crate::engine::object::StoreKey;
use crate::engine::problem::Problem;
use crate::engine::push;
use crate::queue::Next;

/// One look at one store.
pub async fn reconcile(context: Context, key: StoreKey) -> Next {
    let (Some(pushes), Some(store)) = (context.cluster.pushes(), context.cluster.store(&key)) else {
        return Next::Gone;
    };
    if !context.looks_after(&store) {
        return Next::WhenWoken;
    }
    let objects = pushes.push_secrets(key.namespace());
    let is_needed = objects.iter().any(|object| push::holds(object, &store));
    // To one that is going, nothing can be added.
    if is_needed == store.is_held || (is_needed && store.terminating) {
        return Next::WhenWoken;
    }
    match pushes.hold_store(&store, is_needed).await {
        Ok(()) => Next::WhenWoken,
        Err(Problem::Conflict { .. }) => Next::Backoff,
        Err(problem) => {
            warn!(%store.key, reason = problem.reason(), cause = %problem, "could not change the finalizers of a store");
            context.metrics.problem("pushsecret", problem.reason());
            Next::Backoff
        }
    }
}
