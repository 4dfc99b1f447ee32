//! ClusterExternalSecret and ClusterPushSecret: one object, kept in every namespace that it reaches.
//!
//! Both kinds take these steps; what they call things, [`Sort`](crate::engine::spread::Sort) knows. However many
//! namespaces there are, a turn writes one status, and what fails in one of them waits for nobody else's.

mod act;
mod audit;
mod gather;
mod memory;
mod release;
mod report;
mod wakes;

use std::sync::Arc;

use tokio::time::Instant;

use self::gather::Gathered;
use super::Context;
use crate::engine::spread::ParentKey;
use crate::queue::Next;
use crate::telemetry::parent_like;
use crate::traces;

pub use self::memory::Memory;
pub use self::release::release_namespace;
pub use self::wakes::{Queues, Wakes};

/// One turn of one parent.
pub async fn reconcile(context: Context, memory: Arc<Memory>, key: ParentKey) -> Next {
    let started = Instant::now();
    let Some(spreading) = context.cluster.spreading() else {
        return Next::Gone;
    };

    // Where should it be, and where is it? From memory.
    let next = match gather::gather(&context, spreading, &memory, &key) {
        Gathered::Gone => return report::gone(&context, &memory, &key),
        Gathered::Terminating(parent) => return release::release(&context, spreading, &parent).await,
        Gathered::Unclear(parent, problem) => report::unclear(&context, spreading, &parent, &problem).await,
        Gathered::Task(task) => {
            // What goes, goes first: a child may want what another one of an earlier name has.
            let report = traces::step("act", act::act(&context, spreading, &memory, &task)).await;
            traces::step(
                "report",
                report::report(&context, spreading, &memory, &task, &report),
            )
            .await
        }
    };
    let (kind, name) = parent_like(&key);
    context.metrics.took(kind, &name, started.elapsed());
    next
}
