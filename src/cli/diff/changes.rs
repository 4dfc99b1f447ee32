//! The lines of a diff: what is added, removed and changed. No value is in them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::cli::leaves::{Leaves, Path, leaves};
use crate::cli::plain::Plain;
use crate::controller::external_secret::View;
use crate::engine::plan::{ResourceWrite, SecretWrite};
use crate::engine::secret_bytes::SecretBytes;
use crate::engine::target::{Digest, Owner, Target};
use crate::engine::{labels, merge_patch};

/// One field, before and after.
#[derive(Debug, PartialEq, Eq)]
pub struct Change {
    pub sign: char,
    pub field: String,
    pub what: String,
}

/// What a write is held against.
#[derive(Debug)]
pub struct Against<'a, W> {
    pub found: &'a View,
    /// The write of another time, with other values where they are made and not read.
    pub again: Option<&'a W>,
    pub plain: &'a Plain<'a>,
}

pub fn of_secret(write: &SecretWrite, against: &Against<SecretWrite>) -> Vec<Change> {
    let nothing = Target::default();
    let target = against.found.target.as_deref().unwrap_or(&nothing);
    let values = against.found.values.as_ref();
    let again = against.again.map(|again| &again.data);
    let mut changes = Vec::new();
    let data = write.data.iter().map(|(key, value)| {
        let after = value.as_ref().map(|value| {
            if is_made_anew(again, key, &write.data) {
                MADE_ANEW.to_owned()
            } else {
                shape(value)
            }
        });
        let before = values.and_then(|values| values.get(key));
        change(format!("data.{key}"), before.map(shape), after)
    });
    changes.extend(data);
    let again = against.again.map(|again| (&again.labels, &again.annotations));
    let marks = (&write.labels, &write.annotations);
    changes.extend(mark_changes(marks, again, target, against.plain));
    changes.extend(others(write, target));
    changes
}

pub fn of_resource(write: &ResourceWrite, against: &Against<ResourceWrite>) -> Vec<Change> {
    let nothing = Target::default();
    let target = against.found.target.as_deref().unwrap_or(&nothing);
    let there = against
        .found
        .object
        .as_ref()
        .map_or(&Value::Null, |object| &object.0);
    let after = patched(there, write);
    let again = against.again.map(|again| patched(there, again));
    let mut changes = field_changes(&leaves(there), &leaves(&after), again.as_ref(), against.plain);
    let again = against.again.map(|again| (&again.labels, &again.annotations));
    let marks = (&write.labels, &write.annotations);
    changes.extend(mark_changes(marks, again, target, against.plain));
    let owners = write.owners.iter();
    changes.extend(owners.flat_map(|owners| owner_changes(&target.owners, owners)));
    changes
}

fn patched(there: &Value, write: &ResourceWrite) -> Value {
    let mut object = there.clone();
    merge_patch::apply(&mut object, &write.content.0);
    object
}

fn field_changes(before: &Leaves, after: &Leaves, again: Option<&Value>, plain: &Plain) -> Vec<Change> {
    let again = again.map(leaves);
    let show = |path: &Path, value: &Value| match value {
        Value::String(text) if plain.is_field(path, value) => text.clone(),
        value => shape_of(value),
    };
    let paths: BTreeSet<&Path> = before.keys().chain(after.keys()).collect();
    let line = |path: &Path| {
        let (old, new) = (before.get(path), after.get(path));
        if old == new || is_told_below(path, old, after) || is_told_below(path, new, before) {
            return None;
        }
        let is_made_anew = again.as_ref().is_some_and(|again| again.get(path) != new);
        let after = new.map(|value| {
            if is_made_anew {
                MADE_ANEW.to_owned()
            } else {
                show(path, value)
            }
        });
        Some(change(
            path.to_string(),
            old.map(|value| show(path, value)),
            after,
        ))
    };
    paths.into_iter().filter_map(line).collect()
}

