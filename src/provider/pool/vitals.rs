//! How a store's backend is doing, for metrics.

use std::time::Duration;

use crate::provider::reader::gate::Standing;
use crate::provider::reader::tally::Totals;

/// One store at one moment, over all of its connections.
#[derive(Clone, Debug, PartialEq)]
pub struct Vitals {
    pub totals: Totals,
    pub connections: usize,
    /// Of how many users the backend does not answer; a store with credentials of its own has one user.
    pub away: usize,
    /// The tightest budget: calls a second where the backend has made us count, and calls at a time.
    pub a_second: Option<f64>,
    pub parallel: Option<usize>,
    /// Of the oldest token.
    pub token_age: Option<Duration>,
}

impl Vitals {
    pub(super) fn new(
        totals: Totals,
        gates: impl Iterator<Item = Standing>,
        token_ages: impl Iterator<Item = Option<Duration>>,
    ) -> Self {
        let gates: Vec<_> = gates.collect();
        let token_ages: Vec<_> = token_ages.collect();
        Self {
            totals,
            connections: token_ages.len(),
            away: gates.iter().filter(|gate| gate.is_away).count(),
            a_second: gates
                .iter()
                .filter_map(|gate| gate.a_second)
                .min_by(f64::total_cmp),
            parallel: gates.iter().map(|gate| gate.parallel).min(),
            token_age: token_ages.into_iter().flatten().max(),
        }
    }
}
