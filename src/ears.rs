//! Hears that something changed in a folder.
//!
//! The kernel tells where it can. Because it cannot always (network filesystems, mounts of virtual machines, too many
//! watches), whoever listens also looks for himself from time to time: [`Ears::settled`] returns when it is time to.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use notify::event::{AccessKind, AccessMode};
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::Notify;
use tokio::time::Instant;
use tracing::debug;

use crate::aside::blocking;

/// Changes that come closer together than this are one.
const QUIET: Duration = Duration::from_millis(100);
/// A folder that never comes to rest is looked at all the same.
const RESTLESS: Duration = Duration::from_secs(1);
/// How often the folder is looked over, with and without word from the kernel.
const LOOK: Duration = Duration::from_secs(10);
const LOOK_UNTOLD: Duration = Duration::from_secs(2);

/// How far down changes are heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// In the folder itself.
    One,
    /// And in all that are below it.
    All,
}

#[derive(Debug)]
pub struct Ears {
    changed: Arc<Notify>,
    depth: Depth,
    watch: Option<Watch>,
}

/// On a folder, by what it is and not by what it is called.
#[derive(Debug)]
struct Watch {
    folder: (u64, u64),
    _watcher: RecommendedWatcher,
}

impl Ears {
    pub fn new(depth: Depth) -> Self {
        Self {
            changed: Arc::default(),
            depth,
            watch: None,
        }
    }

    /// Listens to the folder that has this name now. To be looked at after this, so that nothing is missed in between.
    pub async fn listen(&mut self, folder: &Path) {
        let path = folder.to_owned();
        let now = blocking(move || std::fs::metadata(path).map(|about| (about.dev(), about.ino())))
            .await
            .ok();
        if self.watch.as_ref().map(|watch| watch.folder) == now {
            return;
        }
        self.watch = None;
        let Some(now) = now else { return };
        let (path, changed, depth) = (folder.to_owned(), self.changed.clone(), self.depth);
        match blocking(move || watch(&path, changed, depth)).await {
            Ok(watcher) => {
                self.watch = Some(Watch {
                    folder: now,
                    _watcher: watcher,
                });
            }
            Err(error) => {
                debug!(cause = %error, "the kernel does not tell of changes; looking every {LOOK_UNTOLD:?}");
            }
        }
    }

    /// Waits for a change and for the calm after it, or until it is time to look anyway.
    pub async fn settled(&self) {
        let look = if self.watch.is_some() { LOOK } else { LOOK_UNTOLD };
        if tokio::time::timeout(look, self.changed.notified()).await.is_err() {
            return;
        }
        let deadline = Instant::now() + RESTLESS;
        while Instant::now() < deadline && tokio::time::timeout(QUIET, self.changed.notified()).await.is_ok()
        {
        }
    }
}

/// An error of the watch counts as a change: looking is always right.
fn watch(folder: &Path, changed: Arc<Notify>, depth: Depth) -> notify::Result<RecommendedWatcher> {
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        // We read too, and must not wake ourselves by it.
        let is_mere_reading =
            event.is_ok_and(|event| event.kind.is_access() && !is_end_of_writing(event.kind));
        if !is_mere_reading {
            changed.notify_one();
        }
    })?;
    let mode = match depth {
        Depth::One => RecursiveMode::NonRecursive,
        Depth::All => RecursiveMode::Recursive,
    };
    watcher.watch(folder, mode)?;
    Ok(watcher)
}

fn is_end_of_writing(kind: EventKind) -> bool {
    matches!(kind, EventKind::Access(AccessKind::Close(AccessMode::Write)))
}
