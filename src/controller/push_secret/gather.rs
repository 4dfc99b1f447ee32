//! What a turn starts from, all of it from memory.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use lockstep_api::Fault;
use lockstep_api::push_secret::{PushSecret, PushSecretSpec, PushSecretStatus, PushSource, PushStoreRef};

use super::Shared;
use super::audit::Behalf;
use super::memory::Remembered;
use crate::cluster::Store;
use crate::controller::Context;
use crate::controller::lent::Borrower;
use crate::engine::due::Loan;
use crate::engine::fingerprint;
use crate::engine::object::{ObjectKey, StoreKey};
use crate::engine::problem::Problem;
use crate::engine::push::{self, Facts, Last, Sighting};
use crate::engine::state::OwnerKind;

/// The PushSecret as a turn sees it.
#[derive(Debug)]
pub struct Subject {
    pub object: Arc<PushSecret>,
    pub spec: PushSecretSpec,
    /// As it would be, had it been written.
    pub status: PushSecretStatus,
    pub key: ObjectKey,
    pub uid: String,
    pub generation: i64,
    /// What `status.syncedResourceVersion` is to be.
    pub version: String,
    pub last: Option<Remembered>,
    /// What was seen of the sources.
    pub sightings: BTreeMap<String, Sighting>,
    is_outdated: bool,
    /// What a generator lent, once it was looked after.
    pub loan: Option<Loan>,
    pub now: Timestamp,
}

/// What is to be done with an object at all.
#[derive(Debug)]
pub enum Gathered {
    Subject(Box<Subject>),
    Broken { object: Arc<PushSecret>, fault: Fault },
    Terminating(Arc<PushSecret>),
    Gone,
}

pub fn gather(context: &Context, shared: &Shared, key: &ObjectKey) -> Gathered {
    let pushes = context.cluster.pushes();
    let Some(object) = pushes.and_then(|pushes| pushes.push_secret(key)) else {
        return Gathered::Gone;
    };
    if object.metadata.deletion_timestamp.is_some() {
        return Gathered::Terminating(object);
    }
    let spec = match object.spec.as_ref() {
        Ok(spec) => spec.clone(),
        Err(fault) => {
            return Gathered::Broken {
                fault: fault.clone(),
                object,
            };
        }
    };
    let meta = &object.metadata;
    let generation = meta.generation.unwrap_or_default();
    let uid = meta.uid.clone().unwrap_or_default();
    let last = shared.memory.last(key, &uid);
    let untold = last.as_ref().and_then(|last| last.untold.clone());
    let mut subject = Subject {
        status: untold.unwrap_or_else(|| object.status.clone().unwrap_or_default()),
        key: key.clone(),
        uid,
        generation,
        version: fingerprint::resource_version(generation, meta.labels.as_ref(), meta.annotations.as_ref()),
        sightings: shared.links.sightings(key),
        is_outdated: false,
        loan: None,
        last,
        now: (context.clock)(),
        spec,
        object,
    };
    subject.is_outdated = is_outdated(context, &subject);
    Gathered::Subject(Box::new(subject))
}

/// Is a store meant, or a template to be used, that was not when everything was last pushed?
fn is_outdated(context: &Context, subject: &Subject) -> bool {
    let Some(last) = &subject.last else { return false };
    let has_other_templates = last.templates.iter().any(|(object, version)| {
        let seen = context.following.version(object);
        seen.is_some_and(|seen| seen != *version)
    });
    // What a generator makes is pushed to all stores, or to none.
    let is_read = matches!(subject.spec.selector, PushSource::Secret(_));
    let has_new_store = || {
        let stores = stores(context, subject);
        let is_new = |store: &Arc<Store>| !last.stores.contains(&store.key);
        stores.is_ok_and(|stores| stores.ready.iter().any(is_new))
    };
    is_read && (has_other_templates || has_new_store())
}

impl Subject {
    pub fn borrower(&self) -> Borrower<'_> {
        Borrower {
            kind: OwnerKind::PushSecret,
            key: &self.key,
            uid: &self.uid,
            now: self.now,
        }
    }

    pub fn behalf(&self) -> Behalf<'_> {
        Behalf {
            key: &self.key,
            uid: &self.uid,
        }
    }

    pub fn facts(&self) -> Facts<'_> {
        Facts {
            spec: &self.spec,
            status: &self.status,
            version: &self.version,
            last: self.last.as_ref().map(|last| Last {
                version: &last.version,
                began: last.began,
                unfinished: last.unfinished,
                sources: &last.sources,
            }),
            sources: &self.sightings,
            is_outdated: self.is_outdated,
            loan: self.loan,
            now: self.now,
        }
    }
}

/// The stores that a spec means.
#[derive(Debug, Default)]
pub struct Stores {
    /// Those that are ours to write, each once, in the order of their names.
    pub ready: Vec<Arc<Store>>,
    /// Of those that are named and do not exist.
    pub missing: Vec<Problem>,
}

pub fn stores(context: &Context, subject: &Subject) -> Result<Stores, Problem> {
    let mut found: BTreeMap<StoreKey, Arc<Store>> = BTreeMap::new();
    let mut stores = Stores::default();
    push::check_labels(&subject.spec)?;
    for reference in &subject.spec.secret_store_refs {
        for (key, store) in meant(context, subject, reference)? {
            match store {
                Some(store) => drop(found.insert(key, store)),
                None => stores.missing.push(Problem::StoreMissing { store: key }),
            }
        }
    }
    let ready = found.into_values();
    let ready = ready.filter(|store| !store.terminating && store.is_served_by(&context.rules.class));
    stores.ready = ready.collect();
    Ok(stores)
}

/// All that the spec means, ours or not, going or not, there or not; as the status names them.
pub fn referenced(context: &Context, subject: &Subject) -> BTreeSet<String> {
    let refs = subject.spec.secret_store_refs.iter();
    let meant = refs.filter_map(|reference| meant(context, subject, reference).ok());
    meant.flatten().map(|(key, _)| push::store_place(&key)).collect()
}

type Meant = Vec<(StoreKey, Option<Arc<Store>>)>;

fn meant(context: &Context, subject: &Subject, reference: &PushStoreRef) -> Result<Meant, Problem> {
    let namespace = &subject.key.namespace;
    if reference.label_selector.is_none() {
        let key = push::named(reference, namespace)?;
        let store = context.cluster.store(&key);
        return Ok(vec![(key, store)]);
    }
    let Some(pushes) = context.cluster.pushes() else {
        return Ok(Vec::new());
    };
    let all = pushes
        .stores(Some(namespace))
        .into_iter()
        .chain(pushes.stores(None));
    let picked = all.filter(|store| push::picks(reference, namespace, store));
    Ok(picked.map(|store| (store.key.clone(), Some(store))).collect())
}
