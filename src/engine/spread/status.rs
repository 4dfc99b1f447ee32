//! What is told of a parent: ESO's words, because people alert on them.

use std::collections::{BTreeMap, BTreeSet};

use lockstep_api::ConditionStatus;
use lockstep_api::cluster_external_secret::NamespaceFailure;

use super::{Parent, Sort, Spread, Status};
use crate::engine::condition::{self, Stamp, Verdict, truncate};
use crate::engine::problem::Problem;

/// The name under which a failure is told that is about no namespace.
const UNKNOWN: &str = "unknown";
const SOME_FAILED: &str = "one or more namespaces failed";
/// The reason of a ClusterPushSecret that nothing was done for.
pub const ERRORED: &str = "Errored";

/// What came of the namespaces.
#[derive(Debug, Default)]
pub struct Report {
    /// Where it is there, and as it should be.
    pub there: BTreeSet<String>,
    pub failed: BTreeMap<String, Problem>,
    /// Of which nothing can be said: they are going, or somebody else writes there at the same time.
    pub open: BTreeSet<String>,
}

impl Report {
    /// What to tell where one cause must do for all: the first that passes by itself, else the first.
    pub fn cause(&self) -> Option<&Problem> {
        let mut passing = self.failed.values().filter(|problem| problem.passes_by_itself());
        passing.next().or_else(|| self.failed.values().next())
    }
}

/// The status after all namespaces were seen to.
pub fn status(parent: &Parent, spread: &Spread, stamp: &Stamp, report: &Report) -> Status {
    let known = |namespace: &&String| parent.status.provisioned.binary_search(namespace).is_ok();
    let as_before = report.open.iter().filter(known);
    let provisioned: BTreeSet<&String> = report.there.iter().chain(as_before).collect();
    let sort = parent.key.sort;
    let failed = report.failed.iter().map(|(namespace, problem)| NamespaceFailure {
        namespace: namespace.clone(),
        reason: Some(told(sort, problem)),
    });
    let verdict = if report.failed.is_empty() {
        Verdict {
            status: ConditionStatus::True,
            reason: "",
            message: "",
        }
    } else {
        Verdict {
            status: ConditionStatus::False,
            reason: "",
            message: SOME_FAILED,
        }
    };
    Status {
        child_name: Some(spread.child_name.clone()),
        provisioned: provisioned.into_iter().cloned().collect(),
        failed: failed.collect(),
        conditions: condition::conditions(&parent.status.conditions, stamp, verdict, report.cause()),
    }
}

/// The status of a parent of which it is not known what it spreads, or where to. What it has spread stays.
pub fn status_of_fault(parent: &Parent, stamp: &Stamp, problem: &Problem) -> Status {
    let mut status = parent.status.clone();
    let is_known_to_eso = matches!(problem.root(), Problem::InvalidSpec { .. });
    let message = match parent.key.sort {
        _ if !is_known_to_eso => truncate(problem.to_string()),
        Sort::ExternalSecret => SOME_FAILED.to_owned(),
        Sort::PushSecret => "failed to get target Namespaces".to_owned(),
    };
    if is_known_to_eso && parent.key.sort == Sort::ExternalSecret {
        status.failed = vec![NamespaceFailure {
            namespace: UNKNOWN.to_owned(),
            reason: Some(told(parent.key.sort, problem)),
        }];
    }
    let reason = match parent.key.sort {
        Sort::ExternalSecret => "",
        Sort::PushSecret => ERRORED,
    };
    let verdict = Verdict {
        status: ConditionStatus::False,
        reason,
        message: &message,
    };
    status.conditions = condition::conditions(&parent.status.conditions, stamp, verdict, Some(problem));
    status
}

/// Does a status say anything that the old one does not? What ESO leaves untold is no news by itself.
pub fn is_news(old: &Status, new: &Status) -> bool {
    let same_but_conditions = Status {
        conditions: old.conditions.clone(),
        ..new.clone()
    } == *old;
    !same_but_conditions
        || (old.conditions != new.conditions && !condition::adds_generation(&old.conditions, &new.conditions))
}

fn told(sort: Sort, problem: &Problem) -> String {
    if matches!(problem.root(), Problem::Taken { .. }) {
        return sort.taken().to_owned();
    }
    truncate(problem.to_string())
}
