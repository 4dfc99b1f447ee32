//! Work that would hold up the async workers. What takes a processor steps aside from them, and little of it runs at a
//! time; what waits for a disk has threads of its own.

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

/// Files are read and written away from the threads that everything else runs on.
pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        // It is never cancelled, so it panicked, and that is for our caller to cope with.
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}
