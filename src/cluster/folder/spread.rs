//! The ExternalSecrets that ClusterExternalSecrets stand for: beside those that stand in files themselves.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use lockstep_api::ExternalSecret;

use super::complaint::Place;
use super::manifests::{Manifests, add};
use super::object;
use crate::engine::object::{ObjectKey, ObjectRef};
use crate::engine::spread::{Namespace, Parent, Spread};

/// The label that Kubernetes gives every namespace.
pub const NAME_LABEL: &str = "kubernetes.io/metadata.name";

impl Manifests {
    /// One in each namespace that is reached: one that is declared and matches, or that is named.
    pub fn spread(&mut self) {
        let parents = self.cluster_external_secrets.clone();
        for placed in parents.values() {
            self.spread_one(&placed.place, &placed.object);
        }
        self.complaints.sort();
    }

    /// All namespaces that there are, though no file says so.
    pub fn declare_all(&mut self, namespaces: impl IntoIterator<Item = (String, BTreeMap<String, String>)>) {
        let place = Place::file(Path::new("the cluster"));
        for (name, labels) in namespaces {
            // What a file says of it counts.
            let _ = add(&mut self.namespaces, name, labels, &place);
        }
        self.are_namespaces_known = true;
    }

    fn spread_one(&mut self, place: &Place, parent: &Parent) {
        // A spec that is broken is complained of where it is read.
        let Ok(spread) = parent.spec.as_ref() else { return };
        let about = parent.key.to_string();
        if let Err(problem) = spread.check() {
            return self.complain(place.clone(), Some(about), problem.to_string(), false);
        }
        let reached = self.reached(spread);
        if reached.is_empty() {
            let why = "reaches none of the namespaces that are declared, and does nothing";
            self.notes.push(format!("{place}: {about} {why}"));
        }
        for namespace in reached {
            let child = object::child(spread, &namespace);
            let key = ObjectKey::new(namespace, &spread.child_name);
            let twin = self.add_child(key.clone(), child, place);
            let about = format!("{} of {about}", ObjectRef::namespaced("ExternalSecret", &key));
            self.refuse_twin(place, about, twin);
        }
    }

    fn reached(&self, spread: &Spread) -> BTreeSet<String> {
        let declared = self.namespaces.iter().filter(|(name, placed)| {
            let mut labels = placed.object.clone();
            labels.insert(NAME_LABEL.to_owned(), (*name).clone());
            let namespace = Namespace {
                labels,
                ..Namespace::default()
            };
            spread.reaches(name, &namespace)
        });
        let is_there = |name: &&String| !self.are_namespaces_known || self.namespaces.contains_key(*name);
        let named = spread.namespaces.iter().filter(is_there);
        declared.map(|(name, _)| name).chain(named).cloned().collect()
    }

    fn add_child(&mut self, key: ObjectKey, child: Arc<ExternalSecret>, place: &Place) -> Option<Place> {
        let twin = add(&mut self.external_secrets, key.clone(), child, place);
        if twin.is_none() {
            self.children.insert(key);
        }
        twin
    }
}
