//! Which write brings a target that is no Secret to where it should be.

use std::collections::BTreeMap;

use lockstep_api::external_secret::CreationPolicy;
use serde_json::{Map, Value};

use super::change::{Base, difference};
use super::{Inputs, Step, Write, stamps};
use crate::engine::object::{ResourceKey, ResourceKind};
use crate::engine::problem::Problem;
use crate::engine::render::{Draft, Manifest, Object};
use crate::engine::target::{ManagedFields, Owner, Target};
use crate::engine::{due, fingerprint, labels, merge_patch};

/// Everything that one request changes. What is not named stays as it is.
#[derive(Clone, Debug, PartialEq)]
pub struct ResourceWrite {
    pub target: ResourceKey,
    /// The object that was looked at, which must still be the same. `None` creates one.
    pub base: Option<Base>,
    pub labels: BTreeMap<String, Option<String>>,
    pub annotations: BTreeMap<String, Option<String>>,
    pub owners: Option<Vec<Owner>>,
    /// All but the metadata: as it is created, or a merge patch.
    pub content: Object,
    /// Whether an event says that the object was updated.
    pub announced: bool,
}

impl ResourceWrite {
    fn to(target: ResourceKey, base: Option<Base>) -> Self {
        Self {
            target,
            base,
            labels: BTreeMap::new(),
            annotations: BTreeMap::new(),
            owners: None,
            content: nothing(),
            announced: true,
        }
    }

    fn based_on(target: ResourceKey, existing: &Target) -> Self {
        Self::to(target, Some(Base::of(existing)))
    }

    fn into_step(self) -> Step {
        let is_empty = self.labels.is_empty()
            && self.annotations.is_empty()
            && self.owners.is_none()
            && self.content == nothing();
        if is_empty {
            Step::Nothing
        } else {
            Step::Write(Write::Resource(Box::new(self)))
        }
    }
}

fn nothing() -> Object {
    Object(Value::Object(Map::new()))
}

/// An object where there was none.
pub fn create(inputs: &Inputs, manifest: &Manifest) -> Result<Step, Problem> {
    let policy = inputs.spec.target.creation_policy();
    let draft = manifest.fresh()?;
    let hash = fingerprint::of_object(&draft.content.0);
    let mut write = ResourceWrite::to(target(inputs, &manifest.kind), None);
    write.labels = stamps::all(stamps::labels(inputs, policy, draft.labels));
    write.annotations = stamps::all(stamps::hash(draft.annotations, hash));
    write.owners = stamps::first_owners(inputs, policy)?;
    write.content = draft.content;
    Ok(write.into_step())
}

/// What differs from what is there, nothing if nothing does.
pub fn update(
    inputs: &Inputs,
    policy: CreationPolicy,
    existing: &Target,
    manifest: &Manifest,
) -> Result<Step, Problem> {
    let mut write = ResourceWrite::based_on(target(inputs, &manifest.kind), existing);
    write.owners = stamps::changed_owners(inputs, policy, existing)?;
    let draft = match inputs.existing_object {
        _ if !stamps::keeps_foreign(policy) => manifest.fresh()?,
        Some(there) => manifest.over(there, &existing.labels, &existing.annotations)?,
        None => return Ok(Step::LookCloser),
    };
    let earlier = earlier(policy, existing);
    let hash = if is_there_already(&draft, earlier, existing) {
        existing.data_hash.clone()
    } else {
        let Some(there) = inputs.existing_object else {
            return Ok(Step::LookCloser);
        };
        write.content = content_change(&there.0, &draft.content.0, earlier);
        hash_afterwards(&manifest.kind, existing, &there.0, &write.content)
    };
    let created_by = labels::CREATED_BY.to_owned();
    let unwanted = earlier.into_iter().flat_map(|fields| &fields.labels);
    let wanted = stamps::labels(inputs, policy, draft.labels);
    write.labels = difference(&existing.labels, &wanted, unwanted.chain([&created_by]));
    let unwanted = earlier.into_iter().flat_map(|fields| &fields.annotations);
    let wanted = stamps::hash(draft.annotations, hash);
    write.annotations = difference(&existing.annotations, &wanted, unwanted);
    Ok(write.into_step())
}

pub fn mark(target: ResourceKey, existing: &Target) -> Step {
    let mut write = ResourceWrite::based_on(target, existing);
    write.announced = false;
    write.labels = stamps::missing_mark(existing);
    write.into_step()
}

/// What an object needs after it was written, if the API server made something else of it than what it was sent: it
/// fills in defaults, and spells values its own way. Without it, the object would look as if somebody had edited it.
pub fn restamp(target: &ResourceKey, written: &Target) -> Option<ResourceWrite> {
    if due::is_as_stamped(written) {
        return None;
    }
    let mut write = ResourceWrite::based_on(target.clone(), written);
    let hash = Some(written.data_hash.clone());
    write.annotations = [(labels::DATA_HASH.to_owned(), hash)].into();
    Some(write)
}

fn target(inputs: &Inputs, kind: &ResourceKind) -> ResourceKey {
    ResourceKey {
        kind: kind.clone(),
        key: inputs.target.clone(),
    }
}

/// What we put into the object earlier, where all that is ours is to go with its cause. Objects that are merged into
/// may hold what another ExternalSecret put there under the same name.
fn earlier(policy: CreationPolicy, existing: &Target) -> Option<&ManagedFields> {
    let ours = existing.managed.get(fingerprint::RESOURCE_MANAGER);
    ours.filter(|_| !stamps::keeps_foreign(policy))
}

fn is_there_already(draft: &Draft, earlier: Option<&ManagedFields>, existing: &Target) -> bool {
    let wanted = draft.content.digests();
    let mut removed = earlier.into_iter().flat_map(|fields| &fields.data);
    wanted
        .iter()
        .all(|(name, digest)| existing.keys.get(name) == Some(digest))
        && !removed.any(|name| existing.keys.contains_key(name) && !wanted.contains_key(name))
}

/// Members that we make are ours as a whole. Others stay, unless it was us who made them.
fn content_change(there: &Value, wanted: &Value, earlier: Option<&ManagedFields>) -> Object {
    let mut wanted = wanted.clone();
    if let (Some(there), Some(wanted)) = (there.as_object(), wanted.as_object_mut()) {
        let is_ours = |name: &String| earlier.is_some_and(|fields| fields.data.contains(name));
        for (name, value) in there.iter().filter(|(name, _)| !is_ours(name)) {
            wanted.entry(name).or_insert_with(|| value.clone());
        }
    }
    merge_patch::difference(there, &wanted).map_or_else(nothing, Object)
}

/// A ConfigMap is stored as it is sent. What the API server makes of anything else is only known afterwards: where
/// that is nothing new, what is as stamped must not be stamped otherwise. See [`restamp`].
fn hash_afterwards(kind: &ResourceKind, existing: &Target, there: &Value, change: &Object) -> String {
    if !kind.is_config_map() && due::is_as_stamped(existing) {
        return existing.data_hash.clone();
    }
    let mut afterwards = there.clone();
    merge_patch::apply(&mut afterwards, &change.0);
    fingerprint::of_object(&afterwards)
}
