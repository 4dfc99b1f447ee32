//! Logins for calls that lend nothing: all generators of a namespace that log in alike share one.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::future::join_all;
use tokio::sync::OnceCell;
use tokio::time::Instant;

use crate::engine::problem::Problem;
use crate::provider::vault::Session;

/// Credentials may change behind our back, and are read afresh after this.
const KEPT_FOR: Duration = Duration::from_mins(10);
/// Logins that are kept at most.
const MOST: usize = 1000;

#[derive(Debug, Default)]
pub struct Shared(Mutex<HashMap<String, Kept>>);

type Kept = (Instant, Arc<OnceCell<Session>>);

/// A login that others may use, too.
#[derive(Debug)]
pub struct Login {
    cell: Arc<OnceCell<Session>>,
    /// It was made just now, from credentials as they are.
    pub is_new: bool,
}

impl Login {
    pub fn session(&self) -> Result<&Session, Problem> {
        // It is handed out when it is there.
        self.cell.get().ok_or_else(|| Problem::Unreachable {
            what: "the login".to_owned(),
            why: "it is not there any more".to_owned(),
        })
    }
}

impl Shared {
    /// The login of this name. Whoever comes first opens it, and the others wait.
    pub async fn login(
        &self,
        name: &str,
        open: impl Future<Output = Result<Session, Problem>>,
    ) -> Result<Login, Problem> {
        let (cell, outdated) = self.cell(name);
        for session in outdated.into_iter().filter_map(Arc::into_inner) {
            if let Some(session) = session.into_inner() {
                session.close().await;
            }
        }
        let is_new = !cell.initialized();
        cell.get_or_try_init(|| open).await?;
        Ok(Login { cell, is_new })
    }

    /// It was refused: the next one logs in anew.
    pub fn forget(&self, name: &str) {
        self.entries().remove(name);
    }

    /// Gives all of them back.
    pub async fn close(&self) {
        let cells: Vec<_> = self.entries().drain().map(|(_, (_, cell))| cell).collect();
        let sessions = cells.iter().filter_map(|cell| cell.get());
        join_all(sessions.map(Session::close)).await;
    }

    fn cell(&self, name: &str) -> (Arc<OnceCell<Session>>, Vec<Arc<OnceCell<Session>>>) {
        let (mut entries, now) = (self.entries(), Instant::now());
        let is_full = entries.len() >= MOST;
        let outdated =
            entries.extract_if(|_, (opened, _)| is_full || now.duration_since(*opened) >= KEPT_FOR);
        let outdated = outdated.map(|(_, (_, cell))| cell).collect();
        let (_, cell) = entries
            .entry(name.to_owned())
            .or_insert_with(|| (now, Arc::default()));
        (cell.clone(), outdated)
    }

    fn entries(&self) -> std::sync::MutexGuard<'_, HashMap<String, Kept>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
