//! Is it time to push, and how thoroughly?

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use lockstep_api::push_secret::{PushSecretSpec, PushSecretStatus};
use lockstep_api::{ConditionStatus, ConditionType};

use crate::engine::due::{Loan, SHORTEST_INTERVAL};

/// What a watch has seen of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sighting {
    pub version: u64,
    /// When it was last written, as far as the API server tells.
    pub changed: Option<Timestamp>,
}

/// What the decision rests on.
#[derive(Debug)]
pub struct Facts<'a> {
    pub spec: &'a PushSecretSpec,
    /// As it is, or would be had it been written.
    pub status: &'a PushSecretStatus,
    /// What `status.syncedResourceVersion` would be now.
    pub version: &'a str,
    /// The last round of this run of ours; none after a restart.
    pub last: Option<Last<'a>>,
    /// The sources, as far as they were seen.
    pub sources: &'a BTreeMap<String, Sighting>,
    /// A store is meant that was not when we last pushed, or a template is another.
    pub is_outdated: bool,
    /// What a generator lent, and was pushed.
    pub loan: Option<Loan>,
    pub now: Timestamp,
}

/// What is remembered of the last round.
#[derive(Clone, Copy, Debug)]
pub struct Last<'a> {
    /// What `status.syncedResourceVersion` would have been.
    pub version: &'a str,
    /// When everything was last looked at.
    pub began: Timestamp,
    /// The round that failed, if it did.
    pub unfinished: Option<Round>,
    /// The sources, and their versions as they were read.
    pub sources: &'a BTreeMap<String, u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    Now(Round),
    At(Timestamp),
    /// Not by time.
    Never,
}

/// How much of the work is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Round {
    /// Everything is pushed, whatever was pushed before: so is repaired what others did at the backend.
    pub pushes_all: bool,
    /// What is pushed no more is deleted. Not when a source has just changed: one that is replaced is gone for a moment,
    /// and what is deleted at a backend may be gone for good. That waits for the refresh, as in ESO.
    pub deletes: bool,
}

impl Round {
    pub const WHOLE: Self = Self {
        pushes_all: true,
        deletes: true,
    };
    /// Only what differs from what was pushed last.
    const DIFFERENCE: Self = Self {
        pushes_all: false,
        deletes: false,
    };
}

pub fn due(facts: &Facts) -> Due {
    let unfinished = facts.last.and_then(|last| last.unfinished);
    // What has ended is of no use to stores that failed to get it, either.
    if is_changed(facts) || facts.loan == Some(Loan::Over) {
        return Due::Now(Round::WHOLE);
    }
    if let Some(round) = unfinished {
        return Due::Now(Round {
            pushes_all: false,
            ..round
        });
    }
    let is_well = is_ready(facts.status);
    if facts.last.is_none() && !is_well {
        return Due::Now(Round::WHOLE);
    }
    no_later_than_loan(by_time(facts, is_well), facts.loan)
}

fn by_time(facts: &Facts, is_well: bool) -> Due {
    let interval = facts.spec.refresh_interval();
    if interval.is_zero() && is_well {
        return Due::Never;
    }
    let next = next_round(facts, interval);
    match next {
        Some(next) if next <= facts.now => Due::Now(Round::WHOLE),
        _ if facts.is_outdated || has_source_changed(facts) => Due::Now(Round::DIFFERENCE),
        Some(next) => Due::At(next),
        None => Due::Never,
    }
}

/// What is pushed and lent is to be good as long as it is there.
fn no_later_than_loan(due: Due, loan: Option<Loan>) -> Due {
    match (due, loan) {
        (Due::Now(round), _) => Due::Now(round),
        (Due::At(time), Some(Loan::Until(until))) => Due::At(time.min(until)),
        (Due::Never, Some(Loan::Until(until))) => Due::At(until),
        (due, None | Some(Loan::Over)) => due,
    }
}

/// The object is not the one that was pushed for.
fn is_changed(facts: &Facts) -> bool {
    let told = facts.status.synced_resource_version.as_deref();
    facts.last.map(|last| last.version).or(told) != Some(facts.version)
}

/// `None`: not by time. A clock that went back does not keep anybody waiting.
fn next_round(facts: &Facts, interval: Duration) -> Option<Timestamp> {
    if interval.is_zero() {
        return None;
    }
    let told = facts.status.refresh_time.as_ref().map(|time| time.0);
    let last = facts.last.map(|last| last.began).or(told);
    let last = last.filter(|last| *last <= facts.now);
    let next = last.and_then(|last| last.checked_add(interval.max(SHORTEST_INTERVAL)).ok());
    Some(next.unwrap_or(facts.now))
}

/// Is any source newer than what was pushed? After a restart that is told by the time of its last write.
fn has_source_changed(facts: &Facts) -> bool {
    let told = facts.status.refresh_time.as_ref().map(|time| time.0);
    facts
        .sources
        .iter()
        .any(|(name, seen)| match facts.last.map(|last| last.sources) {
            Some(pushed) => pushed.get(name).is_none_or(|version| seen.version > *version),
            None => seen
                .changed
                .zip(told)
                .is_none_or(|(changed, told)| changed >= told),
        })
}

fn is_ready(status: &PushSecretStatus) -> bool {
    let mut conditions = status.conditions.iter();
    conditions
        .any(|condition| condition.kind == ConditionType::Ready && condition.status == ConditionStatus::True)
}

#[cfg(test)]
mod tests;
