//! What generators have lent to an ExternalSecret: looked after before anything is decided, and kept in step with what
//! is written.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tracing::{debug, warn};

use super::audit;
use super::gather::Subject;
use crate::cluster::GeneratorStates;
use crate::controller::Context;
use crate::engine::collect::{Ask, Entry, Want};
use crate::engine::due::{self, Loan};
use crate::engine::fingerprint;
use crate::engine::lease::{self, Candidate, Life, Step, Term, Verdict};
use crate::engine::object::ObjectKey;
use crate::engine::problem::Problem;
use crate::engine::render::Made;
use crate::engine::state::{self, State};
use crate::generator::page::{Owner, Page};
use crate::generator::{Renewal, kept};

/// When to look again at what could not be written.
const PAUSE: Duration = Duration::from_mins(1);

/// What is known of the states of each ExternalSecret. What nobody here remembers is as its note tells.
#[derive(Debug, Default)]
pub struct Lives(Mutex<HashMap<ObjectKey, HashMap<String, Known>>>);

#[derive(Clone, Debug)]
struct Known {
    life: Option<Life>,
    /// The target was written with it.
    is_in_use: bool,
}

impl Lives {
    fn get(&self, subject: &Subject, state: &State) -> Option<Known> {
        self.entries().get(&subject.key)?.get(&state.uid).cloned()
    }

    fn set(&self, subject: &Subject, state: &State, known: Known) {
        let mut entries = self.entries();
        let states = entries.entry(subject.key.clone()).or_default();
        states.insert(state.uid.clone(), known);
    }

    fn forget(&self, subject: &Subject, state: &State) {
        if let Some(states) = self.entries().get_mut(&subject.key) {
            states.remove(&state.uid);
        }
    }

