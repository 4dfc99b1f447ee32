//! Everything that the files of a folder say, taken together.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lockstep_api::generator::GeneratorSpec;
use lockstep_api::{ExternalSecret, Fault, Parsed, PushSecret};
use serde_json::Value;
use tracing::debug;
use zeroize::Zeroizing;

use super::super::{Document, DocumentKind, Store};
use super::DEFAULT_NAMESPACE;
use super::complaint::{Complaint, Place};
use super::fields::{self, Unknown};
use super::object::{self, Read};
use super::scan::{self, Scan};
use super::text;
use crate::engine::generator::GeneratorKey;
use crate::engine::object::{ObjectKey, ObjectRef, StoreKey};
use crate::engine::spread::Parent;

/// The largest file that is read. Kubernetes itself takes no object of more than 1.5 MiB.
const LARGEST: u64 = 8 << 20;

/// Objects by name, each with the file that it stands in.
#[derive(Debug, Default)]
pub struct Manifests {
    pub external_secrets: BTreeMap<ObjectKey, Placed<Arc<ExternalSecret>>>,
    /// Those of them that a ClusterExternalSecret stands for.
    pub(super) children: BTreeSet<ObjectKey>,
    pub cluster_external_secrets: BTreeMap<String, Placed<Arc<Parent>>>,
    pub stores: BTreeMap<StoreKey, Placed<Arc<Store>>>,
    pub generators: BTreeMap<GeneratorKey, Placed<Parsed<GeneratorSpec>>>,
    pub documents: BTreeMap<(DocumentKind, ObjectKey), Placed<Document>>,
    pub namespaces: BTreeMap<String, Placed<BTreeMap<String, String>>>,
    /// Whether those that are not in here are nowhere. Otherwise whoever names one declares it.
    pub(super) are_namespaces_known: bool,
    pub complaints: Vec<Complaint>,
    /// What is there and is not used.
    pub notes: Vec<String>,
    pub push_secrets: BTreeMap<ObjectKey, Placed<Arc<PushSecret>>>,
    /// ClusterPushSecrets, and where they stand.
    pub pushing: Vec<String>,
    blank: Vec<PathBuf>,
    reading: Reading,
}

/// How manifests are read.
#[derive(Clone, Debug)]
pub struct Reading {
    /// Of objects that name none.
    pub namespace: String,
    /// Whether a field that no version of its kind has is wrong, as with `kubectl apply`, or only told.
    pub is_strict: bool,
}

impl Default for Reading {
    fn default() -> Self {
        Self {
            namespace: DEFAULT_NAMESPACE.to_owned(),
            is_strict: false,
        }
    }
}

/// Something to read objects from.
pub enum Input {
    /// A file, or a folder with everything below it.
    Path(PathBuf),
    /// What came in another way than as a file, under the name that it goes by.
    Text { name: PathBuf, text: Zeroizing<String> },
}

impl std::fmt::Debug for Input {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (Self::Path(name) | Self::Text { name, .. }) = self;
        f.debug_tuple("Input").field(name).finish()
    }
}

#[derive(Clone, Debug)]
pub struct Placed<T> {
    pub object: T,
    pub place: Place,
}

impl Manifests {
    pub fn read(scan: Scan) -> Self {
        let mut manifests = Self {
            complaints: scan.complaints,
            ..Self::default()
        };
        for seen in &scan.files {
            manifests.file(&seen.path);
        }
        manifests.complaints.sort();
        manifests
    }

    /// Reads what somebody named one by one.
    pub fn given(inputs: &[Input], reading: Reading) -> Self {
        let mut manifests = Self {
            reading,
            ..Self::default()
        };
        for input in inputs {
            match input {
                Input::Path(path) if path.is_dir() => manifests.folder(path),
                Input::Path(path) => manifests.file(path),
                Input::Text { name, text } => manifests.text(name, false, text),
            }
        }
        manifests.complaints.sort();
        manifests
    }

    /// Objects of an earlier reading stay for as long as their file cannot be understood.
    pub fn keep_hidden(&mut self, before: &Self) {
        self.doubt_emptied(before);
        let places = self.hiding_places();
        let mut own = before.external_secrets.clone();
        own.retain(|key, _| !before.children.contains(key));
        keep(&mut self.external_secrets, &own, &places);
        let parents = &mut self.cluster_external_secrets;
        keep(parents, &before.cluster_external_secrets, &places);
        keep(&mut self.stores, &before.stores, &places);
        keep(&mut self.generators, &before.generators, &places);
        keep(&mut self.documents, &before.documents, &places);
        keep(&mut self.namespaces, &before.namespaces, &places);
    }

