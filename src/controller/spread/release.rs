//! What is undone: ESO's finalizers, where we find them. We set none, for the garbage collector takes the children.

use tracing::{info, warn};

use super::{audit, report};
use crate::cluster::Spreading;
use crate::controller::Context;
use crate::engine::labels;
use crate::engine::problem::Problem;
use crate::engine::spread::Parent;
use crate::queue::Next;

/// A parent that is going. What ESO's finalizer promised is done before it is taken off.
pub async fn release(context: &Context, spreading: &dyn Spreading, parent: &Parent) -> Next {
    let has = |name: &str| parent.finalizers.iter().any(|finalizer| finalizer == name);
    if !has(labels::SPREAD_FINALIZER) {
        return Next::WhenWoken;
    }
    let done = async {
        if !has(labels::ORPHAN) {
            delete_children(context, spreading, parent).await?;
        }
        spreading.remove_finalizer(parent, labels::SPREAD_FINALIZER).await
    };
    match done.await {
        Ok(()) => {
            info!(object = %parent.key, "released");
            Next::WhenWoken
        }
        Err(problem) => {
            report::log_failure(context, parent, &problem);
            Next::Backoff
        }
    }
}

/// All are tried, whatever becomes of one.
async fn delete_children(
    context: &Context,
    spreading: &dyn Spreading,
    parent: &Parent,
) -> Result<(), Problem> {
    let sort = parent.key.sort;
    let mut outcome = Ok(());
    for child in spreading.children_of(sort, &parent.uid) {
        let deleted = spreading.delete_child(sort, &child.key, &child.base.uid).await;
        audit::deleted(context, parent, &child.key, deleted.as_ref().err());
        outcome = outcome.and(deleted);
    }
    outcome
}

/// One turn of a namespace that ESO holds on to. It did so for its own sake, and nobody else would let go.
pub async fn release_namespace(context: Context, name: String) -> Next {
    let Some(spreading) = context.cluster.spreading() else {
        return Next::Gone;
    };
    if !spreading
        .namespace(&name)
        .is_some_and(|namespace| namespace.is_held)
    {
        return Next::Gone;
    }
    match spreading.release_namespace(&name).await {
        Ok(()) => {
            info!(
                namespace = name,
                "took finalizers of External Secrets Operator off"
            );
            Next::Gone
        }
        Err(Problem::Conflict { .. }) => Next::Backoff,
        Err(problem) => {
            warn!(namespace = name, reason = problem.reason(), cause = %problem, "finalizers of External Secrets Operator stay on, and keep the namespace from going");
            context.metrics.problem("namespace", problem.reason());
            Next::Backoff
        }
    }
}
