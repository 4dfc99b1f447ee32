//! What a backend lends for a time: when it is renewed, when another takes its place, and which of several is in use.
//!
//! A credential lives as long as the shortest of what it hangs on, which is its lease and the token that it was made
//! with. Each of these is a [`Term`].

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Something is done about a term when this much of it is over, less some jitter.
const DUE_AT: (u32, u32) = (8, 10);
/// Objects that were made together are not renewed together: up to this part of a term earlier.
const JITTER: u32 = 10;
/// A renewal that failed is not tried again once less than this part of the term is left: another one is asked for.
const LAST_CHANCE: u32 = 20;
/// A certificate is replaced this long before its end, or when a third of its life is left.
const CERTIFICATE_LEAD: Duration = Duration::from_hours(30 * 24);
/// Nobody waits for the end of what lasts longer.
const LONGEST: Duration = Duration::from_hours(100 * 365 * 24);
/// Nothing is done about a term more often than this.
const SHORTEST_PAUSE: Duration = Duration::from_secs(1);

/// How long something is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Term {
    pub granted: Timestamp,
    /// In seconds, as backends tell it.
    pub span: u64,
    pub sort: Sort,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sort {
    Renewable,
    /// It ends when it ends.
    Fixed,
    /// The same, but made to last, so that there is time to replace it.
    Certificate,
}

impl Term {
    pub fn ends(&self) -> Timestamp {
        after(self.granted, self.span())
    }

    /// What a backend says may be any number.
    pub fn span(&self) -> Duration {
        Duration::from_secs(self.span).min(LONGEST)
    }

    /// When something is to be done about it.
    fn due(&self, seed: &str) -> Timestamp {
        let span = self.span();
        let wait = match self.sort {
            Sort::Certificate => span.saturating_sub(CERTIFICATE_LEAD.min(span / 3)),
            Sort::Renewable | Sort::Fixed => {
                (span * DUE_AT.0 / DUE_AT.1).saturating_sub(jitter(seed, span / JITTER))
            }
        };
        after(self.granted, wait.max(SHORTEST_PAUSE.min(span)))
    }

    fn is_at_last_chance(&self, now: Timestamp) -> bool {
        let margin = self.span() / LAST_CHANCE;
        after(now, margin) >= self.ends()
    }
}

/// The same for one object at any time, so that a restart changes nothing.
fn jitter(seed: &str, most: Duration) -> Duration {
    let mut hasher = DefaultHasher::new();
    seed.hash(&mut hasher);
    let most = u64::try_from(most.as_millis()).unwrap_or(u64::MAX);
    Duration::from_millis(hasher.finish() % most.saturating_add(1))
}

fn after(time: Timestamp, pause: Duration) -> Timestamp {
    time.checked_add(pause).unwrap_or(Timestamp::MAX)
}

/// What is to be done now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing, until then.
    Rest(Timestamp),
    Renew,
    /// Another one is to take its place.
    Replace,
}

/// The life of one credential.
#[derive(Clone, Debug, PartialEq)]
pub struct Life {
    /// Tells objects apart, for jitter.
    seed: String,
    parts: Vec<Part>,
    /// Nobody of this run has renewed it yet, so that what an earlier one did is not known.
    is_hearsay: bool,
    is_over: bool,
    not_before: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Part {
    term: Term,
    /// As long as it was at first.
    full: u64,
}

impl Part {
    /// A renewal that grants much less than at first announces the end, which no renewal moves.
    fn can_be_renewed(&self) -> bool {
        self.term.sort == Sort::Renewable && self.term.span.saturating_mul(2) >= self.full
    }
}

impl Life {
    /// Of what was made just now. Terms without a span do not end.
    pub fn begun(seed: impl Into<String>, terms: impl IntoIterator<Item = Term>) -> Self {
        let terms = terms.into_iter().filter(|term| term.span > 0);
        Self {
            seed: seed.into(),
            parts: terms
                .map(|term| Part {
                    term,
                    full: term.span,
                })
                .collect(),
            is_hearsay: false,
            is_over: false,
            not_before: None,
        }
    }

    /// Of what an earlier run made, as it was then.
    pub fn remembered(seed: impl Into<String>, terms: impl IntoIterator<Item = Term>) -> Self {
        Self {
            is_hearsay: true,
            ..Self::begun(seed, terms)
        }
    }