/// An empty map or list that is filled, or becomes empty: its items have lines of their own.
fn is_told_below(path: &Path, value: Option<&&Value>, others: &Leaves) -> bool {
    let next = others.range(path..).next();
    value.is_some_and(|value| is_empty(value)) && next.is_some_and(|(next, _)| next.is_below(path))
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Object(members) => members.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

type Texts = BTreeMap<String, Option<String>>;

/// Labels and annotations.
fn mark_changes(
    (labels, annotations): (&Texts, &Texts),
    again: Option<(&Texts, &Texts)>,
    before: &Target,
    plain: &Plain,
) -> Vec<Change> {
    let (again_labels, again_annotations) = again.unzip();
    let labels = texts("label", labels, again_labels, &before.labels, &|key, text| {
        plain.is_label(key, text)
    });
    let annotations = texts(
        "annotation",
        annotations,
        again_annotations,
        &before.annotations,
        &|key, text| plain.is_annotation(key, text),
    );
    labels.into_iter().chain(annotations).collect()
}

fn others(write: &SecretWrite, before: &Target) -> Vec<Change> {
    let known = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let kind = write.secret_type.as_ref();
    let kind = kind.map(|kind| change("type".to_owned(), known(&before.secret_type), Some(kind.clone())));
    let is_new = write.base.is_none();
    let immutable = write.immutable.map(|immutable| {
        let before = (!is_new).then(|| before.immutable.to_string());
        change("immutable".to_owned(), before, Some(immutable.to_string()))
    });
    let owners = write
        .owners
        .iter()
        .flat_map(|owners| owner_changes(&before.owners, owners));
    let finalizers = write.finalizers.iter().flatten();
    let finalizers = finalizers.filter(|name| !before.finalizers.contains(name));
    let finalizers = finalizers.map(|name| change("finalizer".to_owned(), None, Some(name.clone())));
    kind.into_iter()
        .chain(immutable)
        .chain(owners)
        .chain(finalizers)
        .collect()
}

fn owner_changes(before: &[Owner], after: &[Owner]) -> Vec<Change> {
    let show = |owner: &Owner| Some(format!("{} {}", owner.kind, owner.name));
    let field = || "owner".to_owned();
    let gone = before.iter().filter(|owner| !after.contains(owner));
    let new = after.iter().filter(|owner| !before.contains(owner));
    gone.map(|owner| change(field(), show(owner), None))
        .chain(new.map(|owner| change(field(), None, show(owner))))
        .collect()
}

fn texts(
    kind: &str,
    wanted: &Texts,
    again: Option<&Texts>,
    before: &BTreeMap<String, String>,
    is_plain: &dyn Fn(&str, &str) -> bool,
) -> Vec<Change> {
    // Our own marks are the same for everybody, or hashes: that they are there says it all.
    let show = |key: &str, text: &String| {
        if key.starts_with(labels::PREFIX) {
            String::new()
        } else if is_plain(key, text) {
            text.clone()
        } else {
            shape(&SecretBytes::from(text.as_str()))
        }
    };
    let lines = wanted.iter().map(|(key, text)| {
        let is_made_anew = is_made_anew(again, key, wanted) && !key.starts_with(labels::PREFIX);
        let after = text.as_ref().map(|text| {
            if is_made_anew {
                MADE_ANEW.to_owned()
            } else {
                show(key, text)
            }
        });
        let before = before.get(key).map(|text| show(key, text));
        change(format!("{kind} {key}"), before, after)
    });
    lines.collect()
}

const MADE_ANEW: &str = "made anew at each sync";

/// Whether the same reads have given something else.
fn is_made_anew<T: PartialEq>(
    again: Option<&BTreeMap<String, T>>,
    key: &str,
    now: &BTreeMap<String, T>,
) -> bool {
    again.is_some_and(|again| again.get(key) != now.get(key))
}

fn change(field: String, before: Option<String>, after: Option<String>) -> Change {
    let (sign, what) = match (before, after) {
        (None, Some(after)) => ('+', after),
        (Some(before), None) => ('-', before),
        (Some(before), Some(after)) if before == after => ('~', after),
        (Some(before), Some(after)) => ('~', format!("{before} -> {after}")),
        // Nobody plans to remove what is not there.
        (None, None) => ('-', String::new()),
    };
    Change { sign, field, what }
}

/// How long it is, and whether it is the same as another.
pub fn shape(value: &SecretBytes) -> String {
    let unit = if value.len() == 1 { "byte" } else { "bytes" };
    format!("{} {unit} #{}", value.len(), Digest::of(value).short())
}

/// As [`shape`], of anything that is no Secret. Of a number or a truth value, the length would tell too much.
fn shape_of(value: &Value) -> String {
    let fingerprint = || Digest::of(&value.to_string().into()).short();
    match value {
        Value::String(text) => shape(&text.as_str().into()),
        Value::Number(_) => format!("number #{}", fingerprint()),
        Value::Bool(_) => format!("boolean #{}", fingerprint()),
        // These are empty.
        Value::Null | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}
