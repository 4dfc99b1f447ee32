//! Notices that the files have changed, and says so.

use std::sync::Arc;

use lockstep_api::provider::FileProvider;
use tokio_util::task::AbortOnDropHandle;

use super::{Source, sight};
use crate::aside::blocking;
use crate::ears::{Depth, Ears};
use crate::engine::problem::Problem;
use crate::provider::News;

/// Follows them until the handle is dropped. What changes from now on is told.
pub(super) async fn start(source: Arc<Source>, news: News) -> AbortOnDropHandle<()> {
    let now = stamps(&source).await;
    AbortOnDropHandle::new(tokio::spawn(follow(source, now, news)))
}

async fn follow(source: Arc<Source>, mut last: Result<sight::Stamps, Problem>, news: News) {
    // A file is replaced in the folder that it stands in.
    let (depth, path) = (depth(&source.spec), source.place.path());
    let heard = match depth {
        Depth::All => path.as_path(),
        Depth::One => path.parent().unwrap_or(&path),
    };
    let mut ears = Ears::new(depth);
    loop {
        ears.listen(heard).await;
        let now = stamps(&source).await;
        if now != last {
            last = now;
            news.changed();
        }
        ears.settled().await;
    }
}

fn depth(spec: &FileProvider) -> Depth {
    match spec {
        FileProvider::Directory(_) => Depth::All,
        FileProvider::Dotenv(_) => Depth::One,
    }
}

async fn stamps(source: &Arc<Source>) -> Result<sight::Stamps, Problem> {
    let source = source.clone();
    blocking(move || sight::stamps(&source.place)).await
}