    /// Whether an object that is not here is nowhere.
    pub fn is_complete(&self) -> bool {
        self.complaints.iter().all(|complaint| !complaint.hides)
    }

    /// A file that lost everything at once is most often one that is being written. Who means it removes the file.
    fn doubt_emptied(&mut self, before: &Self) {
        for path in std::mem::take(&mut self.blank) {
            if before.has_objects_in(&path) {
                let why = "is empty; what it said before still holds".to_owned();
                self.complain(Place::file(path), None, why, true);
            }
        }
    }

    fn has_objects_in(&self, path: &Path) -> bool {
        let external_secrets = self.external_secrets.values().map(|placed| &placed.place);
        let parents = self.cluster_external_secrets.values();
        let parents = parents.map(|placed| &placed.place);
        let stores = self.stores.values().map(|placed| &placed.place);
        let generators = self.generators.values().map(|placed| &placed.place);
        let documents = self.documents.values().map(|placed| &placed.place);
        let namespaces = self.namespaces.values().map(|placed| &placed.place);
        external_secrets
            .chain(parents)
            .chain(stores)
            .chain(generators)
            .chain(documents)
            .chain(namespaces)
            .any(|place| place.file == path)
    }

    fn hiding_places(&self) -> Vec<PathBuf> {
        let hiding = self.complaints.iter().filter(|complaint| complaint.hides);
        hiding.map(|complaint| complaint.place.file.clone()).collect()
    }

    fn folder(&mut self, path: &Path) {
        match scan::scan(path, None) {
            Ok(scan) => {
                self.complaints.extend(scan.complaints);
                for seen in &scan.files {
                    self.file(&seen.path);
                }
            }
            Err(error) => self.complain(Place::file(path), None, format!("cannot be read: {error}"), true),
        }
    }

    fn file(&mut self, path: &Path) {
        let text = match read_bounded(path) {
            Ok(text) => text,
            Err(why) => return self.complain(Place::file(path), None, why, true),
        };
        if text.trim().is_empty() {
            self.blank.push(path.to_owned());
        }
        self.text(path, text::is_json(path), &text);
    }

    fn text(&mut self, path: &Path, is_json: bool, text: &str) {
        let parts = if is_json {
            text::json(text)
        } else {
            text::yaml(text)
        };
        for (line, part) in parts {
            let place = |line| Place {
                file: path.to_owned(),
                line,
            };
            match part {
                Ok(document) => self.document(&place(line), document),
                Err(fault) => self.complain(place(fault.line), None, fault.why, true),
            }
        }
    }

    fn document(&mut self, place: &Place, document: Value) {
        for item in object::items(document) {
            self.unknown_fields(place, &item);
            match object::read(item, &self.reading.namespace) {
                Ok(read) => self.object(place, read),
                Err(refusal) => self.complain(place.clone(), refusal.object, refusal.why, true),
            }
        }
    }

    fn unknown_fields(&mut self, place: &Place, item: &Value) {
        let (kind, name) = (&item["kind"], &item["metadata"]["name"]);
        let about = format!(
            "{} {}",
            kind.as_str().unwrap_or_default(),
            name.as_str().unwrap_or_default()
        );
        for Unknown { path, meant } in fields::unknown_in(item) {
            let meant = meant.map(|meant| format!("did you mean {meant}?"));
            if self.reading.is_strict {
                let hint = meant.unwrap_or_else(|| "is it misspelt?".to_owned());
                let why = format!("{path} is unknown; {hint}");
                self.complain(place.clone(), Some(about.clone()), why, false);
            } else {
                let hint = meant.map(|meant| format!("; {meant}")).unwrap_or_default();
                self.notes.push(format!(
                    "{place}: {about}: {path} is unknown, and does nothing{hint}"
                ));
            }
        }
    }

