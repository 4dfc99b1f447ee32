//! Work that takes a processor and not a wait: it steps aside from the async workers, and little of it runs at a time.

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::Semaphore;

/// As many as there are processors in a small machine: more would only take turns.
static AT_ONCE: Semaphore = Semaphore::const_new(2);

pub async fn run<T>(work: impl FnOnce() -> T) -> T {
    // The semaphore is never closed.
    let _permit = AT_ONCE.acquire().await;
    match Handle::current().runtime_flavor() {
        RuntimeFlavor::MultiThread => tokio::task::block_in_place(work),
        _ => work(),
    }
}
