//! Stores that stand in for one whose backend does not answer.
//!
//! A store names them in an annotation, in the order in which they are asked: stores of its own kind, and of its own
//! namespace where it has one.
//!
//! - They are asked on an outage and on nothing else: a refusal, or that there is no such secret, is an answer.
//! - One of them answers for all that an object asks of the store in a turn, so that no two values of one secret come
//!   from two places.
//! - It can only give. That it lacks something says nothing about the store that it stands in for, and the next one is
//!   asked.

use std::collections::BTreeSet;

use lockstep_api::ExternalSecretStatus;
use lockstep_api::external_secret::SourceFault;

use super::collect::{Found, Want};
use super::object::{ObjectKey, ObjectRef, StoreKey};
use super::problem::Problem;
use super::store::Store;

/// On a store: the names of those that stand in for it.
pub const ANNOTATION: &str = "lockstep.dev/fallback-stores";
/// Why an entry is told of in `status.sources` although it was fetched.
pub const REASON: &str = "AnsweredByFallback";

/// Each of them may make a turn wait.
const MOST: usize = 8;

pub fn chain(store: &Store) -> Result<Vec<StoreKey>, Problem> {
    let Some(text) = store.annotations.get(ANNOTATION) else {
        return Ok(Vec::new());
    };
    let invalid = |why: String| Problem::InvalidSpec {
        field: format!("metadata.annotations[{ANNOTATION}]"),
        why,
    };
    let names: Vec<&str> = text.split(',').map(str::trim).collect();
    if names.len() > MOST {
        return Err(invalid(format!("names more than {MOST} stores")));
    }
    let mut seen = BTreeSet::from([store.key.name()]);
    let mut chain = Vec::new();
    for name in names {
        if name.is_empty() {
            return Err(invalid("has an empty name in it".to_owned()));
        }
        if !seen.insert(name) {
            return Err(invalid(format!("names {name} twice, or names its own store")));
        }
        chain.push(match &store.key {
            StoreKey::Namespaced(key) => StoreKey::Namespaced(ObjectKey::new(&key.namespace, name)),
            StoreKey::Cluster(_) => StoreKey::Cluster(name.to_owned()),
        });
    }
    Ok(chain)
}

/// Whether the backend was out of reach for some of what an object asked of it, and answered nothing that would have to
/// be believed.
pub fn is_outage<'a>(answers: impl IntoIterator<Item = &'a Result<Found, Problem>>) -> bool {
    let mut problems = answers
        .into_iter()
        .filter_map(|answer| answer.as_ref().err())
        .peekable();
    problems.peek().is_some() && problems.all(Problem::is_outage)
}

/// What a store that stands in gave: everything, or else why it is of no help.
pub fn taken(answers: &[Result<Found, Problem>]) -> Result<(), &'static str> {
    for answer in answers {
        match answer {
            Err(problem) => return Err(problem.reason()),
            Ok(Found::Map(values)) if values.is_empty() => return Err("Absent"),
            Ok(Found::Map(_) | Found::Value(_) | Found::Unmade) => {}
        }
    }
    Ok(())
}

/// The failure of one entry, where nobody could stand in. `unhelpful` says so of each who was asked. It is tried again,
/// whatever the failure was: any of them may be the first to be back.
pub fn in_vain(problem: &Problem, unhelpful: &[String]) -> Problem {
    let tried = if unhelpful.is_empty() {
        String::new()
    } else {
        format!(" ({})", unhelpful.join(", "))
    };
    Problem::Unreachable {
        what: problem.to_string(),
        why: format!("and no fallback helps{tried}"),
    }
}

/// A store that an object asks, and the one that answered in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StandIn {
    pub store: StoreKey,
    pub fallback: StoreKey,
    /// What the store's own answer was.
    pub cause: String,
}

impl StandIn {
    pub fn sentence(&self) -> String {
        format!(
            "{} does not answer; {} has answered in its place",
            self.store, self.fallback
        )
    }

    /// The same with its cause, for what is told once: the cause may differ from one turn to the next.
    pub fn announcement(&self) -> String {
        format!("{} ({})", self.sentence(), self.cause)
    }

    pub fn fallback(&self) -> ObjectRef {
        (&self.fallback).into()
    }
}