    fn object(&mut self, place: &Place, read: Read) {
        match read {
            Read::ExternalSecret(key, object) => {
                let about = ObjectRef::namespaced("ExternalSecret", &key).to_string();
                self.complain_of_fault(place, &about, object.spec.as_ref().err());
                let first = add(&mut self.external_secrets, key, object, place);
                self.refuse_twin(place, about, first);
            }
            Read::ClusterExternalSecret(parent) => {
                let about = parent.key.to_string();
                self.complain_of_fault(place, &about, parent.spec.as_ref().err());
                let name = parent.key.name.clone();
                let first = add(&mut self.cluster_external_secrets, name, parent, place);
                self.refuse_twin(place, about, first);
            }
            Read::Store(store) => {
                let about = store.key.to_string();
                self.complain_of_fault(place, &about, store.spec.as_ref().err());
                let first = add(&mut self.stores, store.key.clone(), store, place);
                self.refuse_twin(place, about, first);
            }
            Read::Generator(key, spec) => {
                let (about, spec) = (key.to_string(), *spec);
                self.complain_of_fault(place, &about, spec.as_ref().err());
                let first = add(&mut self.generators, key, spec, place);
                self.refuse_twin(place, about, first);
            }
            Read::Document(kind, key, document) => {
                let about = ObjectRef::namespaced(kind.name(), &key).to_string();
                let first = add(&mut self.documents, (kind, key), document, place);
                self.refuse_twin(place, about, first);
            }
            Read::Namespace(name, labels) => {
                let first = add(&mut self.namespaces, name.clone(), labels, place);
                self.refuse_twin(place, format!("Namespace {name}"), first);
            }
            Read::Unsupported(what) => {
                self.notes.push(format!(
                    "{place}: {what} is not supported by the agent yet, and not used"
                ));
            }
            Read::PushSecret(key, object) => self.push_secret(place, key, object),
            Read::Pushed(what) => {
                self.pushing.push(format!("{place}: {what}"));
                self.notes.push(for_the_operator(place, &what));
            }
            Read::Noted(what) => {
                self.notes.push(format!(
                    "{place}: {what} is what an operator notes of its generators, and not used"
                ));
            }
            Read::Foreign => debug!(%place, "an object of a kind that is not ours"),
        }
    }

    /// A folder has no use for it, so that one that is broken breaks nothing.
    fn push_secret(&mut self, place: &Place, key: ObjectKey, object: Arc<PushSecret>) {
        let about = ObjectRef::namespaced("PushSecret", &key).to_string();
        if self.reading.is_strict {
            self.complain_of_fault(place, &about, object.spec.as_ref().err());
        }
        self.notes.push(for_the_operator(place, &about));
        let first = add(&mut self.push_secrets, key, object, place);
        self.refuse_twin(place, about, first);
    }

    fn complain_of_fault(&mut self, place: &Place, about: &str, fault: Option<&Fault>) {
        if let Some(fault) = fault {
            self.complain(place.clone(), Some(about.to_owned()), fault.to_string(), false);
        }
    }

    pub(super) fn refuse_twin(&mut self, place: &Place, about: String, first: Option<Place>) {
        if let Some(first) = first {
            self.complain(
                place.clone(),
                Some(about),
                format!("is already in {first}; this one is not used"),
                false,
            );
        }
    }

    pub(super) fn complain(&mut self, place: Place, object: Option<String>, why: String, hides: bool) {
        self.complaints.push(Complaint {
            place,
            object,
            why,
            hides,
        });
    }
}

fn for_the_operator(place: &Place, what: &str) -> String {
    format!("{place}: {what} pushes out of a cluster, and is for the operator alone")
}

/// The first of its name wins. Where that one is, if this is not it.
pub fn add<K: Ord, T>(map: &mut BTreeMap<K, Placed<T>>, key: K, object: T, place: &Place) -> Option<Place> {
    if let Some(first) = map.get(&key) {
        return Some(first.place.clone());
    }
    map.insert(
        key,
        Placed {
            object,
            place: place.clone(),
        },
    );
    None
}

fn keep<K: Ord + Clone, T: Clone>(
    now: &mut BTreeMap<K, Placed<T>>,
    before: &BTreeMap<K, Placed<T>>,
    places: &[PathBuf],
) {
    let is_hidden = |placed: &Placed<T>| places.iter().any(|place| placed.place.file.starts_with(place));
    for (key, placed) in before.iter().filter(|(_, placed)| is_hidden(placed)) {
        now.entry(key.clone()).or_insert_with(|| placed.clone());
    }
}

pub fn read_bounded(path: &Path) -> Result<Zeroizing<String>, String> {
    let mut bytes = Zeroizing::new(Vec::new());
    let read = File::open(path).and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes));
    read.map_err(|error: io::Error| format!("cannot be read: {error}"))?;
    if bytes.len() as u64 > LARGEST {
        return Err(format!("is larger than {} MiB", LARGEST >> 20));
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| "is not UTF-8 text".to_owned())?;
    Ok(Zeroizing::new(
        text.strip_prefix('\u{feff}').unwrap_or(text).to_owned(),
    ))
}

#[cfg(test)]
mod tests;
