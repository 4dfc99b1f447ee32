//! What all clones of a [`FolderCluster`](super::FolderCluster) share, and the order in which it changes.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tracing::warn;

use super::manifests::Manifests;
use super::scan::{self, Scan};
use super::state::State;
use super::targets::Held;
use super::told::Told;
use super::{Change, Content, Move, Sink};
use crate::aside::blocking;
use crate::engine::object::{ObjectKey, ObjectRef};
use crate::engine::plan::SecretWrite;
use crate::engine::problem::Problem;
use crate::engine::target::Target;

/// How long one target may take to be written. A disk that hangs must not hang everything.
const WRITE_DEADLINE: Duration = Duration::from_secs(30);
/// How long a Secret that an ExternalSecret is about to write is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub struct Shared {
    folder: PathBuf,
    except: PathBuf,
    sink: Arc<dyn Sink>,
    changes: mpsc::UnboundedSender<Change>,
    state: Mutex<State>,
    told: Mutex<Told>,
    /// One write at a time: what was planned on a target must still be true when it is written.
    writing: Arc<tokio::sync::Mutex<()>>,
    moved: watch::Sender<()>,
}

impl Shared {
    pub fn new(folder: &Path, except: &Path, sink: Arc<dyn Sink>) -> (Self, mpsc::UnboundedReceiver<Change>) {
        #[expect(
            clippy::disallowed_methods,
            reason = "the router only ever wakes queues, and keeps up"
        )]
        let (changes, receiver) = mpsc::unbounded_channel();
        let shared = Self {
            folder: folder.to_owned(),
            except: except.to_owned(),
            state: Mutex::new(State::new(&sink.remnants())),
            sink,
            changes,
            told: Mutex::default(),
            writing: Arc::default(),
            moved: watch::channel(()).0,
        };
        (shared, receiver)
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    pub async fn scan(&self) -> io::Result<Scan> {
        let (folder, except) = (self.folder.clone(), self.except.clone());
        blocking(move || scan::scan(&folder, Some(&except))).await
    }

    /// Makes the folder as it is now the truth, tells what differs, and removes what nobody owns any more.
    pub async fn take(self: &Arc<Self>, scan: Scan) {
        let manifests = blocking(move || Manifests::read(scan)).await;
        let changes = self.state().apply(manifests);
        {
            let (state, mut told) = (self.state(), self.told());
            told.manifests(state.complaints(), state.notes());
            for change in &changes {
                if let Change::ExternalSecret(key, Move::Gone) = change {
                    told.gone(&ObjectRef::namespaced("ExternalSecret", key));
                }
            }
        }
        self.tell(changes);
        self.collect_garbage().await;
    }

    pub fn tell(&self, changes: Vec<Change>) {
        for change in changes {
            // Nobody listens when we are stopping.
            let _ = self.changes.send(change);
        }
        self.moved.send_replace(());
    }

    pub fn moved(&self) -> watch::Receiver<()> {
        self.moved.subscribe()
    }

    /// Targets go with the ExternalSecret that owns them, as the garbage collector of a cluster has it.
    async fn collect_garbage(self: &Arc<Self>) {
        let orphans = self.state().orphans();
        for key in orphans {
            let about = ObjectRef::namespaced("Secret", &key);
            if let Err(problem) = self.exclusively(move |shared| shared.remove(&key)).await {
                self.told().trouble(&about, &problem);
            }
        }
    }

    /// Blocks.
    pub fn remove(&self, key: &ObjectKey) -> Result<(), Problem> {
        self.sink.remove(key)?;
        let changes = self.state().removed(key);
        self.tell(changes);
        Ok(())
    }

    /// Blocks. Nothing counts that did not reach the sink.
    pub fn write(&self, write: &SecretWrite) -> Result<Target, Problem> {
        let held = self.state().plan(write)?;
        self.hand_over(&write.key, &held)?;
        let target = held.target.as_ref().clone();
        let changes = self.state().wrote(&write.key, held);
        self.tell(changes);
        Ok(target)
    }

    fn hand_over(&self, key: &ObjectKey, held: &Held) -> Result<bool, Problem> {
        let Some(values) = held.to_write() else {
            return Ok(false);
        };
        let owner = held.owner();
        self.sink.write(&Content { key, owner, values })
    }

    /// Somebody may have changed or removed what we wrote. Puts it right.
    pub async fn heal(self: &Arc<Self>) {
        let healed = self.exclusively(|shared| {
            let outputs = shared.state().outputs();
            for (key, held) in outputs {
                let about = ObjectRef::namespaced("Secret", &key);
                match shared.hand_over(&key, &held) {
                    Ok(true) => warn!("{about}: was changed by somebody else, and is put right"),
                    Ok(false) => shared.told().recovered(&about),
                    Err(problem) => shared.told().trouble(&about, &problem),
                }
            }
            Ok(())
        });
        if let Err(problem) = healed.await {
            warn!("{problem}");
        }
    }

    /// Works under the lock on writes, and keeps it for as long as that takes, also when nobody waits any more.
    pub async fn exclusively<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let (shared, writing) = (self.clone(), self.writing.clone());
        let whole = async move {
            let writing = writing.lock_owned().await;
            blocking(move || {
                let done = work(&shared);
                drop(writing);
                done
            })
            .await
        };
        tokio::time::timeout(WRITE_DEADLINE, whole)
            .await
            .unwrap_or_else(|_| {
                let why = format!(
                    "the disk did not answer within {} seconds",
                    WRITE_DEADLINE.as_secs()
                );
                Err(Problem::Unreachable {
                    what: "the output folder".to_owned(),
                    why,
                })
            })
    }

    /// Waits while a Secret is not there that an ExternalSecret is about to write for the first time, so that the
    /// order in which objects take their turns makes no difference.
    pub async fn until_written(&self, key: &ObjectKey) {
        let mut moved = self.moved();
        let written = async { while self.state().is_awaited(key) && moved.changed().await.is_ok() {} };
        let _ = tokio::time::timeout(PATIENCE, written).await;
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics between two states that belong together, so a poisoned lock is still sound.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
