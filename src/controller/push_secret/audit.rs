//! What the audit says of a push.

use crate::audit::{Action, Asked, Record, Who};
use crate::controller::Context;
use crate::engine::ask::{Push, Remote};
use crate::engine::object::{ObjectKey, ObjectRef, StoreKey};
use crate::engine::problem::Problem;
use crate::engine::values::Values;

/// Values went to a store, or were to.
pub fn pushed(
    context: &Context,
    (key, uid): (&ObjectKey, &str),
    store: &StoreKey,
    push: &Push,
    written: &Result<(), Problem>,
) {
    context.audit.tell(|| {
        let record = record(context, Action::Push, (key, uid), store).asked(Some(at(&push.remote)));
        match written {
            Ok(()) => record.values(&values(push)),
            Err(problem) => record.ended(Some(problem)),
        }
    });
}

/// What had been pushed was deleted there, or was to be.
pub fn withdrawn(
    context: &Context,
    key: &ObjectKey,
    store: &StoreKey,
    remote: &Remote,
    deleted: &Result<(), Problem>,
) {
    context.audit.tell(|| {
        let record = record(context, Action::Withdraw, (key, ""), store).asked(Some(at(remote)));
        record.ended(deleted.as_ref().err())
    });
}

/// Nothing was pushed to a store, for there is no connection to it or none for us.
pub fn unreached(context: &Context, who: (&ObjectKey, &str), store: &StoreKey, problem: &Problem) {
    context
        .audit
        .tell(|| record(context, Action::Push, who, store).ended(Some(problem)));
}

fn record(context: &Context, action: Action, (key, uid): (&ObjectKey, &str), store: &StoreKey) -> Record {
    let who = Who::new(&ObjectRef::namespaced("PushSecret", key), uid);
    let credentials = context.pool.credentials(store, &key.namespace);
    Record::new(action, who).store(store).credentials(&credentials)
}

fn at(remote: &Remote) -> Asked {
    Asked::key(&remote.key, remote.property.as_deref(), None)
}

/// Those that went: one, or all.
fn values(push: &Push) -> Values {
    let is_pushed = |key: &String| push.secret_key.as_ref().is_none_or(|pushed| pushed == key);
    let pushed = push.values.iter().filter(|(key, _)| is_pushed(key));
    pushed.map(|(key, value)| (key.clone(), value.clone())).collect()
}
