//! Objects that nobody watches as a kind, followed one by one while somebody hangs on them: the Secrets and
//! `ConfigMap`s that hold templates and credentials, and whatever a failure hangs on.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tracing::warn;

use super::concerned::Concerned;
use crate::cluster::Cluster;
use crate::engine::object::{ObjectKey, ObjectRef, StoreKey};

/// Each is a watch of its own, so there is an end to it. Beyond it changes are seen at the next refresh.
const MOST: usize = 500;

/// Who is woken.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Follower {
    ExternalSecret(ObjectKey),
    PushSecret(ObjectKey),
    Store(StoreKey),
}

/// The version of an object as it was last seen; `None` where there is none.
pub type Version = Option<String>;

#[derive(Debug)]
pub struct Following {
    cluster: Arc<dyn Cluster>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    concerned: Concerned<Follower>,
    versions: HashMap<ObjectRef, Version>,
}

impl Following {
    pub fn new(cluster: Arc<dyn Cluster>) -> Self {
        Self {
            cluster,
            state: Mutex::default(),
        }
    }

    /// From now on the follower hangs on these objects, and on no others. What is known of their versions is no news
    /// when it is seen. Kinds that cannot be followed are left out.
    pub fn set(&self, follower: &Follower, objects: impl IntoIterator<Item = (ObjectRef, Option<Version>)>) {
        let objects: HashMap<_, _> = objects
            .into_iter()
            .filter(|(object, _)| self.cluster.can_follow(object))
            .collect();
        let mut state = self.state();
        let shift = state
            .concerned
            .set(follower, objects.keys().cloned().collect::<HashSet<_>>());
        for (object, version) in objects {
            if let (true, Some(version)) = (shift.taken_up.contains(&object), version) {
                state.versions.insert(object, version);
            }
        }
        for object in &shift.dropped {
            state.versions.remove(object);
            self.cluster.unfollow(object);
        }
        for object in &shift.taken_up {
            if state.concerned.count() > MOST {
                warn!(%object, most = MOST, "too many objects are referred to: a change of this one is seen at the next refresh only");
            } else {
                self.cluster.follow(object);
            }
        }
    }

    /// An object is seen at a version. Who hangs on it, if that is news.
    pub fn seen(&self, object: &ObjectRef, version: Version) -> Vec<Follower> {
        let mut state = self.state();
        let followers: Vec<_> = state.concerned.by(object).cloned().collect();
        if followers.is_empty() || state.versions.get(object) == Some(&version) {
            return Vec::new();
        }
        state.versions.insert(object.clone(), version);
        followers
    }

    /// The version that was last seen, if the object is followed and has been seen.
    pub fn version(&self, object: &ObjectRef) -> Option<Version> {
        self.state().versions.get(object).cloned()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
