//! Notices that the folder changed, and takes in how it is now. What did not change is not read.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tracing::warn;

use super::scan::Scan;
use super::shared::Shared;
use crate::ears::{Depth, Ears};

/// How often the outputs are compared with what they should be.
const HEAL: Duration = Duration::from_secs(30);

/// Never ends. Dropping it is fine at any time.
pub async fn follow(shared: &Arc<Shared>) {
    let mut ears = Ears::new(Depth::All);
    let mut following = Following::default();
    loop {
        ears.listen(shared.folder()).await;
        following.look(shared).await;
        ears.settled().await;
    }
}

/// Never ends.
pub async fn heal(shared: &Arc<Shared>) {
    loop {
        tokio::time::sleep(HEAL).await;
        shared.heal().await;
    }
}

#[derive(Default)]
struct Following {
    /// What was read last.
    last: Option<Scan>,
    failed: Option<String>,
}

impl Following {
    async fn look(&mut self, shared: &Arc<Shared>) {
        match shared.scan().await {
            Ok(scan) => {
                if self.failed.take().is_some() || self.last.as_ref() != Some(&scan) {
                    self.last = Some(scan.clone());
                    shared.take(scan).await;
                }
            }
            Err(error) => self.fail(shared.folder(), &error),
        }
    }

    /// A folder that cannot be read says nothing about what is in it: everything stays.
    fn fail(&mut self, folder: &Path, error: &io::Error) {
        let why = error.to_string();
        if self.failed.as_ref() != Some(&why) {
            warn!(
                "{} cannot be read, and everything stays as it is: {why}",
                folder.display()
            );
            self.failed = Some(why);
        }
    }
}
