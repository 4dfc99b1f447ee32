//! Notices that the folder changed.
//!
//! The kernel tells where it can. Because it cannot always (network filesystems, mounts of virtual machines, too many
//! watches), the folder is also looked over from time to time; what did not change is not read.

use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use notify::event::{AccessKind, AccessMode};
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::Notify;
use tokio::time::Instant;
use tracing::{debug, warn};

use super::scan::Scan;
use super::shared::{Shared, blocking};

/// Changes that come closer together than this are one.
const QUIET: Duration = Duration::from_millis(100);
/// A folder that never comes to rest is read all the same.
const RESTLESS: Duration = Duration::from_secs(1);
/// How often the folder is looked over, with and without word from the kernel.
const LOOK: Duration = Duration::from_secs(10);
const LOOK_UNTOLD: Duration = Duration::from_secs(2);
/// How often the outputs are compared with what they should be.
const HEAL: Duration = Duration::from_secs(30);

/// Never ends. Dropping it is fine at any time.
pub async fn follow(shared: &Arc<Shared>) {
    let mut following = Following {
        changed: Arc::default(),
        ears: None,
        last: None,
        failed: None,
    };
    loop {
        following.listen(shared.folder()).await;
        // Looked at after the ears are there, so that nothing is missed in between.
        following.look(shared).await;
        let pause = if following.ears.is_some() {
            LOOK
        } else {
            LOOK_UNTOLD
        };
        settled(&following.changed, pause).await;
    }
}

/// Never ends.
pub async fn heal(shared: &Arc<Shared>) {
    loop {
        tokio::time::sleep(HEAL).await;
        shared.heal().await;
    }
}

struct Following {
    changed: Arc<Notify>,
    ears: Option<Ears>,
    /// What was read last.
    last: Option<Scan>,
    failed: Option<String>,
}

/// A watch on a folder, by what it is and not by what it is called.
struct Ears {
    folder: (u64, u64),
    _watcher: RecommendedWatcher,
}

impl Following {
    /// Listens to the folder that has this name now.
    async fn listen(&mut self, folder: &Path) {
        let path = folder.to_owned();
        let now = blocking(move || std::fs::metadata(path).map(|about| (about.dev(), about.ino())))
            .await
            .ok();
        if self.ears.as_ref().map(|ears| ears.folder) == now {
            return;
        }
        self.ears = None;
        let Some(now) = now else { return };
        let (path, changed) = (folder.to_owned(), self.changed.clone());
        match blocking(move || watch(&path, changed)).await {
            Ok(watcher) => {
                self.ears = Some(Ears {
                    folder: now,
                    _watcher: watcher,
                });
            }
            Err(error) => {
                debug!(cause = %error, "the kernel does not tell of changes; looking every {LOOK_UNTOLD:?}");
            }
        }
    }

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

/// An error of the watch counts as a change: looking is always right.
fn watch(folder: &Path, changed: Arc<Notify>) -> notify::Result<RecommendedWatcher> {
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        // We read too, and must not wake ourselves by it.
        let is_mere_reading =
            event.is_ok_and(|event| event.kind.is_access() && !is_end_of_writing(event.kind));
        if !is_mere_reading {
            changed.notify_one();
        }
    })?;
    watcher.watch(folder, RecursiveMode::Recursive)?;
    Ok(watcher)
}

fn is_end_of_writing(kind: EventKind) -> bool {
    matches!(kind, EventKind::Access(AccessKind::Close(AccessMode::Write)))
}

/// Waits for a change and for the calm after it, or until it is time to look anyway.
async fn settled(changed: &Notify, look: Duration) {
    if tokio::time::timeout(look, changed.notified()).await.is_err() {
        return;
    }
    let deadline = Instant::now() + RESTLESS;
    while Instant::now() < deadline && tokio::time::timeout(QUIET, changed.notified()).await.is_ok() {}
}
