//! The lines of a diff: what is added, removed and changed. No value is in them.

use std::collections::{BTreeMap, BTreeSet};

use crate::cli::plain::Plain;
use crate::engine::labels;
use crate::engine::plan::SecretWrite;
use crate::engine::secret_bytes::SecretBytes;
use crate::engine::target::{Digest, Owner, Target};
use crate::engine::values::Values;

/// One field, before and after.
#[derive(Debug, PartialEq, Eq)]
pub struct Change {
    pub sign: char,
    pub field: String,
    pub what: String,
}

/// What a write is compared with.
#[derive(Debug)]
pub struct Before<'a> {
    pub target: &'a Target,
    pub values: &'a Values,
}

pub fn of_write(
    write: &SecretWrite,
    before: &Before,
    plain: &Plain,
    made_anew: &BTreeSet<String>,
) -> Vec<Change> {
    let mut changes = Vec::new();
    let data = write.data.iter().map(|(key, value)| {
        let after = value.as_ref().map(|value| {
            if made_anew.contains(key) {
                "made anew at each sync".to_owned()
            } else {
                shape(value)
            }
        });
        change(format!("data.{key}"), before.values.get(key).map(shape), after)
    });
    changes.extend(data);
    changes.extend(texts(
        "label",
        &write.labels,
        &before.target.labels,
        &|key, text| plain.is_label(key, text),
    ));
    let annotations = texts(
        "annotation",
        &write.annotations,
        &before.target.annotations,
        &|key, text| plain.is_annotation(key, text),
    );
    changes.extend(annotations);
    changes.extend(others(write, before.target));
    changes
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
    wanted: &BTreeMap<String, Option<String>>,
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
        let before = before.get(key).map(|text| show(key, text));
        change(
            format!("{kind} {key}"),
            before,
            text.as_ref().map(|text| show(key, text)),
        )
    });
    lines.collect()
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
fn shape(value: &SecretBytes) -> String {
    let unit = if value.len() == 1 { "byte" } else { "bytes" };
    format!("{} {unit} #{}", value.len(), Digest::of(value).short())
}
