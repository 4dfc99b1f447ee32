//! The end of connections: what was made for them alone, such as a token, is given back.
//!
//! A connection ends when its last user lets go of it, so that nothing is under way through it. Closing happens beside
//! everything else, within a bound, and what comes of it changes nothing.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::timeout;
use tokio_util::task::TaskTracker;

use crate::provider::Backend;

/// How long one connection may take to close.
const DEADLINE: Duration = Duration::from_secs(10);

#[derive(Clone, Debug, Default)]
pub(super) struct Closing(TaskTracker);

impl Closing {
    pub(super) fn close(&self, backend: Arc<dyn Backend>) {
        // Without a runtime the process is at its end, and nothing can be sent any more.
        if let Ok(runtime) = Handle::try_current() {
            let closing = async move { drop(timeout(DEADLINE, backend.close()).await) };
            self.0.spawn_on(closing, &runtime);
        }
    }

    /// Waits for what is being closed, and gives up after that time.
    pub(super) async fn finish(&self, within: Duration) {
        self.0.close();
        // Whatever is left then is left to expire.
        let _ = timeout(within, self.0.wait()).await;
    }
}
