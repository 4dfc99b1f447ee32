//! What the audit says of children: who had which of them written or deleted.

use crate::audit::{Action, Record, Who};
use crate::controller::Context;
use crate::engine::object::{ObjectKey, ObjectRef};
use crate::engine::problem::Problem;
use crate::engine::spread::Parent;

pub fn wrote(context: &Context, parent: &Parent, child: &ObjectKey, problem: Option<&Problem>) {
    tell(context, Action::Write, parent, child, problem);
}

pub fn deleted(context: &Context, parent: &Parent, child: &ObjectKey, problem: Option<&Problem>) {
    tell(context, Action::Delete, parent, child, problem);
}

fn tell(context: &Context, action: Action, parent: &Parent, child: &ObjectKey, problem: Option<&Problem>) {
    context.audit.tell(|| {
        let who = Who::new(&ObjectRef::from(&parent.key), &parent.uid);
        let child = ObjectRef::namespaced(parent.key.sort.child_kind(), child);
        Record::new(action, who).target(&child).ended(problem)
    });
}
