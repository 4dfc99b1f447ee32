//! Who is woken by what: a parent by itself, by whatever has its children's name, and by namespaces that it reaches from
//! now on, or no longer.

use std::collections::HashSet;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::Memory;
use crate::cluster::{Move, Spreading};
use crate::controller::concerned::Concerned;
use crate::controller::turn::Turn;
use crate::controller::{Context, WORKERS};
use crate::engine::object::{ObjectKey, ObjectRef};
use crate::engine::spread::{Parent, ParentKey, Sort};
use crate::queue::Queue;

/// Who waits for a turn. Clones share everything.
#[derive(Clone, Debug)]
pub struct Queues {
    external_secrets: Arc<Queue<ParentKey>>,
    push_secrets: Arc<Queue<ParentKey>>,
    /// Those that ESO holds on to.
    namespaces: Arc<Queue<String>>,
    memory: Arc<Memory>,
}

impl Queues {
    pub fn new(context: &Context) -> Self {
        let parents = |sort: Sort| Queue::new(context.metrics.queue(sort.controller(), WORKERS));
        Self {
            external_secrets: parents(Sort::ExternalSecret),
            push_secrets: parents(Sort::PushSecret),
            namespaces: Queue::new(context.metrics.queue("namespace", WORKERS)),
            memory: Arc::default(),
        }
    }

    pub fn work(self, context: &Context, tasks: &TaskTracker, stop: &CancellationToken) {
        for queue in [self.external_secrets, self.push_secrets] {
            let (context, memory) = (context.clone(), self.memory.clone());
            let turn = move |key| {
                let turn = Turn::of(&context, || ObjectRef::from(&key));
                turn.take(super::reconcile(context.clone(), memory.clone(), key))
            };
            tasks.spawn(queue.work(WORKERS, stop.clone(), turn));
        }
        let context = context.clone();
        let turn = move |name| super::release_namespace(context.clone(), name);
        tasks.spawn(self.namespaces.work(WORKERS, stop.clone(), turn));
    }

    fn wake(&self, key: &ParentKey) {
        match key.sort {
            Sort::ExternalSecret => self.external_secrets.wake(key),
            Sort::PushSecret => self.push_secrets.wake(key),
        }
    }
}

/// Turns what moved into wake-ups.
#[derive(Debug)]
pub struct Wakes {
    context: Context,
    queues: Queues,
    /// Which parents have children of a name, or had.
    named: Concerned<ParentKey>,
}

impl Wakes {
    pub fn new(context: Context, queues: Queues) -> Self {
        Self {
            context,
            queues,
            named: Concerned::default(),
        }
    }

    pub fn parent(&mut self, key: &ParentKey, moved: Move) {
        let parent = match moved {
            Move::Edited | Move::Turned => self.spreading().and_then(|spreading| spreading.parent(key)),
            Move::Gone => None,
        };
        let names = parent.as_deref().and_then(Parent::child_name).into_iter();
        let children: HashSet<_> = names.map(|name| child_ref(key.sort, name)).collect();
        self.named.set(key, children);
        self.queues.wake(key);
    }

    /// A child may have been edited or deleted, or what stood in its way may have gone.
    pub fn child(&self, sort: Sort, key: &ObjectKey, moved: Move) {
        if moved == Move::Gone {
            self.queues.memory.gone(sort, key);
        }
        if self.named.count() > 0 {
            for parent in self.named.by(&child_ref(sort, &key.name)) {
                self.queues.wake(parent);
            }
        }
    }

    pub fn namespace(&self, name: &str) {
        let Some(spreading) = self.spreading() else { return };
        let namespace = spreading.namespace(name).unwrap_or_default();
        if namespace.is_held {
            self.queues.namespaces.wake(&name.to_owned());
        }
        for parent in spreading.parents() {
            let spread = parent.spec.as_ref();
            let reaches = spread.is_ok_and(|spread| spread.reaches(name, &namespace));
            if self.queues.memory.reached(&parent.key, name) != Some(reaches) {
                self.queues.wake(&parent.key);
            }
        }
    }

    fn spreading(&self) -> Option<&dyn Spreading> {
        self.context.cluster.spreading()
    }
}

/// Whatever its namespace.
fn child_ref(sort: Sort, name: &str) -> ObjectRef {
    ObjectRef::cluster(sort.child_kind(), name)
}
