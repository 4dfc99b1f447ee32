//! Tells the metrics how an ExternalSecret stands. After a restart that is what its status and its target tell.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::act::Done;
use super::gather::Subject;
use crate::controller::Context;
use crate::engine::condition::Failure;
use crate::engine::problem::Problem;
use crate::engine::{due, fingerprint};
use crate::telemetry::Standing;

/// Of one that was only looked at.
pub fn tell(context: &Context, subject: &Subject) {
    let standing = found(subject);
    context.metrics.external_secret_stands(&subject.key, standing);
}

/// Of one that was synced, or was to be.
pub fn tell_result(context: &Context, subject: &Subject, result: &Result<Done, Box<Failure>>) {
    let standing = after(found(subject), result, subject.now);
    context.metrics.external_secret_stands(&subject.key, standing);
    if let Some(is_held) = is_held(result) {
        context.metrics.external_secret_held(&subject.key, is_held);
    }
}

fn found(subject: &Subject) -> Standing {
    Standing {
        succeeded: due::last_refresh(&subject.facts()),
        interval: due::interval(&subject.spec),
        certificates: certificates(subject),
    }
}

fn certificates(subject: &Subject) -> BTreeMap<String, Timestamp> {
    let target = subject.existing.as_deref();
    let manager = fingerprint::field_manager(&subject.key.name);
    target
        .map(|target| target.certificates_of(&manager))
        .unwrap_or_default()
}

/// That the backend has nothing new is an answer, and all is well.
fn after(before: Standing, result: &Result<Done, Box<Failure>>, now: Timestamp) -> Standing {
    match result {
        Ok(done) => Standing {
            succeeded: Some(now),
            certificates: done.certificates.clone(),
            ..before
        },
        Err(failure) if failure.is_not_modified() => Standing {
            succeeded: Some(now),
            ..before
        },
        Err(_) => before,
    }
}

/// `None`: what failed tells nothing of it, and it stays as it was.
fn is_held(result: &Result<Done, Box<Failure>>) -> Option<bool> {
    match result {
        Ok(_) => Some(false),
        Err(failure) => matches!(failure.problem, Problem::HeldBack { .. }).then_some(true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::controller::external_secret::act::Wrote;
    use crate::controller::external_secret::memory::Left;
    use crate::engine::condition::Stage;
    use crate::engine::plan::Outcome;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("a time")
    }

    fn end(key: &str) -> BTreeMap<String, Timestamp> {
        [(key.to_owned(), at(9))].into()
    }

    fn before() -> Standing {
        Standing {
            succeeded: Some(at(1)),
            interval: None,
            certificates: end("old"),
        }
    }

    fn done() -> Done {
        Done {
            loan: None,
            outcome: Outcome::Synced,
            wrote: Wrote::Nothing,
            bound: true,
            certificates: end("new"),
            left: Left::default(),
        }
    }

    fn failed(problem: Problem) -> Result<Done, Box<Failure>> {
        Err(Failure::new(Stage::Fetch, problem))
    }

    #[test]
    fn only_what_worked_moves_the_last_success() {
        let held = Problem::HeldBack {
            why: String::new(),
            accept: String::new(),
        };
        let nothing_new = Problem::NotModified { key: "k".to_owned() };
        for (result, succeeded, key) in [
            (Ok(done()), 5, "new"),
            (failed(nothing_new), 5, "old"),
            (failed(held), 1, "old"),
        ] {
            let standing = after(before(), &result, at(5));
            assert_eq!(standing.succeeded, Some(at(succeeded)));
            assert_eq!(standing.certificates, end(key));
        }
    }

    #[test]
    fn a_failure_of_another_sort_does_not_let_go() {
        let held = Problem::HeldBack {
            why: String::new(),
            accept: String::new(),
        };
        let other = Problem::BadData { why: String::new() };
        assert_eq!(is_held(&failed(held)), Some(true));
        assert_eq!(is_held(&failed(other)), None);
        assert_eq!(is_held(&Ok(done())), Some(false));
    }
}
