//! What a generator made is kept although we lost track of it: another one would be a new value, and somebody may use
//! the one that is there.

use std::sync::Arc;

use super::gather::Subject;
use crate::controller::Context;
use crate::engine::due;
use crate::engine::problem::Problem;
use crate::engine::untold::{self, Traces, Untold};

/// A watch may lag behind our own create: a target that only seems to be missing is looked for.
pub async fn look_again(context: &Context, subject: &mut Subject) -> Result<(), Problem> {
    let is_missed = subject.existing.is_none()
        && subject.resource.is_none()
        && due::generates(&subject.spec)
        && due::was_synced(&subject.synced)
        && due::is_kept_up(&subject.spec);
    if is_missed && let Some((target, _)) = context.cluster.read_target(&subject.target).await? {
        subject.existing = Some(Arc::new(target));
    }
    Ok(())
}

/// The first sync, where another run did it and did not live to tell.
pub fn traces_of_first_sync(subject: &Subject) -> Option<Untold> {
    untold::first_sync(&Traces {
        claimant: &subject.claimant,
        spec: &subject.spec,
        status: &subject.synced,
        generation: subject.generation,
        version: &subject.version,
        target: subject.existing.as_deref(),
        now: subject.now,
    })
}
