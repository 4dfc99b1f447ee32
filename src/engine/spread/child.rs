//! What is to be done in one namespace.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Parent, Sort, Spread};
use crate::engine::object::{ObjectKey, ObjectRef};
use crate::engine::plan::Base;
use crate::engine::problem::Problem;
use crate::engine::target::Owner;

/// An ExternalSecret or PushSecret, as far as it may be somebody's child.
#[derive(Clone, Debug, PartialEq)]
pub struct Child {
    pub key: ObjectKey,
    pub base: Base,
    pub terminating: bool,
    pub labels: BTreeMap<String, String>,
    pub annotations: BTreeMap<String, String>,
    pub finalizers: Vec<String>,
    pub owners: Vec<Owner>,
    /// `None`: it cannot be understood, and so is not what anybody wanted.
    pub spec: Option<Value>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// It is there, and as it should be.
    Keep,
    Write(Box<ChildWrite>),
    /// Its name is taken.
    Refuse(Problem),
}

/// A child as it will be, all of it.
#[derive(Clone, Debug, PartialEq)]
pub struct ChildWrite {
    pub sort: Sort,
    pub key: ObjectKey,
    /// What was looked at, which must still be the same. `None` creates one.
    pub base: Option<Base>,
    pub labels: BTreeMap<String, String>,
    pub annotations: BTreeMap<String, String>,
    pub finalizers: Vec<String>,
    pub owners: Vec<Owner>,
    pub spec: Value,
}

/// What brings the child in one namespace in step with its parent. Labels and annotations are the parent's alone, as
/// the spec is: ESO leaves nothing there that somebody else wrote, and neither do we.
pub fn step(parent: &Parent, spread: &Spread, namespace: &str, there: Option<&Child>) -> Step {
    let key = ObjectKey::new(namespace, &spread.child_name);
    if let Some(child) = there {
        if !is_ours(parent, child) {
            let object = ObjectRef::namespaced(parent.key.sort.child_kind(), &key);
            return Step::Refuse(Problem::Taken { object });
        }
        // It is made anew when it is gone.
        if child.terminating || is_in_step(parent, spread, child) {
            return Step::Keep;
        }
    }
    Step::Write(Box::new(ChildWrite {
        sort: parent.key.sort,
        key,
        base: there.map(|child| child.base.clone()),
        labels: spread.metadata.labels.clone(),
        annotations: spread.metadata.annotations.clone(),
        finalizers: there.map(|child| child.finalizers.clone()).unwrap_or_default(),
        owners: owners(parent, there),
        spec: spread.child.clone(),
    }))
}

/// Does this very parent control it? One that was made anew under its name does not, and the garbage collector takes
/// what the old one left.
pub fn is_controlled_by(parent: &Parent, child: &Child) -> bool {
    controller(child).is_some_and(|owner| is_parent(parent, owner) && owner.uid == parent.uid)
}

fn is_in_step(parent: &Parent, spread: &Spread, child: &Child) -> bool {
    child.spec.as_ref() == Some(&spread.child)
        && child.labels == spread.metadata.labels
        && child.annotations == spread.metadata.annotations
        && child.owners == owners(parent, Some(child))
}

/// A parent made anew under its name takes up what is left of the old one's.
fn is_ours(parent: &Parent, child: &Child) -> bool {
    controller(child).is_some_and(|owner| is_parent(parent, owner))
}

fn controller(child: &Child) -> Option<&Owner> {
    child.owners.iter().find(|owner| owner.controller)
}

fn is_parent(parent: &Parent, owner: &Owner) -> bool {
    let group = |version: &str| version.split_once('/').map(|(group, _)| group.to_owned());
    owner.kind == parent.key.sort.parent_kind()
        && owner.name == parent.key.name
        && group(&owner.api_version) == group(parent.key.sort.api_version())
}

/// Our reference in the place where it was, those of others as they are.
fn owners(parent: &Parent, there: Option<&Child>) -> Vec<Owner> {
    let ours = Owner {
        api_version: parent.key.sort.api_version().to_owned(),
        kind: parent.key.sort.parent_kind().to_owned(),
        name: parent.key.name.clone(),
        uid: parent.uid.clone(),
        controller: true,
        block_owner_deletion: true,
    };
    let mut owners = there.map(|child| child.owners.clone()).unwrap_or_default();
    match owners.iter_mut().find(|owner| is_parent(parent, owner)) {
        Some(owner) => *owner = ours,
        None => owners.push(ours),
    }
    owners
}
