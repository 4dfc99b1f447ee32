//! What a turn starts from: the object, its target and its stores, all from memory, but for a kind of target that
//! nobody has used yet.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use lockstep_api::{ExternalSecret, ExternalSecretSpec, ExternalSecretStatus, Fault, StoreKind, StoreRef};
use tokio::time::Instant;

use super::{Memory, sources, target};
use crate::controller::Context;
use crate::controller::lent::Borrower;
use crate::engine::collect::{self, Ask, Want};
use crate::engine::condition::{Failure, Sort};
use crate::engine::due::{self, Facts, Loan};
use crate::engine::fingerprint;
use crate::engine::object::{ObjectKey, ResourceKey, StoreKey};
use crate::engine::own::Claimant;
use crate::engine::state::OwnerKind;
use crate::engine::target::Target;
use crate::engine::untold::Untold;
use crate::provider;

/// The ExternalSecret as a turn sees it.
#[derive(Debug)]
pub struct Subject {
    pub object: Arc<ExternalSecret>,
    pub spec: ExternalSecretSpec,
    pub status: ExternalSecretStatus,
    /// A sync that the status does not tell of, because it could not be written.
    pub untold: Option<Untold>,
    /// The status as it would be, had it been written.
    pub synced: ExternalSecretStatus,
    pub key: ObjectKey,
    pub claimant: Claimant,
    pub labels: BTreeMap<String, String>,
    pub annotations: BTreeMap<String, String>,
    pub generation: i64,
    /// What `status.syncedResourceVersion` is to be.
    pub version: String,
    pub target: ObjectKey,
    /// The target, where it is no Secret.
    pub resource: Option<ResourceKey>,
    pub existing: Option<Arc<Target>>,
    templates_changed: bool,
    sources: due::Sources,
    marks_changed: bool,
    /// What generators lent, once it was looked after.
    pub loan: Option<Loan>,
    pub refreshed: Option<Timestamp>,
    pub phase: Duration,
    pub now: Timestamp,
    /// The same moment on the clock that nobody sets.
    started: Instant,
    stores: Vec<StoreKey>,
}

/// What is to be done with an object at all.
#[derive(Debug)]
pub enum Gathered {
    Subject(Box<Subject>),
    /// Its target is not one that we may have, or could not be seen.
    Unseen(Box<Subject>, Box<Failure>),
    Broken {
        object: Arc<ExternalSecret>,
        fault: Fault,
    },
    Terminating(Arc<ExternalSecret>),
    /// Another instance of lockstep serves it.
    NotOurs,
    Gone,
}

