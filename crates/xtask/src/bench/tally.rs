//! Counts requests by what they ask for.

use std::collections::BTreeMap;

use anyhow::Result;
use lockstep_testkit::ControlPlane;
use serde::Serialize;

/// How many requests of each kind, such as `patch externalsecrets/status`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Tally(BTreeMap<String, usize>);

impl Tally {
    /// Everything the operator has asked for so far.
    pub fn of(plane: &ControlPlane) -> Result<Self> {
        let mut counts = BTreeMap::new();
        for request in plane.requests()? {
            let refused = if request.code >= 400 {
                format!(" ({})", request.code)
            } else {
                String::new()
            };
            *counts
                .entry(format!("{} {}{refused}", request.verb, request.resource))
                .or_insert(0) += 1;
        }
        Ok(Self(counts))
    }

    /// What came since an earlier count.
    pub fn since(&self, earlier: &Self) -> Self {
        let left = |(kind, count): (&String, &usize)| {
            let more = count - earlier.0.get(kind).copied().unwrap_or_default().min(*count);
            (more > 0).then(|| (kind.clone(), more))
        };
        Self(self.0.iter().filter_map(left).collect())
    }

    /// Without what fills and follows caches, and without the lease of the leader.
    pub fn without_reads_of_lists(&self) -> Self {
        let other = |kind: &str| {
            !kind.starts_with("list ") && !kind.starts_with("watch ") && !kind.contains(" leases")
        };
        Self(
            self.0
                .iter()
                .filter(|(kind, _)| other(kind))
                .map(|(kind, count)| (kind.clone(), *count))
                .collect(),
        )
    }

    /// All together.
    pub fn total(&self) -> usize {
        self.0.values().sum()
    }

    /// Each kind with its count.
    pub fn iter(&self) -> impl Iterator<Item = (&str, usize)> {
        self.0.iter().map(|(kind, count)| (kind.as_str(), *count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(counts: &[(&str, usize)]) -> Tally {
        Tally(
            counts
                .iter()
                .map(|(kind, count)| ((*kind).to_owned(), *count))
                .collect(),
        )
    }

    #[test]
    fn what_did_not_grow_is_left_out() {
        let now = tally(&[("create secrets", 5), ("list secrets", 1), ("watch secrets", 2)]);
        let since = now.since(&tally(&[("create secrets", 2), ("list secrets", 1)]));
        assert_eq!(since, tally(&[("create secrets", 3), ("watch secrets", 2)]));
        assert_eq!(since.without_reads_of_lists(), tally(&[("create secrets", 3)]));
        assert_eq!(since.total(), 5);
    }
}
