//! What the audit says of a push.

use crate::audit::{Action, Asked, Record, Who};
use crate::controller::Context;
use crate::engine::ask::{Push, Remote};
use crate::engine::object::{ObjectKey, ObjectRef, StoreKey};
use crate::engine::problem::Problem;
use crate::engine::values::Values;

/// On whose behalf something is done.
#[derive(Clone, Copy, Debug)]
pub struct Behalf<'a> {
    pub key: &'a ObjectKey,
    pub uid: &'a str,
}

/// Values went to a store, or were to.
pub fn pushed(
    context: &Context,
    behalf: Behalf,
    store: &StoreKey,
    push: &Push,
    written: &Result<(), Problem>,
) {
    context.audit.tell(|| {
        let record = at(context, Action::Push, behalf, store, &push.remote);
        match written {
            Ok(()) => record.values(&handed_over(push)),
            Err(problem) => record.ended(Some(problem)),
        }
    });
}

/// What had been pushed was deleted, or was to be.
pub fn withdrawn(
    context: &Context,
    behalf: Behalf,
    store: &StoreKey,
    remote: &Remote,
    deleted: &Result<(), Problem>,
) {
    context.audit.tell(|| {
        let record = at(context, Action::Withdraw, behalf, store, remote);
        record.ended(deleted.as_ref().err())
    });
}

/// Values were made to be pushed, or were to be.
pub fn generated(context: &Context, behalf: Behalf, generator: &ObjectRef, made: &Result<Values, Problem>) {
    context.audit.tell(|| {
        let record = Record::new(Action::Generate, who(behalf)).generator(generator);
        match made {
            Ok(values) => record.values(values),
            Err(problem) => record.ended(Some(problem)),
        }
    });
}

/// The one that is pushed, or all.
fn handed_over(push: &Push) -> Values {
    let is_pushed = |key: &String| push.secret_key.as_ref().is_none_or(|pushed| pushed == key);
    let pushed = push.values.iter().filter(|(key, _)| is_pushed(key));
    pushed.map(|(key, value)| (key.clone(), value.clone())).collect()
}

fn at(context: &Context, action: Action, behalf: Behalf, store: &StoreKey, remote: &Remote) -> Record {
    let credentials = context.pool.credentials(store, &behalf.key.namespace);
    Record::new(action, who(behalf))
        .store(store)
        .credentials(&credentials)
        .asked(Some(Asked::key(&remote.key, remote.property.as_deref(), None)))
}

fn who(behalf: Behalf) -> Who {
    Who::new(&ObjectRef::namespaced("PushSecret", behalf.key), behalf.uid)
}
