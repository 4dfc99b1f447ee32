//! Carries out what is to be done, side by side, and namespace by namespace.

use futures::stream::{self, StreamExt as _};

use super::Memory;
use super::audit;
use super::gather::Task;
use crate::cluster::Spreading;
use crate::controller::Context;
use crate::engine::object::ObjectKey;
use crate::engine::problem::Problem;
use crate::engine::spread::{self, Child, Report, Step};

/// Requests of one parent that are under way at a time. Others need the API server too.
const AT_ONCE: usize = 32;

/// What goes, goes first: a child may want what the one has that it takes the place of.
pub async fn act(context: &Context, spreading: &dyn Spreading, memory: &Memory, task: &Task) -> Report {
    let hands = &Hands {
        context,
        spreading,
        memory,
        task,
    };
    let mut report = Report::default();
    let deletes: Vec<_> = task.surplus.iter().map(|child| hands.delete(child)).collect();
    let mut deletes = stream::iter(deletes).buffer_unordered(AT_ONCE);
    while let Some((namespace, result)) = deletes.next().await {
        if let Err(problem) = result {
            fail(&mut report, namespace, problem);
        }
    }
    let reached = task.reached.iter();
    let writes: Vec<_> = reached
        .map(|(namespace, there)| hands.bring_in_step(namespace, there.as_ref()))
        .collect();
    let mut writes = stream::iter(writes).buffer_unordered(AT_ONCE);
    while let Some((namespace, result)) = writes.next().await {
        match result {
            Ok(()) => drop(report.there.insert(namespace.to_owned())),
            Err(problem) => fail(&mut report, namespace, problem),
        }
    }
    report
}

fn fail(report: &mut Report, namespace: &str, problem: Problem) {
    if matches!(problem, Problem::Conflict { .. }) {
        report.open.insert(namespace.to_owned());
    } else {
        report.failed.insert(namespace.to_owned(), problem);
    }
}

struct Hands<'a> {
    context: &'a Context,
    spreading: &'a dyn Spreading,
    memory: &'a Memory,
    task: &'a Task,
}

/// What came of it in a namespace.
type Done<'n> = (&'n str, Result<(), Problem>);

impl Hands<'_> {
    async fn delete<'n>(&self, child: &'n Child) -> Done<'n> {
        let parent = &self.task.parent;
        let deleted = self
            .spreading
            .delete_child(parent.key.sort, &child.key, &child.base.uid);
        let deleted = deleted.await;
        audit::deleted(self.context, parent, &child.key, deleted.as_ref().err());
        (&child.key.namespace, deleted)
    }

    async fn bring_in_step<'n>(&self, namespace: &'n str, there: Option<&Child>) -> Done<'n> {
        let done = self.attempt(namespace, there).await;
        if !matches!(done, Err(Problem::Conflict { .. })) {
            return (namespace, done);
        }
        (namespace, self.look_closer(namespace).await)
    }

    /// Something else is there than was thought: it is looked at, and decided anew.
    async fn look_closer(&self, namespace: &str) -> Result<(), Problem> {
        let key = ObjectKey::new(namespace, &self.task.spread.child_name);
        let there = self.spreading.read_child(self.task.parent.key.sort, &key).await?;
        self.attempt(namespace, there.as_ref()).await
    }

    async fn attempt(&self, namespace: &str, there: Option<&Child>) -> Result<(), Problem> {
        let Task { parent, spread, .. } = self.task;
        match spread::step(parent, spread, namespace, there) {
            Step::Keep => Ok(()),
            Step::Refuse(problem) => {
                let key = ObjectKey::new(namespace, &spread.child_name);
                audit::wrote(self.context, parent, &key, Some(&problem));
                Err(problem)
            }
            Step::Write(write) => {
                let key = ObjectKey::new(namespace, &spread.child_name);
                let written = self.spreading.write_child(&write).await;
                audit::wrote(self.context, parent, &key, written.as_ref().err());
                let child = written?;
                if write.base.is_none() {
                    self.memory.make(write.sort, child, (self.context.clock)());
                }
                Ok(())
            }
        }
    }
}