pub async fn gather(context: &Context, memory: &Memory, key: &ObjectKey) -> Gathered {
    let Some(object) = context.cluster.external_secret(key) else {
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
    let wants = collect::wants(&spec, &key.namespace);
    let stores = collect::stores(&spec, &wants, &key.namespace);
    if !is_ours(context, &spec, &stores) {
        return Gathered::NotOurs;
    }
    let mut subject = Box::new(subject(context, memory, key, object, spec, &wants, stores));
    match target::look(context, &subject).await {
        Ok(existing) => {
            subject.marks_changed = has_other_marks(memory, &subject, existing.as_deref());
            subject.existing = existing;
            Gathered::Subject(subject)
        }
        Err(failure) => Gathered::Unseen(subject, failure),
    }
}

/// Of a Secret. Of other objects only the hash is held against what is there.
fn has_other_marks(memory: &Memory, subject: &Subject, existing: Option<&Target>) -> bool {
    let manager = fingerprint::field_manager(&subject.key.name);
    let marks = existing
        .filter(|_| subject.resource.is_none())
        .map(|target| target.marks(&manager));
    marks.is_some_and(|marks| memory.has_other_marks(&subject.key, &subject.claimant.uid, marks))
}

fn subject(
    context: &Context,
    memory: &Memory,
    key: &ObjectKey,
    object: Arc<ExternalSecret>,
    spec: ExternalSecretSpec,
    wants: &[Want],
    stores: Vec<StoreKey>,
) -> Subject {
    let meta = &object.metadata;
    let uid = meta.uid.clone().unwrap_or_default();
    let generation = meta.generation.unwrap_or_default();
    let target = key.target_of(&spec);
    let status = object.status.clone().unwrap_or_default();
    let untold = memory.untold(key, &uid);
    let sources = sources::since(context, memory.sources(key, &uid), &status);
    Subject {
        synced: untold.as_ref().map_or_else(
            || status.clone(),
            |untold| untold.status(&status, context.settings.conditions),
        ),
        untold,
        status,
        key: key.clone(),
        labels: meta.labels.clone().unwrap_or_default(),
        annotations: meta.annotations.clone().unwrap_or_default(),
        generation,
        version: fingerprint::resource_version(generation, meta.labels.as_ref(), meta.annotations.as_ref()),
        existing: None,
        resource: key.resource_of(&spec),
        target,
        refreshed: memory.refreshed(key, &uid),
        templates_changed: memory.has_other_templates(key, &uid, |object| context.following.version(object)),
        sources,
        marks_changed: false,
        loan: None,
        phase: phase(context, key, wants, spec.refresh_interval()),
        now: (context.clock)(),
        started: Instant::now(),
        claimant: Claimant {
            key: key.clone(),
            uid,
        },
        stores,
        spec,
        object,
    }
}

impl Subject {
    pub fn borrower(&self) -> Borrower<'_> {
        Borrower {
            kind: OwnerKind::ExternalSecret,
            key: &self.key,
            uid: &self.claimant.uid,
            now: self.now,
        }
    }

    pub fn facts(&self) -> Facts<'_> {
        Facts {
            spec: &self.spec,
            status: &self.synced,
            version: &self.version,
            refreshed: self.refreshed,
            target: self.existing.as_deref(),
            templates_changed: self.templates_changed,
            sources: self.sources,
            marks_changed: self.marks_changed,
            loan: self.loan,
            phase: self.phase,
            now: self.now,
        }
    }

    /// What backends held from then on will do as an answer.
    pub fn answers_since(&self) -> Instant {
        let created = self.object.metadata.creation_timestamp.as_ref();
        let age = due::may_be_old(&self.facts(), created.map(|created| created.0));
        self.started.checked_sub(age).unwrap_or(self.started)
    }

    /// When the interval is over that begins now; `None` where none ever is.
    pub fn next_interval(&self) -> Option<Timestamp> {
        let interval = due::interval(&self.spec)?;
        self.now.checked_add(interval).ok()
    }

    pub fn sort(&self) -> Sort {
        match self.resource {
            None => Sort::Secret,
            Some(_) => Sort::Resource,
        }
    }

    /// A store that nobody has looked at yet will be looked at in a moment, and wakes us then. Until that there is
    /// nothing to tell: ESO fails here once, and leaves a warning that means nothing.
    pub fn waits_for_store(&self, context: &Context) -> bool {
        context.rules.flood_gate
            && self.stores.iter().any(|store| {
                let store = context.cluster.store(store);
                store.is_some_and(|store| {
                    store.readiness().is_none() && !store.terminating && context.looks_after(&store)
                })
            })
    }
}

/// Objects that hang on a store of another class, or on a kind of store that is switched off, are somebody else's.
fn is_ours(context: &Context, spec: &ExternalSecretSpec, stores: &[StoreKey]) -> bool {
    let default_kind = spec.secret_store_ref.as_ref().map(StoreRef::kind);
    if default_kind == Some(StoreKind::ClusterSecretStore) && !context.settings.cluster_stores {
        return false;
    }
    let served = |store: &StoreKey| {
        context
            .cluster
            .store(store)
            .is_none_or(|store| store.is_served_by(&context.rules.class))
    };
    stores.iter().all(served)
}

/// What reads from a store refreshes with others that read the same; what is generated is shared with nobody.
fn phase(context: &Context, key: &ObjectKey, wants: &[Want], interval: Duration) -> Duration {
    let first = wants.first().map(|want| &want.ask);
    let Some(store) = first.and_then(Ask::store) else {
        return due::phase(key, "", interval);
    };
    let read = first
        .and_then(Ask::key)
        .filter(|_| !is_read_whole(context, store));
    due::phase(store, read.unwrap_or_default(), interval)
}

fn is_read_whole(context: &Context, store: &StoreKey) -> bool {
    let store = context.cluster.store(store);
    store.is_some_and(|store| {
        let spec = store.spec.as_ref();
        spec.is_ok_and(|spec| provider::is_read_whole(&spec.provider))
    })
}
