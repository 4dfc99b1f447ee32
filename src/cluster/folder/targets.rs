//! Secrets in memory: what a write makes of one. Pure.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::Document;
use super::Remnant;
use super::object::uid;
use crate::engine::fingerprint;
use crate::engine::labels;
use crate::engine::object::{ObjectKey, ObjectRef};
use crate::engine::plan::SecretWrite;
use crate::engine::secret_bytes::SecretBytes;
use crate::engine::target::{Digest, ManagedFields, Owner, Target};
use crate::engine::values::Values;

const KIND: &str = "ExternalSecret";
const API_VERSION: &str = "external-secrets.io/v1";
/// Stands for a value that nobody has read; no value is equal to it.
const UNREAD: &str = "\0 lockstep: written by an earlier run, and not read back \0";

/// A Secret, with its values.
#[derive(Clone, Debug)]
pub struct Held {
    pub target: Arc<Target>,
    /// `None`: an earlier run wrote them, and nobody read them back.
    pub values: Option<Values>,
    /// Whether the sink has it, or is to have it.
    pub is_output: bool,
}

impl Held {
    /// What an earlier run wrote is still its owner's, so that it is replaced, renamed and removed like anything that
    /// this run wrote.
    pub fn remnant(remnant: &Remnant) -> Self {
        let unread = Digest::of(&SecretBytes::from(UNREAD));
        let mut target = Target {
            uid: uid_of(&remnant.key),
            resource_version: "0".to_owned(),
            secret_type: "Opaque".to_owned(),
            keys: remnant.keys.iter().map(|key| (key.clone(), unread)).collect(),
            labels: BTreeMap::from([(labels::MANAGED.to_owned(), "true".to_owned())]),
            ..Target::default()
        };
        if let Some(name) = &remnant.owner {
            let owner = ObjectKey::new(&remnant.key.namespace, name);
            target
                .labels
                .insert(labels::CREATED_BY.to_owned(), fingerprint::owner_label(&owner));
            target.owners.push(controller(&owner));
        }
        Self {
            target: Arc::new(target),
            values: None,
            is_output: true,
        }
    }

    /// A Secret of the manifests, as a target that somebody else made.
    pub fn manifest(key: &ObjectKey, document: &Document) -> Self {
        let target = Target {
            uid: uid_of(key),
            resource_version: document.version.clone(),
            secret_type: "Opaque".to_owned(),
            labels: document.labels.clone(),
            data_hash: fingerprint::of_values(&document.values),
            keys: digests(&document.values),
            ..Target::default()
        };
        Self {
            target: Arc::new(target),
            values: Some(document.values.clone()),
            is_output: false,
        }
    }

    /// Values for the sink; `None` leaves it as it is.
    pub fn to_write(&self) -> Option<&Values> {
        self.values.as_ref().filter(|_| self.is_output)
    }

    /// The ExternalSecret that the target goes with.
    pub fn owner(&self) -> Option<&str> {
        self.controller().map(|owner| owner.name.as_str())
    }

    pub fn controller(&self) -> Option<&Owner> {
        self.target.controller().filter(|owner| owner.kind == KIND)
    }

    pub fn is_managed(&self) -> bool {
        self.target.is_managed()
    }
}

/// The Secret after a write. `is_output`: the write comes from somebody who means it to be written out.
pub fn after(before: Option<&Held>, write: &SecretWrite, version: u64, is_output: bool) -> Held {
    let mut target = before
        .map(|held| held.target.as_ref().clone())
        .unwrap_or_default();
    let is_unread = before.is_some_and(|held| held.values.is_none());
    let mut values = before.and_then(|held| held.values.clone()).unwrap_or_default();
    merge(&mut values, &write.data);
    merge(&mut target.labels, &write.labels);
    merge(&mut target.annotations, &write.annotations);
    claim(&mut target, write);
    target.uid = uid_of(&write.key);
    target.resource_version = version.to_string();
    if before.is_none() {
        "Opaque".clone_into(&mut target.secret_type);
    }
    replace(&mut target.secret_type, write.secret_type.as_ref());
    replace(&mut target.immutable, write.immutable.as_ref());
    replace(&mut target.owners, write.owners.as_ref());
    replace(&mut target.finalizers, write.finalizers.as_ref());
    let is_output = is_output || before.is_some_and(|held| held.is_output);
    if is_unread && write.data.is_empty() {
        return Held {
            target: Arc::new(target),
            values: None,
            is_output,
        };
    }
    target.data_hash = fingerprint::of_values(&values);
    target.keys = digests(&values);
    Held {
        target: Arc::new(target),
        values: Some(values),
        is_output,
    }
}

