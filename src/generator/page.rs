//! Where a generator notes what it makes elsewhere, so that it can be undone: one page for each entry of a sync.
//!
//! What is about to be made is noted before it is asked for ([`intend`](Page::intend)), and what was made before it is
//! used ([`record`](Page::record)). Whatever ends in between, a note says what to undo.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use lockstep_api::generator::FreeJson;
use tracing::warn;

use super::{Generators, kept};
use crate::cluster::{Cluster, GeneratorStates};
use crate::engine::object::ObjectKey;
use crate::engine::problem::Problem;
use crate::engine::state::{self, Amendment, NewState, OwnerKind, State};

/// Whom the notes are for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    pub kind: OwnerKind,
    pub key: ObjectKey,
    pub uid: String,
    /// As the label tells it.
    pub entry: String,
}

impl Owner {
    /// An entry of `dataFrom`.
    pub fn external_secret(key: &ObjectKey, uid: &str, entry: usize) -> Self {
        Self {
            kind: OwnerKind::ExternalSecret,
            key: key.clone(),
            uid: uid.to_owned(),
            entry: state::owner_key(key, entry),
        }
    }

    pub fn push_secret(key: &ObjectKey, uid: &str) -> Self {
        Self {
            kind: OwnerKind::PushSecret,
            key: key.clone(),
            uid: uid.to_owned(),
            entry: state::push_owner_key(key),
        }
    }
}

/// What becomes of what a generator makes elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeping {
    /// It is noted, looked after, and undone in the end.
    Noted,
    /// Nobody keeps notes: it runs out by itself.
    Loose,
    /// Nothing stays of it.
    Glance,
}

pub struct Page {
    keeping: Keeping,
    notes: Option<(Arc<dyn Cluster>, Owner)>,
    draft: Mutex<Draft>,
}

/// What was made, and is to be noted before it is used.
#[derive(Clone, Debug, PartialEq)]
pub struct Made {
    pub resource: FreeJson,
    pub content: FreeJson,
}

#[derive(Debug, Default)]
struct Draft {
    state: Option<State>,
    made: Option<Made>,
}

impl Page {
    /// One that is kept in the cluster, where the cluster keeps any.
    pub fn kept_in(cluster: &Arc<dyn Cluster>, owner: Owner) -> Self {
        if cluster.generator_states().is_none() {
            return Self::loose();
        }
        Self::new(Keeping::Noted, Some((cluster.clone(), owner)))
    }

    /// One that nobody keeps.
    pub fn loose() -> Self {
        Self::new(Keeping::Loose, None)
    }

    /// One on which nothing may stay.
    pub fn glance() -> Self {
        Self::new(Keeping::Glance, None)
    }

    fn new(keeping: Keeping, notes: Option<(Arc<dyn Cluster>, Owner)>) -> Self {
        Self {
            keeping,
            notes,
            draft: Mutex::default(),
        }
    }

    pub fn keeping(&self) -> Keeping {
        self.keeping
    }

    /// Notes what is about to be made.
    pub async fn intend(&self, resource: FreeJson, content: FreeJson) -> Result<(), Problem> {
        let Some((states, owner)) = self.states() else {
            return Ok(());
        };
        kept::check_left(states, &owner.uid, &owner.entry)?;
        let state = states.create(&new_state(owner, resource, content)).await?;
        self.draft().state = Some(state);
        Ok(())
    }

    /// Something was made. It is noted by [`record`](Self::record), before anybody gets it.
    pub fn made(&self, made: Made) {
        self.draft().made = Some(made);
    }

    /// Nothing was made, or nothing is left of it.
    pub async fn withdraw(&self) -> Result<(), Problem> {
        let (Some(state), Some((states, _))) = (self.state(), self.states()) else {
            return Ok(());
        };
        states.remove_finalizer(&state).await?;
        states.delete(&state).await?;
        self.draft().state = None;
        Ok(())
    }

    /// Notes what was made. `change` has the last word on what is noted.
    pub async fn record(&self, change: impl FnOnce(&mut FreeJson)) -> Result<Option<State>, Problem> {
        let (Some(mut made), Some((states, owner))) = (self.unrecorded(), self.states()) else {
            return Ok(None);
        };
        change(&mut made.content);
        let noted = match self.state() {
            Some(state) => {
                let amendment = Amendment {
                    content: Some(made.content.clone()),
                    deadline: None,
                };
                states.amend(&state, &amendment).await?;
                State {
                    content: made.content,
                    ..state
                }
            }
            None => {
                states
                    .create(&new_state(owner, made.resource, made.content))
                    .await?
            }
        };
        let mut draft = self.draft();
        draft.made = None;
        draft.state = Some(noted.clone());
        Ok(Some(noted))
    }

    /// Nobody gets what was made and is not noted: it is undone now, or noted as something to undo.
    pub async fn forsake(&self, generators: &Generators, now: Timestamp) {
        let (Some(made), None, Some((states, owner))) = (self.unrecorded(), self.state(), self.states())
        else {
            return;
        };
        let mut new = new_state(owner, made.resource, made.content);
        let Err(problem) = generators.undo(&unnoted(&new, now)).await else {
            return;
        };
        new.deadline = Some(now);
        if states.create(&new).await.is_err() {
            warn!(kind = owner.kind.as_str(), object = %owner.key, cause = %problem, "what a generator made could neither be undone nor noted; it runs out by itself");
        }
    }

    /// What is noted.
    pub fn state(&self) -> Option<State> {
        self.draft().state.clone()
    }

    /// What was made and is not noted yet.
    pub fn unrecorded(&self) -> Option<Made> {
        self.draft().made.clone()
    }

    fn states(&self) -> Option<(&dyn GeneratorStates, &Owner)> {
        let (cluster, owner) = self.notes.as_ref()?;
        Some((cluster.generator_states()?, owner))
    }

    fn draft(&self) -> MutexGuard<'_, Draft> {
        self.draft.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// As if it were noted.
fn unnoted(new: &NewState, now: Timestamp) -> State {
    State {
        key: new.owner.clone(),
        uid: String::new(),
        entry: new.entry.clone(),
        owner: Some(new.owner_uid.clone()),
        created: now,
        terminating: None,
        finalizers: Vec::new(),
        deadline: None,
        resource: new.resource.clone(),
        content: new.content.clone(),
        complaint: None,
    }
}

fn new_state(owner: &Owner, resource: FreeJson, content: FreeJson) -> NewState {
    NewState {
        entry: owner.entry.clone(),
        owner_kind: owner.kind,
        owner: owner.key.clone(),
        owner_uid: owner.uid.clone(),
        resource,
        content,
        deadline: None,
    }
}

impl fmt::Debug for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Page")
            .field("keeping", &self.keeping)
            .finish_non_exhaustive()
    }
}
