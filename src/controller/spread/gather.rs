//! What a turn rests on, all of it from memory.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::Memory;
use crate::cluster::Spreading;
use crate::controller::Context;
use crate::engine::object::ObjectKey;
use crate::engine::problem::Problem;
use crate::engine::spread::{Child, Parent, ParentKey, Spread, is_controlled_by};

pub enum Gathered {
    Task(Box<Task>),
    /// It is not known what it spreads, or where to.
    Unclear(Arc<Parent>, Problem),
    Terminating(Arc<Parent>),
    Gone,
}

/// What there is to do.
pub struct Task {
    pub parent: Arc<Parent>,
    pub spread: Spread,
    /// The namespaces that it reaches, and what has the child's name in them.
    pub reached: BTreeMap<String, Option<Child>>,
    /// Children that are to go.
    pub surplus: Vec<Child>,
}

pub fn gather(context: &Context, spreading: &dyn Spreading, memory: &Memory, key: &ParentKey) -> Gathered {
    let Some(parent) = spreading.parent(key) else {
        return Gathered::Gone;
    };
    if parent.terminating {
        return Gathered::Terminating(parent);
    }
    let spread = match parent.spec.as_ref() {
        Ok(spread) => spread.clone(),
        Err(fault) => {
            let fault = fault.clone();
            return Gathered::Unclear(parent, Problem::BrokenSpec { fault });
        }
    };
    if let Err(problem) = spread.check() {
        return Gathered::Unclear(parent, problem);
    }
    let namespaces: BTreeMap<_, _> = spreading.namespaces().into_iter().collect();
    let reached = namespaces
        .iter()
        .filter(|(name, namespace)| spread.reaches(name, namespace));
    let reached: BTreeSet<String> = reached.map(|(name, _)| name.clone()).collect();
    // Before anything is done, so that no change of a namespace is missed while it is.
    memory.reaches(key, reached.clone());

    let children = spreading.children_of(key.sort, &parent.uid);
    let (wanted, others): (Vec<_>, Vec<_>) = children
        .into_iter()
        .partition(|child| child.key.name == spread.child_name && reached.contains(&child.key.namespace));
    // What is in a namespace that is going goes with it.
    let stays = |child: &Child| {
        let namespace = namespaces.get(&child.key.namespace);
        namespace.is_some_and(|namespace| !namespace.terminating)
    };
    let surplus = others
        .into_iter()
        .filter(|child| !child.terminating && stays(child) && is_controlled_by(&parent, child));
    let surplus = surplus.collect();

    let mut wanted: HashMap<_, _> = wanted
        .into_iter()
        .map(|child| (child.key.namespace.clone(), child))
        .collect();
    let now = (context.clock)();
    let mut there = |namespace: &str| {
        let child = ObjectKey::new(namespace, &spread.child_name);
        let seen = wanted.remove(namespace);
        let seen = seen.or_else(|| spreading.child(key.sort, &child));
        memory.made(key.sort, &child, seen, now)
    };
    let reached = reached.into_iter().map(|name| (there(&name), name));
    let reached = reached.map(|(there, name)| (name, there)).collect();
    Gathered::Task(Box::new(Task {
        parent,
        spread,
        reached,
        surplus,
    }))
}