    /// Nobody else can have renewed it.
    #[must_use]
    pub fn at_first_hand(self) -> Self {
        Self {
            is_hearsay: false,
            ..self
        }
    }

    /// `None`: it has no end.
    pub fn step(&self, now: Timestamp) -> Option<Step> {
        if self.is_over {
            return Some(Step::Replace);
        }
        let steps = self.parts.iter().map(|part| self.step_of(part, now));
        steps.reduce(sooner)
    }

    fn step_of(&self, part: &Part, now: Timestamp) -> Step {
        let due = part.term.due(&self.seed);
        if now < due {
            return Step::Rest(due);
        }
        if !part.can_be_renewed() {
            return Step::Replace;
        }
        if !self.is_hearsay && part.term.is_at_last_chance(now) {
            return Step::Replace;
        }
        match self.not_before {
            Some(pause) if now < pause => Step::Rest(pause),
            _ => Step::Renew,
        }
    }

    /// What renewing was granted, in the order of the terms that it began with.
    pub fn renewed(&mut self, terms: impl IntoIterator<Item = Term>) {
        let terms = terms.into_iter().filter(|term| term.span > 0);
        for (part, term) in self.parts.iter_mut().zip(terms) {
            part.term = term;
        }
        self.is_hearsay = false;
        self.not_before = None;
    }

    /// Renewing it failed for a reason that may pass.
    pub fn not_renewed(&mut self, now: Timestamp) {
        let left = self.parts.iter().map(|part| part.term.ends()).min();
        let left = left.and_then(|ends| Duration::try_from(ends.duration_since(now)).ok());
        let pause = (left.unwrap_or_default() / 8).max(SHORTEST_PAUSE);
        self.not_before = Some(after(now, pause));
    }

    /// The backend knows it no more, or does not let us renew it.
    pub fn over(&mut self) {
        self.is_over = true;
    }

    /// What ends first, as things stand.
    pub fn soonest(&self) -> Option<Term> {
        let terms = self.parts.iter().map(|part| part.term);
        terms.min_by_key(Term::ends)
    }

    /// When it ends if nobody renews it any more from `since` on.
    pub fn ends_by_itself(&self, since: Timestamp) -> Option<Timestamp> {
        let spans = self.parts.iter().map(|part| match part.term.sort {
            Sort::Renewable => after(
                since,
                Duration::from_secs(part.full.max(part.term.span)).min(LONGEST),
            ),
            Sort::Fixed | Sort::Certificate => part.term.ends(),
        });
        spans.min()
    }
}

fn sooner(one: Step, other: Step) -> Step {
    match (one, other) {
        (Step::Replace, _) | (_, Step::Replace) => Step::Replace,
        (Step::Renew, _) | (_, Step::Renew) => Step::Renew,
        (Step::Rest(one), Step::Rest(other)) => Step::Rest(one.min(other)),
    }
}

/// One of several credentials that were made for one entry of a spec.
#[derive(Clone, Copy, Debug)]
pub struct Candidate {
    pub made: Timestamp,
    /// It was made, and not only intended.
    pub is_complete: bool,
    /// The target holds what was written together with it. `None`: nobody can tell.
    pub fits_target: Option<bool>,
}

/// What becomes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    InUse,
    /// Another one has taken its place. Somebody may still use it for a while.
    Superseded,
    /// It never reached the target.
    Stray,
    /// It may be in use or not: it stays until the next sync tells.
    Unclear,
}

/// Which of them is in use. A process that ends between two writes leaves two, and the target tells.
pub fn judge(candidates: &[Candidate]) -> Vec<Verdict> {
    let complete = || candidates.iter().filter(|candidate| candidate.is_complete);
    let fitting = complete().filter(|candidate| candidate.fits_target == Some(true));
    let alone = Some(complete()).filter(|complete| complete.clone().count() == 1);
    let in_use = fitting
        .map(|candidate| candidate.made)
        .max()
        .or_else(|| alone.and_then(|mut alone| alone.next()).map(|alone| alone.made));
    candidates
        .iter()
        .map(|candidate| match in_use {
            _ if !candidate.is_complete => Verdict::Stray,
            None => Verdict::Unclear,
            Some(made) if candidate.made == made => Verdict::InUse,
            Some(made) if candidate.made < made => Verdict::Superseded,
            Some(_) => Verdict::Stray,
        })
        .collect()
}

#[cfg(test)]
mod tests;
