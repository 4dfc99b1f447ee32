//! Who hangs on what, both ways.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use crate::engine::object::ObjectRef;

/// Which followers each object concerns.
#[derive(Debug)]
pub struct Concerned<F> {
    by_object: HashMap<ObjectRef, Followers<F>>,
    /// A few each.
    by_follower: HashMap<F, Box<[ObjectRef]>>,
}

/// There are as many objects as followers, for every follower has a target of its own; and a store has thousands.
#[derive(Debug)]
#[expect(
    clippy::box_collection,
    reason = "six times as large as the other sort, which is the one that there are many of"
)]
enum Followers<F> {
    One(F),
    Many(Box<HashSet<F>>),
}

impl<F> Default for Concerned<F> {
    fn default() -> Self {
        Self {
            by_object: HashMap::new(),
            by_follower: HashMap::new(),
        }
    }
}

/// What concerns somebody now and did not before, and the other way round.
#[derive(Debug, Default, PartialEq)]
pub struct Shift {
    pub taken_up: Vec<ObjectRef>,
    pub dropped: Vec<ObjectRef>,
}

impl<F: Clone + Eq + Hash> Concerned<F> {
    /// From now on these objects, and no others, concern the follower.
    pub fn set(&mut self, follower: &F, objects: HashSet<ObjectRef>) -> Shift {
        let mut shift = Shift::default();
        let before = self.by_follower.remove(follower).unwrap_or_default();
        for object in objects.iter().filter(|object| !before.contains(object)) {
            match self.by_object.entry(object.clone()) {
                Entry::Occupied(mut followers) => followers.get_mut().insert(follower),
                Entry::Vacant(nobody) => {
                    nobody.insert(Followers::One(follower.clone()));
                    shift.taken_up.push(object.clone());
                }
            }
        }
        for object in before.iter().filter(|object| !objects.contains(*object)) {
            let followers = self.by_object.get_mut(object);
            if followers.is_some_and(|followers| followers.remove(follower)) {
                self.by_object.remove(object);
                shift.dropped.push(object.clone());
            }
        }
        if !objects.is_empty() {
            // The names of what many follow are shared by all of them.
            let known = |object| {
                self.by_object
                    .get_key_value(&object)
                    .map(|(known, _)| known.clone())
            };
            let objects = objects.into_iter().filter_map(known).collect();
            self.by_follower.insert(follower.clone(), objects);
        }
        shift
    }

    /// Those whom the object concerns.
    pub fn by(&self, object: &ObjectRef) -> impl Iterator<Item = &F> {
        let (one, many) = match self.by_object.get(object) {
            Some(Followers::One(follower)) => (Some(follower), None),
            Some(Followers::Many(followers)) => (None, Some(followers.iter())),
            None => (None, None),
        };
        one.into_iter().chain(many.into_iter().flatten())
    }

    /// How many objects concern anybody.
    pub fn count(&self) -> usize {
        self.by_object.len()
    }
}

impl<F: Clone + Eq + Hash> Followers<F> {
    fn insert(&mut self, follower: &F) {
        match self {
            Self::One(only) => *self = Self::Many(Box::new([only.clone(), follower.clone()].into())),
            Self::Many(followers) => drop(followers.insert(follower.clone())),
        }
    }

    /// Whether nobody is left.
    fn remove(&mut self, follower: &F) -> bool {
        match self {
            Self::One(only) => only == follower,
            Self::Many(followers) => {
                followers.remove(follower);
                followers.is_empty()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn objects(names: &[&str]) -> HashSet<ObjectRef> {
        names.iter().map(|name| ObjectRef::secret("ns", *name)).collect()
    }

    #[test]
    fn what_no_longer_concerns_a_follower_does_not_wake_it() {
        let mut concerned = Concerned::default();
        concerned.set(&"app", objects(&["old"]));
        concerned.set(&"app", objects(&["new"]));
        let count = |concerned: &Concerned<&str>, name| concerned.by(&ObjectRef::secret("ns", name)).count();
        assert_eq!((count(&concerned, "old"), count(&concerned, "new")), (0, 1));
        concerned.set(&"app", HashSet::new());
        assert!(concerned.by_object.is_empty() && concerned.by_follower.is_empty());
    }

    #[test]
    fn an_object_is_taken_up_by_its_first_follower_and_dropped_by_its_last() {
        let mut concerned = Concerned::default();
        let taken_up = |name| Shift {
            taken_up: vec![ObjectRef::secret("ns", name)],
            dropped: Vec::new(),
        };
        assert_eq!(concerned.set(&1, objects(&["a"])), taken_up("a"));
        assert_eq!(concerned.set(&2, objects(&["a"])), Shift::default());
        assert_eq!(concerned.set(&1, HashSet::new()), Shift::default());
        let last = concerned.set(&2, HashSet::new());
        assert_eq!(last.dropped, [ObjectRef::secret("ns", "a")]);
    }
}
