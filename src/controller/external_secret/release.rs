//! An ExternalSecret that is going away.

use std::sync::Arc;

use lockstep_api::ExternalSecret;
use lockstep_api::external_secret::DeletionPolicy;
use tracing::warn;

use super::{audit, target};
use crate::audit::Who;
use crate::controller::Context;
use crate::engine::labels;
use crate::engine::object::{ObjectKey, ObjectRef, ResourceKey};
use crate::engine::own::{self, Claimant};
use crate::engine::problem::Problem;
use crate::engine::render::Targets;
use crate::engine::target::Target;
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
        let (target, resource) = (key.target_of(spec), key.resource_of(spec));
        let claimant = Claimant {
            key: key.clone(),
            uid: object.metadata.uid.clone().unwrap_or_default(),
        };
        if let Some(found) = find(context, &target, resource.as_ref()).await?
            && own::is_controlled_by(&found, &claimant)
        {
            let deleted = target::delete(context, &target, resource.as_ref(), &found.uid).await;
            let who = || Who::new(&ObjectRef::namespaced("ExternalSecret", key), &claimant.uid);
            audit::deleted(context, who, || key.target_ref_of(spec), Some(&found), &deleted);
            deleted?;
        }
    }
    context.cluster.remove_finalizer(object, labels::FINALIZER).await
}

/// Of a kind that we may not have, or that is gone, there is nothing of ours.
async fn find(
    context: &Context,
    target: &ObjectKey,
    resource: Option<&ResourceKey>,
) -> Result<Option<Arc<Target>>, Problem> {
    if resource.is_some() && context.settings.targets == Targets::Secrets {
        return Ok(None);
    }
    match target::watched(context, target, resource).await {
        Err(Problem::KindMissing { .. } | Problem::InvalidSpec { .. }) => Ok(None),
        found => found,
    }
}
