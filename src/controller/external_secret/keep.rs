//! What a sync left is kept although we lost track of it: a generator would make a new value, and somebody may use the
//! one that is there; and what is read anew is read in vain.

use std::sync::Arc;

use jiff::SignedDuration;

use super::gather::Subject;
use crate::controller::Context;
use crate::engine::due;
use crate::engine::problem::Problem;
use crate::engine::untold::{self, Traces, Untold};

/// How far a watch may lag behind.
const LAG: SignedDuration = SignedDuration::from_mins(1);

/// A watch may lag behind our own create: a target that only seems to be missing is looked for. Where a mistake costs no
/// more than reads and writes in vain, only soon after a sync.
pub async fn look_again(context: &Context, subject: &mut Subject) -> Result<(), Problem> {
    let is_missed = subject.existing.is_none()
        && subject.resource.is_none()
        && due::was_synced(&subject.synced)
        && due::is_kept_up(&subject.spec);
    let is_worth_it = || due::generates(&subject.spec) || was_just_synced(subject);
    if is_missed
        && is_worth_it()
        && let Some((target, _)) = context.cluster.read_target(&subject.target).await?
    {
        subject.existing = Some(Arc::new(target));
    }
    Ok(())
}

fn was_just_synced(subject: &Subject) -> bool {
    let last = due::last_refresh(&subject.facts());
    last.is_some_and(|last| subject.now.duration_since(last) < LAG)
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
