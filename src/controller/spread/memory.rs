//! What is remembered from one turn to the next, as long as the process lives.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::engine::object::ObjectKey;
use crate::engine::spread::{Child, ParentKey, Sort};

/// Between two attempts on a namespace that fails, at least and at most.
const SHORTEST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_mins(5);

/// How long a child that was made is believed to be there without the watch having told so.
const PATIENCE: SignedDuration = SignedDuration::from_secs(30);

#[derive(Debug, Default)]
pub struct Memory(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// The namespaces that each parent reached when it was last looked at.
    reached: HashMap<ParentKey, BTreeSet<String>>,
    /// The namespaces in which each parent fails, and since when.
    failing: HashMap<ParentKey, BTreeMap<String, Timestamp>>,
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

    /// These namespaces are the ones that fail. When to try again: each after as long as it has failed already, so
    /// that whatever else wakes the parent meanwhile makes no difference.
    pub fn fails(&self, parent: &ParentKey, namespaces: &[&String], now: Timestamp) -> Option<Duration> {
        let mut state = self.state();
        let mut before = state.failing.remove(parent).unwrap_or_default();
        let since = |name: &&String| (String::clone(name), before.remove(*name).unwrap_or(now));
        let failing: BTreeMap<_, _> = namespaces.iter().map(since).collect();
        let latest = failing.values().max().copied()?;
        state.failing.insert(parent.clone(), failing);
        let lasts = Duration::try_from(now.duration_since(latest)).unwrap_or_default();
        Some(lasts.clamp(SHORTEST_PAUSE, LONGEST_PAUSE))
    }

    pub fn forget(&self, parent: &ParentKey) {
        let mut state = self.state();
        state.reached.remove(parent);
        state.failing.remove(parent);
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
    fn a_namespace_that_fails_is_tried_after_as_long_as_it_has_failed() {
        let memory = Memory::default();
        let parent = ParentKey {
            sort: Sort::PushSecret,
            name: "all".to_owned(),
        };
        let (old, new) = ("old".to_owned(), "new".to_owned());
        let fails = |names: &[&String], second| {
            let now = Timestamp::from_second(second).expect("a time");
            memory.fails(&parent, names, now).map(|pause| pause.as_secs())
        };
        assert_eq!(fails(&[&old], 100), Some(1));
        // However often it is woken.
        assert_eq!(fails(&[&old], 100), Some(1));
        assert_eq!(fails(&[&old], 108), Some(8));
        assert_eq!(fails(&[&old, &new], 116), Some(1), "one has only begun to");
        assert_eq!(fails(&[&old, &new], 120), Some(4));
        assert_eq!(fails(&[&old], 5000), Some(300));
        assert_eq!(fails(&[], 5001), None);
        assert_eq!(fails(&[&old], 5002), Some(1), "it was well in between");
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