/// What a write changes belongs to its field manager from then on.
fn claim(target: &mut Target, write: &SecretWrite) {
    let changed: [Vec<&String>; 3] = [
        write.data.keys().collect(),
        write.labels.keys().collect(),
        write.annotations.keys().collect(),
    ];
    for managed in target.managed.values_mut() {
        for (fields, changed) in [&mut managed.data, &mut managed.labels, &mut managed.annotations]
            .into_iter()
            .zip(&changed)
        {
            fields.retain(|field| !changed.contains(&field));
        }
    }
    let own = target.managed.entry(write.manager.clone()).or_default();
    let ManagedFields {
        data,
        labels,
        annotations,
        written: _,
    } = own;
    data.extend(set(&write.data));
    labels.extend(set(&write.labels));
    annotations.extend(set(&write.annotations));
}

fn set<T>(changes: &BTreeMap<String, Option<T>>) -> impl Iterator<Item = String> {
    changes
        .iter()
        .filter(|(_, value)| value.is_some())
        .map(|(key, _)| key.clone())
}

fn merge<T: Clone>(into: &mut BTreeMap<String, T>, changes: &BTreeMap<String, Option<T>>) {
    for (key, value) in changes {
        match value {
            Some(value) => into.insert(key.clone(), value.clone()),
            None => into.remove(key),
        };
    }
}

fn replace<T: Clone>(field: &mut T, value: Option<&T>) {
    if let Some(value) = value {
        field.clone_from(value);
    }
}

fn digests(values: &Values) -> BTreeMap<String, Digest> {
    values
        .iter()
        .map(|(key, value)| (key.clone(), Digest::of(value)))
        .collect()
}

fn uid_of(key: &ObjectKey) -> String {
    uid(&ObjectRef::namespaced("Secret", key))
}

fn controller(owner: &ObjectKey) -> Owner {
    Owner {
        api_version: API_VERSION.to_owned(),
        kind: KIND.to_owned(),
        name: owner.name.clone(),
        uid: uid(&ObjectRef::namespaced(KIND, owner)),
        controller: true,
        block_owner_deletion: true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::plan::Base;

    fn values(pairs: &[(&str, &str)]) -> Values {
        pairs
            .iter()
            .map(|(key, value)| ((*key).to_owned(), SecretBytes::from(*value)))
            .collect()
    }

    fn write(manager: &str, data: &[(&str, Option<&str>)]) -> SecretWrite {
        let base = Base {
            uid: "u".into(),
            resource_version: "1".into(),
        };
        let mut write = SecretWrite::to(&ObjectKey::new("ns", "app"), manager.into(), Some(base));
        write.data = data
            .iter()
            .map(|(key, value)| ((*key).to_owned(), value.map(SecretBytes::from)))
            .collect();
        write
    }

    #[test]
    fn what_is_not_named_stays_and_what_is_null_goes() {
        let first = after(None, &write("m", &[("a", Some("1")), ("b", Some("2"))]), 1, true);
        let second = after(
            Some(&first),
            &write("m", &[("a", None), ("c", Some("3"))]),
            2,
            true,
        );
        assert_eq!(second.to_write(), Some(&values(&[("b", "2"), ("c", "3")])));
        assert_eq!(
            second.target.data_hash,
            fingerprint::of_values(&values(&[("b", "2"), ("c", "3")]))
        );
        assert_eq!(
            (second.target.resource_version.as_str(), &second.target.uid),
            ("2", &first.target.uid)
        );
    }

    #[test]
    fn a_key_belongs_to_whoever_wrote_it_last() {
        let first = after(
            None,
            &write("one", &[("a", Some("1")), ("b", Some("2"))]),
            1,
            true,
        );
        let second = after(Some(&first), &write("two", &[("a", Some("3"))]), 2, true);
        let data = |manager: &str| second.target.managed[manager].data.clone();
        assert_eq!(
            (data("one"), data("two")),
            (vec!["b".to_owned()], vec!["a".to_owned()])
        );
    }

    #[test]
    fn what_an_earlier_run_wrote_is_replaced_and_never_merged() {
        let remnant = Remnant {
            key: ObjectKey::new("ns", "app"),
            owner: Some("app".into()),
            keys: vec!["old".into()],
        };
        let before = Held::remnant(&remnant);
        assert_eq!((before.owner(), before.to_write()), (Some("app"), None));
        let marked = after(Some(&before), &write("m", &[]), 1, true);
        assert_eq!(marked.to_write(), None, "there is nothing to write it from");
        let written = after(
            Some(&before),
            &write("m", &[("old", None), ("new", Some("1"))]),
            1,
            true,
        );
        assert_eq!(written.to_write(), Some(&values(&[("new", "1")])));
    }

    #[test]
    fn a_manifest_becomes_an_output_only_by_a_write_that_means_it() {
        let document = Document {
            version: "v".into(),
            labels: BTreeMap::new(),
            values: values(&[("a", "1")]),
        };
        let before = Held::manifest(&ObjectKey::new("ns", "app"), &document);
        assert_eq!(after(Some(&before), &write("m", &[]), 1, false).to_write(), None);
        let merged = after(Some(&before), &write("m", &[("b", Some("2"))]), 1, true);
        assert_eq!(merged.to_write(), Some(&values(&[("a", "1"), ("b", "2")])));
    }
}
