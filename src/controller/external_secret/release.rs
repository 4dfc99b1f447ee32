//! An ExternalSecret that is going away.

use lockstep_api::ExternalSecret;
use lockstep_api::external_secret::DeletionPolicy;
use tracing::warn;

use crate::controller::Context;
use crate::engine::labels;
use crate::engine::object::ObjectKey;
use crate::engine::own::{self, Claimant};
use crate::engine::problem::Problem;
use crate::queue::Next;

/// What it owns goes with it by the garbage collector. We only carry out what ESO promised by its finalizer, where
/// that is still there, and take the finalizer away.
pub async fn release(context: &Context, key: &ObjectKey, object: &ExternalSecret) -> Next {
    let holds = object
        .metadata
        .finalizers
        .iter()
        .flatten()
        .any(|name| name == labels::FINALIZER);
    if !holds {
        return Next::WhenWoken;
    }
    match undo(context, key, object).await {
        Ok(()) => Next::WhenWoken,
        Err(Problem::Conflict { .. }) => Next::Backoff,
        Err(problem) => {
            warn!(external_secret = %key, reason = problem.reason(), cause = %problem, "could not clean up behind an ExternalSecret");
            context.metrics.problem("externalsecret", problem.reason());
            Next::Backoff
        }
    }
}

async fn undo(context: &Context, key: &ObjectKey, object: &ExternalSecret) -> Result<(), Problem> {
    // A spec that cannot be read promises nothing.
    if let Ok(spec) = object.spec.as_ref()
        && spec.target.deletion_policy() == DeletionPolicy::Delete
    {
        let target = key.target_of(spec);
        let claimant = Claimant {
            key: key.clone(),
            uid: object.metadata.uid.clone().unwrap_or_default(),
        };
        if let Some(found) = context.cluster.target(&target)
            && own::is_controlled_by(&found, &claimant)
        {
            context.cluster.delete_secret(&target, &found.uid).await?;
        }
    }
    context.cluster.remove_finalizer(object, labels::FINALIZER).await
}