    pub fn forget_all(&self, external_secret: &ObjectKey) {
        self.entries().remove(external_secret);
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<ObjectKey, HashMap<String, Known>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sorts out what an earlier turn or run left behind, renews what is to be renewed, and says when to look again.
pub async fn tend(context: &Context, lives: &Lives, subject: &Subject) -> Option<Loan> {
    let states = context.cluster.generator_states()?;
    let mut current = states.states_of(&subject.claimant.uid);
    current.retain(|state| state.is_current());
    let (mut loan, mut lent) = (None, None);
    for (verdict, state) in verdicts(lives, subject, &current) {
        let next = match verdict {
            Verdict::Unclear if kept::account(&state).can_tell() => Some(Loan::Over),
            // Where no note can tell, each may be in use, and none is replaced for that: the next sync tells.
            Verdict::InUse | Verdict::Unclear => look_after(context, lives, subject, &state).await,
            Verdict::Superseded => part_with(states, lives, subject, &state, context.settings.grace).await,
            Verdict::Stray => part_with(states, lives, subject, &state, Duration::ZERO).await,
        };
        loan = loan.into_iter().chain(next).min();
        if verdict == Verdict::InUse {
            let term = life(lives, subject, &state).and_then(|life| life.soonest());
            lent = lent.into_iter().chain(term).min_by_key(Term::ends);
        }
    }
    context.metrics.external_secret_lent(&subject.key, lent);
    loan
}

fn life(lives: &Lives, subject: &Subject, state: &State) -> Option<Life> {
    let known = lives.get(subject, state);
    known.map_or_else(|| kept::account(state).life, |known| known.life)
}

/// What becomes of each state, judged entry by entry.
fn verdicts(lives: &Lives, subject: &Subject, current: &[Arc<State>]) -> Vec<(Verdict, Arc<State>)> {
    let mut entries: BTreeMap<&str, Vec<&Arc<State>>> = BTreeMap::new();
    for state in current {
        entries.entry(&state.entry).or_default().push(state);
    }
    let named = entries_of(subject);
    let settled = due::is_synced_generation(&subject.synced, subject.generation);
    let mut verdicts = Vec::new();
    for (entry, states) in entries {
        // An entry that is no more lends nothing, once the target was written without it.
        if settled && !named.iter().any(|named| named == entry) {
            verdicts.extend(
                states
                    .into_iter()
                    .map(|state| (Verdict::Superseded, state.clone())),
            );
            continue;
        }
        let candidates: Vec<_> = states
            .iter()
            .map(|state| candidate(lives, subject, state))
            .collect();
        verdicts.extend(
            lease::judge(&candidates)
                .into_iter()
                .zip(states.into_iter().cloned()),
        );
    }
    verdicts
}

fn entries_of(subject: &Subject) -> Vec<String> {
    (0..subject.spec.data_from.len())
        .map(|index| state::owner_key(&subject.key, index))
        .collect()
}

/// A mirror may lag behind our own write: what we remember goes first.
fn candidate(lives: &Lives, subject: &Subject, state: &State) -> Candidate {
    let account = kept::account(state);
    let known = lives.get(subject, state);
    let data_hash = subject
        .existing
        .as_deref()
        .map(|target| target.data_hash.as_str());
    let is_in_use = known.as_ref().is_some_and(|known| known.is_in_use);
    Candidate {
        made: account.made,
        is_complete: account.is_complete || known.is_some(),
        fits_target: is_in_use.then_some(true).or_else(|| account.fits(data_hash)),
    }
}

/// Renews it if that is due.
async fn look_after(context: &Context, lives: &Lives, subject: &Subject, state: &State) -> Option<Loan> {
    let known = lives.get(subject, state);
    let is_in_use = known.as_ref().is_some_and(|known| known.is_in_use);
    let mut life = life(lives, subject, state)?;
    if life.step(subject.now) == Some(Step::Renew) {
        renew(context, subject, state, &mut life).await;
        let known = Known {
            life: Some(life.clone()),
            is_in_use,
        };
        lives.set(subject, state, known);
    }
    match life.step(subject.now)? {
        Step::Rest(until) => Some(Loan::Until(until)),
        // Renewed, and due again: it is granted for less than the time that calls take.
        Step::Renew => Some(Loan::Until(later(subject.now, due::SHORTEST_INTERVAL))),
        Step::Replace => Some(Loan::Over),
    }
}

async fn renew(context: &Context, subject: &Subject, state: &State, life: &mut Life) {
    let renewed = context.generators.renew(state, subject.now).await;
    audit::renewed(context, subject, state, renewed.as_ref().err());
    match renewed {
        Ok(Renewal::Renewed(terms)) => {
            debug!(external_secret = %subject.key, generator_state = %state.key, "what a generator lent was renewed");
            life.renewed(terms);
        }
        Ok(Renewal::Over) => life.over(),
        Err(problem) => {
            warn!(external_secret = %subject.key, generator_state = %state.key, reason = problem.reason(), cause = %problem, "what a generator lent could not be renewed yet");
            context.metrics.problem("externalsecret", problem.reason());
            life.not_renewed(subject.now);
        }
    }
}

/// From then on nobody needs it.
async fn part_with(
    states: &dyn GeneratorStates,
    lives: &Lives,
    subject: &Subject,
    state: &State,
    grace: Duration,
) -> Option<Loan> {
    lives.forget(subject, state);
    match kept::retire(states, state, subject.now, grace).await {
        Ok(()) => None,
        Err(problem) => {
            warn!(generator_state = %state.key, cause = %problem, "what a generator lent is not needed any more, and could not be flagged yet");
            Some(Loan::Until(later(subject.now, PAUSE)))
        }
    }
}

fn later(now: Timestamp, pause: Duration) -> Timestamp {
    now.checked_add(pause).unwrap_or(Timestamp::MAX)
}

/// The pages of one sync, one for each entry that is generated.
#[derive(Debug, Default)]
pub struct Book(BTreeMap<usize, Page>);

impl Book {
    pub fn open(context: &Context, subject: &Subject, wants: &[Want]) -> Self {
        let page = |entry| {
            let owner = Owner::external_secret(&subject.key, &subject.claimant.uid, entry);
            (entry, Page::kept_in(&context.cluster, owner))
        };
        Self(generated(wants).map(page).collect())
    }

    /// One in which nothing stays.
    pub fn glance(wants: &[Want]) -> Self {
        Self(generated(wants).map(|entry| (entry, Page::glance())).collect())
    }

    /// That of an entry that is generated.
    pub fn page(&self, entry: Entry) -> &Page {
        let page = match entry {
            Entry::DataFrom(index) => self.0.get(&index),
            Entry::Data(_) => None,
        };
        page.expect("the book was opened for the same wants")
    }

    /// Notes what was made, before the target is written with it.
    pub async fn record(&self, lives: &Lives, subject: &Subject, made: &Made) -> Result<(), Problem> {
        let data_hash = match made {
            Made::Secret(secret) => Some(fingerprint::of_values(&secret.values)),
            Made::Resource(_) => None,
        };
        for page in self.0.values() {
            let noted = page
                .record(|content| kept::mark(content, data_hash.as_deref()))
                .await?;
            if let Some(state) = noted {
                let life = kept::account(&state).life.map(Life::at_first_hand);
                let is_in_use = false;
                lives.set(subject, &state, Known { life, is_in_use });
            }
        }
        Ok(())
    }

    /// The target was written with what was made: what was there before is only needed by those who have not noticed.
    pub async fn keep(&self, context: &Context, lives: &Lives, subject: &Subject) {
        let Some(states) = context.cluster.generator_states().filter(|_| !self.0.is_empty()) else {
            return;
        };
        let fresh: Vec<State> = self.0.values().filter_map(Page::state).collect();
        for state in &fresh {
            if let Some(known) = lives.get(subject, state) {
                let is_in_use = true;
                lives.set(subject, state, Known { is_in_use, ..known });
            }
        }
        for state in states.states_of(&subject.claimant.uid) {
            if state.is_current() && fresh.iter().all(|fresh| fresh.uid != state.uid) {
                part_with(states, lives, subject, &state, context.settings.grace).await;
            }
        }
    }

    /// The target was not written with it: it is undone.
    pub async fn discard(&self, context: &Context, lives: &Lives, subject: &Subject) {
        let Some(states) = context.cluster.generator_states() else {
            return;
        };
        for page in self.0.values() {
            if let Some(state) = page.state() {
                part_with(states, lives, subject, &state, Duration::ZERO).await;
            }
            page.forsake(&context.generators, subject.now).await;
        }
    }
}

fn generated(wants: &[Want]) -> impl Iterator<Item = usize> {
    wants.iter().filter_map(|want| match (&want.ask, want.entry) {
        (Ask::Generate { .. }, Entry::DataFrom(index)) => Some(index),
        _ => None,
    })
}