/// The entries that were answered by other stores than they name, for `status.sources`.
pub fn told(wants: &[Want], stand_ins: &[StandIn]) -> Vec<SourceFault> {
    let told = wants.iter().filter_map(|want| {
        let store = want.ask.store()?;
        let stand_in = stand_ins.iter().find(|stand_in| stand_in.store == *store)?;
        Some(SourceFault {
            entry: want.entry.path(),
            key: want.ask.key().map(str::to_owned),
            property: want.ask.property().map(str::to_owned),
            reason: REASON.to_owned(),
            message: Some(stand_in.sentence()),
        })
    });
    told.collect()
}

/// Whether the status tells of an entry that another store answered.
pub fn is_told(status: &ExternalSecretStatus) -> bool {
    status.sources.iter().any(|source| source.reason == REASON)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use lockstep_api::{Parsed, SecretStoreStatus};
    use serde_json::json;

    use super::*;
    use crate::engine::values::Values;

    fn store(key: StoreKey, annotation: &str) -> Store {
        Store {
            key,
            uid: "u".to_owned(),
            generation: 1,
            labels: BTreeMap::new(),
            annotations: BTreeMap::from([(ANNOTATION.to_owned(), annotation.to_owned())]),
            terminating: false,
            is_held: false,
            spec: Parsed::from_json(json!({})),
            status: SecretStoreStatus::default(),
        }
    }

    #[test]
    fn those_who_stand_in_are_of_the_kind_and_namespace_of_the_store() {
        let namespaced = StoreKey::Namespaced(ObjectKey::new("ns", "a"));
        let names = |key: &StoreKey, annotation: &str| {
            let chain = chain(&store(key.clone(), annotation));
            chain.map(|chain| {
                chain
                    .iter()
                    .map(ToString::to_string)
                    .collect::<Vec<_>>()
                    .join(" ")
            })
        };
        let both = Ok("SecretStore ns/b SecretStore ns/c".to_owned());
        assert_eq!(names(&namespaced, " b,\nc "), both);
        let cluster = StoreKey::Cluster("a".to_owned());
        assert_eq!(names(&cluster, "b"), Ok("ClusterSecretStore b".to_owned()));
        for broken in ["", "b,", "b,b", "a", "b,c,d,e,f,g,h,i,j"] {
            let problem = names(&namespaced, broken).expect_err("broken");
            assert!(problem.to_string().contains(ANNOTATION), "{broken}: {problem}");
        }
    }

    fn value() -> Found {
        Found::Value("v".into())
    }

    fn gone() -> Problem {
        Problem::Unreachable {
            what: "k".to_owned(),
            why: "HTTP 503".to_owned(),
        }
    }

    fn absent() -> Problem {
        Problem::Absent { key: "k".to_owned() }
    }

    #[test]
    fn only_an_outage_is_a_reason_to_ask_another() {
        let refused = Problem::Refused {
            what: "k".to_owned(),
            why: "HTTP 403".to_owned(),
        };
        let throttled = Problem::Throttled {
            what: "k".to_owned(),
            why: "HTTP 429".to_owned(),
            retry_after: None,
        };
        for (answers, expected) in [
            (vec![Ok(value())], false),
            (vec![Err(gone())], true),
            (vec![Err(gone().at("somewhere"))], true),
            (vec![Ok(value()), Err(gone())], true),
            (vec![Err(gone()), Err(absent())], false),
            (vec![Err(absent())], false),
            (vec![Err(refused)], false),
            (vec![Err(throttled)], false),
            (Vec::new(), false),
        ] {
            assert_eq!(is_outage(&answers), expected, "{answers:?}");
        }
    }

    #[test]
    fn who_stands_in_gives_everything_or_nothing() {
        let one = Values::from([("a".to_owned(), "v".into())]);
        assert_eq!(taken(&[Ok(value()), Ok(Found::Map(one))]), Ok(()));
        assert_eq!(taken(&[Ok(value()), Err(absent())]), Err("Absent"));
        assert_eq!(taken(&[Ok(Found::Map(Values::new()))]), Err("Absent"), "a search");
        assert_eq!(taken(&[Err(gone())]), Err("Unreachable"));
        let problem = in_vain(&gone(), &["SecretStore ns/b: Absent".to_owned()]);
        assert_eq!(
            problem.to_string(),
            "k: HTTP 503: and no fallback helps (SecretStore ns/b: Absent)"
        );
        assert!(!problem.is_absent());
    }
}
