//! Which write brings the target to where it should be.

use std::collections::BTreeMap;

use lockstep_api::external_secret::CreationPolicy;

use super::change::{Base, SecretWrite, difference};
use super::{Inputs, Step, Write, stamps};
use crate::engine::object::ObjectRef;
use crate::engine::problem::Problem;
use crate::engine::render::Rendered;
use crate::engine::secret_bytes::SecretBytes;
use crate::engine::target::{Digest, ManagedFields, Target};
use crate::engine::values::Values;
use crate::engine::{fingerprint, labels};

/// A Secret where there was none.
pub fn create(inputs: &Inputs, rendered: Rendered) -> Result<Step, Problem> {
    let policy = inputs.spec.target.creation_policy();
    let mut write = SecretWrite::to(inputs.target, manager(inputs), None);
    let hash = fingerprint::of_values(&rendered.values);
    write.labels = stamps::all(stamps::labels(inputs, policy, rendered.labels));
    write.annotations = stamps::all(stamps::hash(rendered.annotations, hash));
    write.data = stamps::all(rendered.values);
    write.secret_type = rendered.secret_type;
    write.immutable = inputs.spec.target.immutable().then_some(true);
    write.owners = stamps::first_owners(inputs, policy)?;
    write.finalizers = Some(rendered.finalizers).filter(|finalizers| !finalizers.is_empty());
    Ok(Step::Write(Write::Secret(Box::new(write))))
}

/// What differs from what is there, nothing if nothing does.
pub fn update(
    inputs: &Inputs,
    policy: CreationPolicy,
    existing: &Target,
    rendered: Rendered,
) -> Result<Step, Problem> {
    let data = data_change(inputs, policy, existing, &rendered.values);
    let Some(hash) = resulting_hash(inputs, policy, existing, &rendered.values, &data) else {
        return Ok(Step::LookCloser);
    };
    let secret_type = rendered
        .secret_type
        .filter(|wanted| *wanted != existing.secret_type);
    if existing.immutable && (!data.is_empty() || secret_type.is_some()) {
        return Err(Problem::Immutable {
            target: ObjectRef::namespaced("Secret", inputs.target),
        });
    }
    let mut write = based_on(inputs, existing);
    // The API server refuses neither, and nobody who reads the Secret notices: no news.
    write.announced = !existing.immutable;
    write.owners = stamps::changed_owners(inputs, policy, existing)?;
    write.labels = label_change(inputs, policy, existing, rendered.labels);
    write.annotations = annotation_change(inputs, existing, &stamps::hash(rendered.annotations, hash));
    write.data = data;
    write.secret_type = secret_type;
    write.finalizers = added_finalizers(existing, rendered.finalizers);
    Ok(unless_empty(write))
}

/// An immutable target is written once. After that only our marks on it are kept up.
pub fn freeze(inputs: &Inputs, policy: CreationPolicy, existing: &Target) -> Result<Step, Problem> {
    let mut write = based_on(inputs, existing);
    write.owners = stamps::changed_owners(inputs, policy, existing)?;
    let marks = stamps::labels(inputs, policy, BTreeMap::new());
    write.labels = difference(&existing.labels, &marks, [labels::CREATED_BY.to_owned()].iter());
    let hash = stamps::hash(BTreeMap::new(), existing.data_hash.clone());
    write.annotations = difference(&existing.annotations, &hash, std::iter::empty());
    write.immutable = (!existing.immutable).then_some(true);
    Ok(unless_empty(write))
}

pub fn mark(inputs: &Inputs, existing: &Target) -> Step {
    let mut write = based_on(inputs, existing);
    write.announced = false;
    write.labels = stamps::missing_mark(existing);
    unless_empty(write)
}

fn unless_empty(write: SecretWrite) -> Step {
    if write.is_empty() {
        Step::Nothing
    } else {
        Step::Write(Write::Secret(Box::new(write)))
    }
}

fn based_on(inputs: &Inputs, existing: &Target) -> SecretWrite {
    SecretWrite::to(inputs.target, manager(inputs), Some(Base::of(existing)))
}

fn manager(inputs: &Inputs) -> String {
    fingerprint::field_manager(&inputs.claimant.key.name)
}

/// Values that are new or other, and the removal of those that should be there no more: under Owner and Orphan all
/// that are not ours, under the merging policies those that we wrote earlier.
fn data_change(
    inputs: &Inputs,
    policy: CreationPolicy,
    existing: &Target,
    wanted: &Values,
) -> BTreeMap<String, Option<SecretBytes>> {
    let ours = managed(inputs, existing);
    let removed = existing.keys.keys().filter(|key| {
        !wanted.contains_key(*key)
            && (!stamps::keeps_foreign(policy) || ours.is_some_and(|ours| ours.data.contains(key)))
    });
    let changed = wanted
        .iter()
        .filter(|(key, value)| existing.keys.get(*key) != Some(&Digest::of(value)));
    let removed = removed.map(|key| (key.clone(), None));
    removed
        .chain(changed.map(|(key, value)| (key.clone(), Some(value.clone()))))
        .collect()
}

/// The hash over all data that is there afterwards. `None`: foreign values take part in it, and nobody has read them.
fn resulting_hash(
    inputs: &Inputs,
    policy: CreationPolicy,
    existing: &Target,
    wanted: &Values,
    change: &BTreeMap<String, Option<SecretBytes>>,
) -> Option<String> {
    if change.is_empty() {
        return Some(existing.data_hash.clone());
    }
    if !stamps::keeps_foreign(policy)
        || existing
            .keys
            .keys()
            .all(|key| wanted.contains_key(key) || change.contains_key(key))
    {
        return Some(fingerprint::of_values(wanted));
    }
    let mut all = inputs.existing_values?.clone();
    for (key, value) in change {
        match value {
            Some(value) => all.insert(key.clone(), value.clone()),
            None => all.remove(key),
        };
    }
    Some(fingerprint::of_values(&all))
}

fn label_change(
    inputs: &Inputs,
    policy: CreationPolicy,
    existing: &Target,
    wanted: BTreeMap<String, String>,
) -> BTreeMap<String, Option<String>> {
    let created_by = labels::CREATED_BY.to_owned();
    let earlier = managed(inputs, existing)
        .into_iter()
        .flat_map(|fields| &fields.labels);
    let unwanted = earlier.chain([&created_by]);
    difference(
        &existing.labels,
        &stamps::labels(inputs, policy, wanted),
        unwanted,
    )
}

fn annotation_change(
    inputs: &Inputs,
    existing: &Target,
    wanted: &BTreeMap<String, String>,
) -> BTreeMap<String, Option<String>> {
    let earlier = managed(inputs, existing)
        .into_iter()
        .flat_map(|fields| &fields.annotations);
    difference(&existing.annotations, wanted, earlier)
}

fn managed<'a>(inputs: &Inputs, existing: &'a Target) -> Option<&'a ManagedFields> {
    existing.managed.get(&manager(inputs))
}

fn added_finalizers(existing: &Target, wanted: Vec<String>) -> Option<Vec<String>> {
    let added: Vec<String> = wanted
        .into_iter()
        .filter(|name| !existing.finalizers.contains(name))
        .collect();
    if added.is_empty() || existing.terminating {
        return None;
    }
    Some(existing.finalizers.iter().cloned().chain(added).collect())
}
