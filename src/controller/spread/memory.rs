//! What is remembered from one turn to the next, as long as the process lives.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};

use crate::engine::object::ObjectKey;
use crate::engine::spread::{Child, ParentKey, Sort};

/// How long a child that was made is believed to be there without the watch having told so.
const PATIENCE: SignedDuration = SignedDuration::from_secs(30);

#[derive(Debug, Default)]
pub struct Memory(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// The namespaces that each parent reached when it was last looked at.
    reached: HashMap<ParentKey, BTreeSet<String>>,
    /// Children that were made, and that the watch has not told of yet.
    made: HashMap<(Sort, ObjectKey), (Child, Timestamp)>,
}

impl Memory {
    pub fn reaches(&self, parent: &ParentKey, namespaces: BTreeSet<String>) {
        self.state().reached.insert(parent.clone(), namespaces);
    }

    /// Whether the parent reached this namespace when it was last looked at; `None` if it never was.
    pub fn reached(&self, parent: &ParentKey, namespace: &str) -> Option<bool> {
        let state = self.state();
        Some(state.reached.get(parent)?.contains(namespace))
    }

    pub fn forget(&self, parent: &ParentKey) {
        self.state().reached.remove(parent);
    }

    pub fn make(&self, sort: Sort, child: Child, now: Timestamp) {
        self.state().made.insert((sort, child.key.clone()), (child, now));
    }

    /// What is there: what the watch has seen, else what was made a moment ago.
    pub fn made(&self, sort: Sort, key: &ObjectKey, seen: Option<Child>, now: Timestamp) -> Option<Child> {
        let mut state = self.state();
        if state.made.is_empty() {
            return seen;
        }
        let id = (sort, key.clone());
        let is_young = |made: Timestamp| now.duration_since(made) < PATIENCE;
        if seen.is_some() || state.made.get(&id).is_some_and(|(_, made)| !is_young(*made)) {
            state.made.remove(&id);
            return seen;
        }
        state.made.get(&id).map(|(child, _)| child.clone())
    }

    /// The watch saw a child go.
    pub fn gone(&self, sort: Sort, key: &ObjectKey) {
        let mut state = self.state();
        if !state.made.is_empty() {
            state.made.remove(&(sort, key.clone()));
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::engine::plan::Base;

    fn child(namespace: &str, version: &str) -> Child {
        Child {
            key: ObjectKey::new(namespace, "c"),
            base: Base {
                uid: "u".to_owned(),
                resource_version: version.to_owned(),
            },
            terminating: false,
            labels: BTreeMap::new(),
            annotations: BTreeMap::new(),
            finalizers: Vec::new(),
            owners: Vec::new(),
            spec: None,
        }
    }

    #[test]
    fn what_was_made_is_there_until_the_watch_tells_more() {
        let (memory, sort) = (Memory::default(), Sort::ExternalSecret);
        let (made, key) = (child("ns", "1"), ObjectKey::new("ns", "c"));
        let at = |second| Timestamp::from_second(second).expect("a time");
        memory.make(sort, made.clone(), at(0));
        assert_eq!(memory.made(sort, &key, None, at(1)), Some(made.clone()));
        assert_eq!(memory.made(Sort::PushSecret, &key, None, at(1)), None);
        let seen = child("ns", "2");
        assert_eq!(memory.made(sort, &key, Some(seen.clone()), at(1)), Some(seen));
        assert_eq!(
            memory.made(sort, &key, None, at(1)),
            None,
            "it was seen, and is gone"
        );

        memory.make(sort, made.clone(), at(0));
        assert_eq!(
            memory.made(sort, &key, None, at(30)),
            None,
            "nobody has told of it"
        );
        memory.make(sort, made, at(0));
        memory.gone(sort, &key);
        assert_eq!(memory.made(sort, &key, None, at(1)), None);
    }
}
