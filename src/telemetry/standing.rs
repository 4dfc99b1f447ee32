//! How ExternalSecrets stand: what only lockstep tells of them, for alerts to go by.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::exposition::number;
use super::objects::{Family, Row};
use crate::engine::lease::Term;

/// Told anew whenever an object was looked at.
#[derive(Clone, Debug, Default)]
pub struct Standing {
    /// The last sync that worked, as far as anybody knows.
    pub succeeded: Option<Timestamp>,
    /// Between two refreshes; `None`: there are none by time.
    pub interval: Option<Duration>,
    /// When the certificates end that the target holds, by key.
    pub certificates: BTreeMap<String, Timestamp>,
}

/// What few objects have.
#[derive(Debug, Default)]
pub(super) struct Rare {
    certificates: BTreeMap<String, Timestamp>,
    /// What ends first of what it was lent.
    lent: Option<Term>,
    is_held: bool,
    /// How often it was synced by a store that stands in for its own, and whether that was so the last time.
    by_fallback: u64,
    is_by_fallback: bool,
}

impl Rare {
    fn is_empty(&self) -> bool {
        self.certificates.is_empty() && self.lent.is_none() && !self.is_held && self.by_fallback == 0
    }
}

impl Row {
    pub(super) fn stands(&mut self, standing: Standing) {
        // What a turn starts from may be older than what the last one did.
        self.succeeded = self.succeeded.max(standing.succeeded);
        self.interval = standing.interval;
        self.change_rare(|rare| rare.certificates = standing.certificates);
    }

    pub(super) fn held(&mut self, is_held: bool) {
        self.change_rare(|rare| rare.is_held = is_held);
    }

    pub(super) fn answered(&mut self, by_fallback: bool) {
        if by_fallback || self.rare.is_some() {
            self.change_rare(|rare| {
                rare.by_fallback += u64::from(by_fallback);
                rare.is_by_fallback = by_fallback;
            });
        }
    }

    pub(super) fn lent(&mut self, term: Option<Term>) {
        self.change_rare(|rare| rare.lent = term);
    }

    fn change_rare(&mut self, change: impl FnOnce(&mut Rare)) {
        let mut rare = self.rare.take().map_or_else(Rare::default, |rare| *rare);
        change(&mut rare);
        self.rare = Some(rare).filter(|rare| !rare.is_empty()).map(Box::new);
    }
}

pub(super) const FAMILIES: [Family; 8] = [
    Family {
        name: "lockstep_externalsecret_last_success_timestamp_seconds",
        help: "When a sync last worked",
        sort: "gauge",
        series: |row, tell| {
            if let Some(succeeded) = row.succeeded {
                tell("", seconds(succeeded));
            }
        },
    },
    Family {
        name: "lockstep_externalsecret_refresh_interval_seconds",
        help: "How often an object is refreshed; absent where that is not by time",
        sort: "gauge",
        series: |row, tell| {
            if let Some(interval) = row.interval {
                tell("", interval.as_secs_f64());
            }
        },
    },
    Family {
        name: "lockstep_externalsecret_certificate_not_after_timestamp_seconds",
        help: "When a certificate ends that the target holds under a key",
        sort: "gauge",
        series: |row, tell| {
            for (key, end) in row.rare.iter().flat_map(|rare| &rare.certificates) {
                tell(&format!(",key=\"{key}\""), seconds(*end));
            }
        },
    },
    Family {
        name: "lockstep_guard_held",
        help: "1 where a change is held back until somebody accepts it",
        sort: "gauge",
        series: |row, tell| {
            if row.rare.as_ref().is_some_and(|rare| rare.is_held) {
                tell("", 1.0);
            }
        },
    },
    Family {
        name: "lockstep_fallback_active",
        help: "1 where a store that stands in gave what the object has now",
        sort: "gauge",
        series: |row, tell| {
            if row.rare.as_ref().is_some_and(|rare| rare.is_by_fallback) {
                tell("", 1.0);
            }
        },
    },
    Family {
        name: "lockstep_fallback_syncs_total",
        help: "Syncs of an object by a store that stands in for its own",
        sort: "counter",
        series: |row, tell| {
            if let Some(rare) = row.rare.as_ref().filter(|rare| rare.by_fallback > 0) {
                tell("", number(rare.by_fallback));
            }
        },
    },
    Family {
        name: "lockstep_lease_end_timestamp_seconds",
        help: "When what a backend lent ends, unless it is renewed",
        sort: "gauge",
        series: |row, tell| {
            if let Some(term) = lent(row) {
                tell("", seconds(term.ends()));
            }
        },
    },
    Family {
        name: "lockstep_lease_duration_seconds",
        help: "How long what a backend lent was granted for",
        sort: "gauge",
        series: |row, tell| {
            if let Some(term) = lent(row) {
                tell("", term.span().as_secs_f64());
            }
        },
    },
];

fn lent(row: &Row) -> Option<&Term> {
    row.rare.as_ref()?.lent.as_ref()
}

fn seconds(time: Timestamp) -> f64 {
    SignedDuration::from_secs(time.as_second()).as_secs_f64()
}
