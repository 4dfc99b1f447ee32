//! What generators have lent to an object: renewed in time, whatever kind it was lent to, and flagged when nobody needs
//! it any more.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tracing::{debug, warn};

use super::Context;
use crate::audit::{Action, Record, Who};
use crate::cluster::GeneratorStates;
use crate::engine::due::{self, Loan};
use crate::engine::lease::{Life, Step};
use crate::engine::object::{ObjectKey, ObjectRef};
use crate::engine::state::{OwnerKind, State};
use crate::generator::{Renewal, kept};

/// When to look again at what could not be written.
const PAUSE: Duration = Duration::from_mins(1);

/// What is known of the states of each object of a kind. What nobody here remembers is as its note tells.
#[derive(Debug, Default)]
pub struct Lives(Mutex<HashMap<ObjectKey, HashMap<String, Known>>>);

#[derive(Clone, Debug)]
pub struct Known {
    pub life: Option<Life>,
    /// The target was written with it.
    pub is_in_use: bool,
}

impl Lives {
    pub fn get(&self, owner: &ObjectKey, state: &State) -> Option<Known> {
        self.entries().get(owner)?.get(&state.uid).cloned()
    }

    pub fn set(&self, owner: &ObjectKey, state: &State, known: Known) {
        let mut entries = self.entries();
        let states = entries.entry(owner.clone()).or_default();
        states.insert(state.uid.clone(), known);
    }

    pub fn forget(&self, owner: &ObjectKey, state: &State) {
        if let Some(states) = self.entries().get_mut(owner) {
            states.remove(&state.uid);
        }
    }

    pub fn forget_all(&self, owner: &ObjectKey) {
        self.entries().remove(owner);
    }

    /// As far as anybody remembers, or the note tells.
    pub fn life(&self, owner: &ObjectKey, state: &State) -> Option<Life> {
        let known = self.get(owner, state);
        known.map_or_else(|| kept::account(state).life, |known| known.life)
    }

    /// When something is to be done about any of them. Notes are no news to their owner, so that nobody who fails is
    /// woken by what it notes, and a watch may not have told of the newest yet: whoever has something lent asks here when
    /// to look after it. What is due already, and nobody could look after, is no more.
    pub fn next(&self, owner: &ObjectKey, now: Timestamp) -> Option<Loan> {
        let entries = self.entries();
        let lives = entries
            .get(owner)?
            .values()
            .filter_map(|known| known.life.as_ref());
        let next = lives.filter_map(|life| match life.step(now) {
            Some(Step::Rest(until)) => Some(Loan::Until(until)),
            Some(Step::Renew | Step::Replace) | None => None,
        });
        next.min()
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<ObjectKey, HashMap<String, Known>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// To whom something was lent.
#[derive(Clone, Copy, Debug)]
pub struct Borrower<'a> {
    pub kind: OwnerKind,
    pub key: &'a ObjectKey,
    pub uid: &'a str,
    pub now: Timestamp,
}

/// Renews it if that is due.
pub async fn look_after(
    context: &Context,
    lives: &Lives,
    borrower: Borrower<'_>,
    state: &State,
) -> Option<Loan> {
    let is_in_use = lives
        .get(borrower.key, state)
        .is_some_and(|known| known.is_in_use);
    let mut life = lives.life(borrower.key, state)?;
    if life.step(borrower.now) == Some(Step::Renew) {
        renew(context, borrower, state, &mut life).await;
    }
    let step = life.step(borrower.now);
    let life = Some(life);
    lives.set(borrower.key, state, Known { life, is_in_use });
    match step? {
        Step::Rest(until) => Some(Loan::Until(until)),
        // Renewed, and due again: it is granted for less than the time that calls take.
        Step::Renew => Some(Loan::Until(later(borrower.now, due::SHORTEST_INTERVAL))),
        Step::Replace => Some(Loan::Over),
    }
}

async fn renew(context: &Context, borrower: Borrower<'_>, state: &State, life: &mut Life) {
    let renewed = context.generators.renew(state, borrower.now).await;
    let (kind, owner) = (borrower.kind.as_str(), borrower.key);
    context.audit.tell(|| {
        let who = Who::new(&ObjectRef::namespaced(kind, owner), borrower.uid);
        let lease = ObjectRef::namespaced("GeneratorState", &state.key);
        let record = Record::new(Action::Renew, who).lease(Some(&lease));
        record.ended(renewed.as_ref().err())
    });
    match renewed {
        Ok(Renewal::Renewed(terms)) => {
            debug!(kind, %owner, generator_state = %state.key, "what a generator lent was renewed");
            life.renewed(terms);
        }
        Ok(Renewal::Over) => life.over(),
        Err(problem) => {
            warn!(kind, %owner, generator_state = %state.key, reason = problem.reason(), cause = %problem, "what a generator lent could not be renewed yet");
            context
                .metrics
                .problem(borrower.kind.controller(), problem.reason());
            life.not_renewed(borrower.now);
        }
    }
}

/// From then on nobody needs it.
pub async fn part_with(
    states: &dyn GeneratorStates,
    lives: &Lives,
    borrower: Borrower<'_>,
    state: &State,
    grace: Duration,
) -> Option<Loan> {
    lives.forget(borrower.key, state);
    match kept::retire(states, state, borrower.now, grace).await {
        Ok(()) => None,
        Err(problem) => {
            warn!(generator_state = %state.key, cause = %problem, "what a generator made is not needed any more, and could not be flagged yet");
            Some(Loan::Until(later(borrower.now, PAUSE)))
        }
    }
}

fn later(now: Timestamp, pause: Duration) -> Timestamp {
    now.checked_add(pause).unwrap_or(Timestamp::MAX)
}
