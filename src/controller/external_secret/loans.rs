//! What generators have lent to an ExternalSecret: looked after before anything is decided, and kept in step with what
//! is written.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::gather::Subject;
use crate::controller::Context;
use crate::controller::lent::{self, Known, Lives};
use crate::engine::collect::{Ask, Entry, Want};
use crate::engine::due::{self, Loan};
use crate::engine::fingerprint;
use crate::engine::lease::{self, Candidate, Life, Term, Verdict};
use crate::engine::problem::Problem;
use crate::engine::render::Made;
use crate::engine::state::{self, State};
use crate::generator::kept;
use crate::generator::page::{Owner, Page};

/// Sorts out what an earlier turn or run left behind, renews what is to be renewed, and says when to look again.
pub async fn tend(context: &Context, lives: &Lives, subject: &Subject) -> Option<Loan> {
    let states = context.cluster.generator_states()?;
    let mut current = states.states_of(&subject.claimant.uid);
    current.retain(|state| state.is_current());
    let (mut loan, mut term) = (None, None);
    for (verdict, state) in verdicts(lives, subject, &current) {
        let next = match verdict {
            Verdict::Unclear if kept::account(&state).can_tell() => Some(Loan::Over),
            // Where no note can tell, each may be in use, and none is replaced for that: the next sync tells.
            Verdict::InUse | Verdict::Unclear => {
                lent::look_after(context, lives, subject.borrower(), &state).await
            }
            Verdict::Superseded => {
                lent::part_with(states, lives, subject.borrower(), &state, context.settings.grace).await
            }
            Verdict::Stray => {
                lent::part_with(states, lives, subject.borrower(), &state, Duration::ZERO).await
            }
        };
        loan = loan.into_iter().chain(next).min();
        if verdict == Verdict::InUse {
            let soonest = lives.life(&subject.key, &state).and_then(|life| life.soonest());
            term = term.into_iter().chain(soonest).min_by_key(Term::ends);
        }
    }
    context.metrics.external_secret_lent(&subject.key, term);
    loan.into_iter()
        .chain(lives.next(&subject.key, subject.now))
        .min()
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
    let known = lives.get(&subject.key, state);
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
                lives.set(&subject.key, &state, Known { life, is_in_use });
            }
        }
        Ok(())
    }

    /// The target was written with what was made: what was there before is only needed by those who have not noticed.
    /// When to look after it.
    pub async fn keep(&self, context: &Context, lives: &Lives, subject: &Subject) -> Option<Loan> {
        if self.0.is_empty() {
            return subject.loan;
        }
        let states = context.cluster.generator_states()?;
        let fresh: Vec<State> = self.0.values().filter_map(Page::state).collect();
        let mut term = None;
        for state in &fresh {
            if let Some(known) = lives.get(&subject.key, state) {
                let is_in_use = true;
                let soonest = known.life.as_ref().and_then(Life::soonest);
                term = term.into_iter().chain(soonest).min_by_key(Term::ends);
                lives.set(&subject.key, state, Known { is_in_use, ..known });
            }
        }
        context.metrics.external_secret_lent(&subject.key, term);
        let mut unflagged = None;
        for state in states.states_of(&subject.claimant.uid) {
            if state.is_current() && fresh.iter().all(|fresh| fresh.uid != state.uid) {
                let grace = context.settings.grace;
                let again = lent::part_with(states, lives, subject.borrower(), &state, grace).await;
                unflagged = unflagged.into_iter().chain(again).min();
            }
        }
        let next = lives.next(&subject.key, subject.now);
        next.into_iter().chain(unflagged).min()
    }

    /// The target was not written with it: it is undone.
    pub async fn discard(&self, context: &Context, lives: &Lives, subject: &Subject) {
        let Some(states) = context.cluster.generator_states() else {
            return;
        };
        for page in self.0.values() {
            if let Some(state) = page.state() {
                lent::part_with(states, lives, subject.borrower(), &state, Duration::ZERO).await;
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
