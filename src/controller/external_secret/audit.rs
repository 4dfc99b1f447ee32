//! What the audit says of a sync.

use std::collections::BTreeMap;

use lockstep_api::GeneratorRef;

use super::gather::Subject;
use super::target;
use crate::audit::{Action, Asked, Record, Who};
use crate::controller::Context;
use crate::engine::collect::{Ask, Entry, Found, Want};
use crate::engine::generator::GeneratorKey;
use crate::engine::object::{ObjectKey, ObjectRef, StoreKey};
use crate::engine::problem::Problem;
use crate::engine::state::State;
use crate::engine::target::Target;
use crate::engine::values::Values;

/// Values came from a store, or did not, for one entry of the spec. The store is the one that was really asked: it may
/// stand in for another.
pub fn read(
    context: &Context,
    subject: &Subject,
    store: &StoreKey,
    want: &Want,
    answer: &Result<Found, Problem>,
) {
    context.audit.tell(|| {
        let asked = match &want.ask {
            Ask::Value {
                location, property, ..
            }
            | Ask::Extract {
                location, property, ..
            } => Some(Asked::location(location, property.as_deref())),
            Ask::Find { query, .. } => Some(Asked::search(query)),
            Ask::Generate { .. } => None,
        };
        let credentials = context.pool.credentials(store, &subject.key.namespace);
        let record = record(Action::Read, subject)
            .store(store)
            .credentials(&credentials)
            .asked(asked);
        answered(record, subject, want, answer)
    });
}

/// Values came from a generator, or did not.
pub fn generated(
    context: &Context,
    subject: &Subject,
    (want, generator): (&Want, &GeneratorRef),
    lease: Option<&State>,
    answer: &Result<Found, Problem>,
) {
    context.audit.tell(|| {
        let namespace = &subject.key.namespace;
        let named = GeneratorKey::named_by(generator, namespace);
        let named = named.as_ref().map(ObjectRef::from);
        let named = named.unwrap_or_else(|_| {
            let key = ObjectKey::new(namespace, generator.name.as_str());
            ObjectRef::namespaced(format!("{:?}", generator.kind), &key)
        });
        let record = record(Action::Generate, subject)
            .generator(&named)
            .lease(lease.map(lease_of).as_ref());
        answered(record, subject, want, answer)
    });
}

fn answered(record: Record, subject: &Subject, want: &Want, answer: &Result<Found, Problem>) -> Record {
    match answer {
        Ok(found) => record.values(&named(subject, want, found)),
        Err(problem) => record.ended(Some(problem)),
    }
}

/// A single value bears the name that it gets in the target.
fn named(subject: &Subject, want: &Want, found: &Found) -> Values {
    match (found, want.entry) {
        (Found::Map(values), _) => values.clone(),
        (Found::Unmade, _) => Values::new(),
        (Found::Value(value), Entry::Data(index)) => {
            let name = subject
                .spec
                .data
                .get(index)
                .map(|entry| entry.secret_key.to_string());
            [(name.unwrap_or_default(), value.clone())].into()
        }
        (Found::Value(value), Entry::DataFrom(_)) => [(String::new(), value.clone())].into(),
    }
}

/// The target was written, or was to be.
pub fn wrote(
    context: &Context,
    subject: &Subject,
    before: Option<&Target>,
    written: Result<&Target, &Problem>,
) {
    context.audit.tell(|| {
        let record = record(Action::Write, subject).target(&target::reference(subject));
        match written {
            Ok(written) => {
                let before = before.map(|target| target.keys.clone()).unwrap_or_default();
                record.changed(&before, &written.keys)
            }
            Err(problem) => record.ended(Some(problem)),
        }
    });
}

/// A target was deleted, or was to be.
pub fn deleted(
    context: &Context,
    who: impl FnOnce() -> Who,
    target: impl FnOnce() -> ObjectRef,
    before: Option<&Target>,
    deleted: &Result<(), Problem>,
) {
    context.audit.tell(|| {
        let record = Record::new(Action::Delete, who()).target(&target());
        match (deleted, before) {
            (Ok(()), Some(before)) => record.changed(&before.keys, &BTreeMap::new()),
            (Ok(()), None) => record,
            (Err(problem), _) => record.ended(Some(problem)),
        }
    });
}

pub fn who(subject: &Subject) -> Who {
    let object = ObjectRef::namespaced("ExternalSecret", &subject.key);
    Who::new(&object, &subject.claimant.uid)
}

fn record(action: Action, subject: &Subject) -> Record {
    Record::new(action, who(subject))
}

fn lease_of(state: &State) -> ObjectRef {
    ObjectRef::namespaced("GeneratorState", &state.key)
}
