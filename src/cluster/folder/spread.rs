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
            let why = "reaches none of the namespaces that are declared, and does nothing; give their manifests too";
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

#[cfg(test)]
mod tests {
    use lockstep_api::GoDuration;

    use super::super::manifests::{Input, Reading};
    use super::*;

    const ALL: &str = "\
apiVersion: external-secrets.io/v1
kind: ClusterExternalSecret
metadata: {name: all, annotations: {external-secrets.io/force-sync: '7'}}
spec:
  externalSecretSpec: {refreshInterval: 60m, secretStoreRef: {name: s}}
  externalSecretMetadata: {labels: {l: v}}
";
    const NAMESPACES: &str = "\
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Namespace, metadata: {name: a, labels: {tier: gold}}}
- {apiVersion: v1, kind: Namespace, metadata: {name: b, labels: {tier: tin}}}
";

    fn manifests(spec: &str, more: &str) -> Manifests {
        let text = format!("{ALL}{spec}---\n{NAMESPACES}---\n{more}");
        let input = Input::Text {
            name: "m.yaml".into(),
            text: text.into(),
        };
        let mut manifests = Manifests::given(&[input], Reading::default());
        manifests.spread();
        manifests
    }

    fn children(manifests: &Manifests) -> Vec<String> {
        manifests
            .external_secrets
            .keys()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn there_is_one_in_each_namespace_that_matches_or_is_named() {
        let gold = "{matchLabels: {tier: gold}}";
        let by_name = "{matchLabels: {kubernetes.io/metadata.name: b}}";
        for (spec, reached) in [
            (format!("  namespaceSelector: {gold}\n"), vec!["a/all"]),
            (
                format!("  namespaceSelectors: [{gold}, {by_name}]\n"),
                vec!["a/all", "b/all"],
            ),
            (
                "  namespaces: [b, undeclared]\n".to_owned(),
                vec!["b/all", "undeclared/all"],
            ),
            (
                "  namespaceSelector: {}\n  externalSecretName: child\n".to_owned(),
                vec!["a/child", "b/child"],
            ),
        ] {
            let manifests = manifests(&spec, "");
            assert_eq!(children(&manifests), reached, "{spec}");
            assert_eq!(
                (manifests.complaints, manifests.notes),
                (vec![], vec![]),
                "{spec}"
            );
        }
    }

    #[test]
    fn a_child_is_what_a_cluster_would_have() {
        let manifests = manifests("  namespaces: [a]\n", "");
        let child = &manifests.external_secrets[&ObjectKey::new("a", "all")].object;
        let meta = &child.metadata;
        let labels = meta.labels.as_ref().and_then(|labels| labels.get("l"));
        assert_eq!(labels.map(String::as_str), Some("v"));
        let annotations = meta
            .annotations
            .iter()
            .flatten()
            .map(|(key, value)| (key.as_str(), value.as_str()));
        assert_eq!(
            annotations.collect::<Vec<_>>(),
            [("external-secrets.io/force-sync", "7")]
        );
        let spec = child.spec.as_ref().expect("sound");
        let interval = spec.refresh_interval.as_ref().map(GoDuration::text);
        assert_eq!(interval, Some("1h0m0s"));
    }

    #[test]
    fn what_is_wrong_is_complained_of_once_and_what_reaches_nothing_is_noted() {
        let own = "{apiVersion: external-secrets.io/v1, kind: ExternalSecret, metadata: {name: all, namespace: a}, spec: {}}";
        let complaints = |spec: &str, more: &str| -> Vec<String> {
            manifests(spec, more)
                .complaints
                .iter()
                .map(ToString::to_string)
                .collect()
        };
        assert_eq!(
            complaints("  namespaces: [a, b]\n", own),
            [
                "m.yaml:1: ExternalSecret a/all of ClusterExternalSecret all: is already in m.yaml:15; this one is not used"
            ]
        );
        assert_eq!(
            complaints(
                "  namespaceSelector: {matchExpressions: [{key: a, operator: Like}]}\n",
                ""
            ),
            [
                "m.yaml:1: ClusterExternalSecret all: spec.namespaceSelector: matchExpressions[0].operator: must be In, NotIn, Exists or DoesNotExist"
            ]
        );
        let broken = complaints("  refreshTime: 1d\n", "");
        assert!(
            broken.len() == 1 && broken[0].contains("spec.refreshTime: unknown unit"),
            "{broken:?}"
        );
        let nothing = manifests("  namespaceSelector: {matchLabels: {tier: none}}\n", "");
        assert_eq!(
            nothing.notes,
            [
                "m.yaml:1: ClusterExternalSecret all reaches none of the namespaces that are declared, and does nothing; give their manifests too"
            ]
        );
    }

    #[test]
    fn where_all_namespaces_are_known_naming_one_declares_none() {
        let mut manifests = manifests("  namespaceSelectors: []\n  namespaces: [there, nowhere]\n", "");
        manifests.external_secrets.clear();
        manifests.declare_all([("there".to_owned(), BTreeMap::new())]);
        manifests.spread();
        assert_eq!(children(&manifests), ["there/all"]);
    }
}
