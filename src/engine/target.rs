//! What is known of a target without keeping its values.

use std::collections::BTreeMap;
use std::hash::{BuildHasher as _, Hash, RandomState};
use std::sync::OnceLock;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::labels;
use super::secret_bytes::SecretBytes;

/// An existing Secret, or object of another kind, reduced to what decisions need. No value is in here.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct Target {
    pub uid: String,
    pub resource_version: String,
    pub secret_type: String,
    pub immutable: bool,
    pub terminating: bool,
    pub labels: BTreeMap<String, String>,
    pub annotations: BTreeMap<String, String>,
    pub finalizers: Vec<String>,
    pub owners: Vec<Owner>,
    /// Recomputed from the bytes that are there, not taken from the annotation.
    pub data_hash: String,
    /// The keys of a Secret; of another kind, the members of the object itself.
    pub keys: BTreeMap<String, Digest>,
    /// When the certificates in a Secret end, by key.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub certificates: BTreeMap<String, Timestamp>,
    /// What each of our field managers holds, by manager name.
    pub managed: BTreeMap<String, ManagedFields>,
}

/// An owner reference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    pub api_version: String,
    pub kind: String,
    pub name: String,
    pub uid: String,
    pub controller: bool,
    pub block_owner_deletion: bool,
}

/// The fields that a field manager owns on a target.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManagedFields {
    pub data: Vec<String>,
    pub labels: Vec<String>,
    pub annotations: Vec<String>,
    /// When it last wrote, to the second.
    pub written: Option<Timestamp>,
}

/// Stands for a value, or several, where only "is it the same?" is asked. Keyed anew in each process, so it tells nothing to
/// anyone who reads it elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Digest(u64);

impl Digest {
    pub fn of(value: &SecretBytes) -> Self {
        Self::of_parts(value.expose())
    }

    pub fn of_text(text: &str) -> Self {
        Self::of_parts(text)
    }

    pub(super) fn of_parts(parts: impl Hash) -> Self {
        static KEY: OnceLock<RandomState> = OnceLock::new();
        Self(KEY.get_or_init(RandomState::new).hash_one(parts))
    }

    /// All of it, to be compared by machines.
    pub fn long(self) -> String {
        format!("{:016x}", self.0)
    }

    /// Short enough to be compared by eye.
    pub fn short(self) -> String {
        format!("{:08x}", self.0 >> 32)
    }
}

impl Target {
    pub fn controller(&self) -> Option<&Owner> {
        self.owners.iter().find(|owner| owner.controller)
    }

    /// Whether we look after it.
    pub fn is_managed(&self) -> bool {
        let label = self.labels.get(labels::MANAGED);
        label.is_some_and(|managed| managed == "true")
    }

    /// When those of its certificates end that a field manager has put there.
    pub fn certificates_of(&self, manager: &str) -> BTreeMap<String, Timestamp> {
        let held = self.managed.get(manager).into_iter();
        let held = held.flat_map(|fields| &fields.data);
        held.filter_map(|key| self.certificates.get_key_value(key))
            .map(|(key, end)| (key.clone(), *end))
            .collect()
    }

    /// Stands for what a field manager has put on the Secret beside its data, as it is now: its labels and annotations,
    /// and the type. Whoever edits one of them takes it from the manager, so that an edit always shows. What others
    /// put beside them does not.
    pub fn marks(&self, manager: &str) -> Digest {
        let held = self.managed.get(manager);
        let of = |names: fn(&ManagedFields) -> &Vec<String>, there: &'_ BTreeMap<String, String>| {
            // The hash moves with the data, whoever writes that, and is compared with it by itself.
            let names = held.into_iter().flat_map(names);
            let known = names.filter(|name| *name != labels::DATA_HASH);
            let entries = known.map(|name| (name.clone(), there.get(name).cloned()));
            entries.collect::<BTreeMap<_, _>>()
        };
        let labels = of(|fields| &fields.labels, &self.labels);
        let annotations = of(|fields| &fields.annotations, &self.annotations);
        Digest::of_parts((labels, annotations, &self.secret_type))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target() -> Target {
        let ours = ManagedFields {
            labels: vec!["team".to_owned()],
            annotations: vec!["note".to_owned(), labels::DATA_HASH.to_owned()],
            ..ManagedFields::default()
        };
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        Target {
            secret_type: "Opaque".to_owned(),
            labels: [pair("team", "blue"), pair("theirs", "1")].into(),
            annotations: [pair("note", "mine"), pair(labels::DATA_HASH, "h")].into(),
            managed: [("us".to_owned(), ours)].into(),
            ..Target::default()
        }
    }

    #[test]
    fn the_marks_tell_an_edit_of_what_is_ours() {
        let edits: [fn(&mut Target); 4] = [
            |target| set(&mut target.labels, "team", "red"),
            |target| drop(target.annotations.remove("note")),
            |target| "other".clone_into(&mut target.secret_type),
            // Somebody wrote the same value again, with force: it is theirs now.
            |target| drop(target.managed.remove("us")),
        ];
        for (number, edit) in edits.into_iter().enumerate() {
            let mut edited = target();
            edit(&mut edited);
            assert_ne!(edited.marks("us"), target().marks("us"), "edit {number}");
        }
    }

    #[test]
    fn the_marks_tell_nothing_of_others_nor_of_data_nor_of_time() {
        let edits: [fn(&mut Target); 5] = [
            |target| set(&mut target.labels, "theirs", "2"),
            |target| set(&mut target.annotations, "new", "x"),
            |target| set(&mut target.annotations, labels::DATA_HASH, "g"),
            |target| target.keys = [("k".to_owned(), Digest(1))].into(),
            |target| target.managed.get_mut("us").expect("there").written = Some(Timestamp::UNIX_EPOCH),
        ];
        for (number, edit) in edits.into_iter().enumerate() {
            let mut edited = target();
            edit(&mut edited);
            assert_eq!(edited.marks("us"), target().marks("us"), "edit {number}");
        }
    }

    #[test]
    fn certificates_of_others_are_not_ours() {
        let end = Timestamp::UNIX_EPOCH;
        let mut target = target();
        target.certificates = ["ours", "theirs"].map(|key| (key.to_owned(), end)).into();
        assert_eq!(target.certificates_of("us"), BTreeMap::new());
        let ours = target.managed.get_mut("us").expect("there");
        ours.data = vec!["ours".to_owned(), "password".to_owned()];
        assert_eq!(target.certificates_of("us"), [("ours".to_owned(), end)].into());
        assert_eq!(target.certificates_of("them"), BTreeMap::new());
    }

    fn set(entries: &mut BTreeMap<String, String>, name: &str, value: &str) {
        entries.insert(name.to_owned(), value.to_owned());
    }
}
