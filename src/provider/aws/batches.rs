//! Many reads in one call where that works, and each for itself where not.
//!
//! What a batch leaves open is asked alone: so a batch never says that something is absent unless the service said so
//! of that very id, and one bad id does not spoil the others.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures::{StreamExt as _, stream};
use tokio::time::Instant;

use super::answer::Fault;
use crate::engine::problem::Problem;
use crate::provider::Payload;

/// Single reads of one batch that are under way at the same time.
pub(super) const SINGLES: usize = 8;
/// A batch call that is not allowed is tried again after this: somebody may have allowed it.
const PAUSE: Duration = Duration::from_hours(1);

pub(super) type Answer = Result<Payload, Problem>;

/// What a service offers to read by.
#[async_trait]
pub(super) trait Reads: Send + Sync {
    /// How many ids one call takes.
    const BATCH: usize;

    /// In one call; what the service does not answer clearly is left out.
    async fn many(&self, ids: &[String]) -> Result<BTreeMap<String, Answer>, Fault>;

    async fn one(&self, id: &str) -> Answer;
}

/// Remembers whether batches are allowed.
#[derive(Debug, Default)]
pub(super) struct Batches {
    denied_until: Mutex<Option<Instant>>,
}

impl Batches {
    /// An answer for each of the ids, of which there are no more than one call holds.
    pub(super) async fn read(&self, service: &impl Reads, ids: BTreeSet<String>) -> BTreeMap<String, Answer> {
        let ids: Vec<_> = ids.into_iter().collect();
        let asked = ids.len() > 1 && !self.are_denied();
        let batch = if asked {
            service.many(&ids).await
        } else {
            Ok(BTreeMap::new())
        };
        let was_denied = batch.as_ref().is_err_and(Fault::is_denial);
        let mut answers = batch.unwrap_or_else(|fault| of_all(&ids, &fault));
        let open = ids.iter().filter(|id| !answers.contains_key(*id));
        let open: Vec<_> = open
            .map(|id| async move { (id.clone(), service.one(id).await) })
            .collect();
        let singles: Vec<_> = stream::iter(open).buffer_unordered(SINGLES).collect().await;
        // Where a single read is refused too, it may have been for that id that the batch was.
        let is_refused =
            |answer: &Answer| matches!(answer, Err(Problem::Refused { .. } | Problem::Expired { .. }));
        if was_denied && !singles.iter().any(|(_, answer)| is_refused(answer)) {
            self.deny();
        }
        answers.extend(singles);
        answers
    }

    fn are_denied(&self) -> bool {
        let until = *self.denied_until.lock().unwrap_or_else(PoisonError::into_inner);
        until.is_some_and(|until| Instant::now() < until)
    }

    fn deny(&self) {
        *self.denied_until.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now() + PAUSE);
    }
}

/// What a batch that failed says of each id: nothing, where it may be the fault of the batch or of one of them.
fn of_all(ids: &[String], fault: &Fault) -> BTreeMap<String, Answer> {
    let of_one = |id: &String| match fault.clone().into_problem(id) {
        Problem::BadAnswer { .. } => None,
        Problem::Refused { .. } if fault.is_denial() => None,
        problem => Some((id.clone(), Err(problem))),
    };
    ids.iter().filter_map(of_one).collect()
}
