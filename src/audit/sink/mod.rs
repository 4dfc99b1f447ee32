//! Where lines go.

mod file;
mod http;

use std::io::{self, Write as _};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use tokio::task::spawn_blocking;

use self::file::Rotating;
use self::http::Lines;
use super::AuditFlags;
use super::flags::Destination;
use crate::courier::{Failure, Place};

#[derive(Debug)]
pub(super) enum Sink {
    Stdout,
    File(Arc<Mutex<Rotating>>),
    Url(Lines),
}

impl Sink {
    pub(super) fn open(flags: &AuditFlags) -> Result<Option<Self>> {
        let Some(destination) = &flags.audit_log else {
            return Ok(None);
        };
        Ok(Some(match destination {
            Destination::Stdout => Self::Stdout,
            Destination::File(path) => {
                let most = flags.audit_log_max_size << 20;
                let file = Rotating::open(path.clone(), most, flags.audit_log_max_files)?;
                Self::File(Arc::new(Mutex::new(file)))
            }
            Destination::Url(url) => Self::Url(Lines::new(
                url.clone(),
                flags.audit_log_token_file.clone(),
                flags.audit_log_ca_file.as_deref(),
            )?),
        }))
    }

    async fn write(&self, text: String) -> Result<(), Failure> {
        match self {
            Self::Stdout => blocking(move || {
                let mut stdout = io::stdout().lock();
                stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush())
            })
            .await
            .map_err(|why| Failure::Later(format!("to standard output: {why}"))),
            Self::File(file) => {
                let (file, shown) = (file.clone(), lock(file).shown());
                blocking(move || lock(&file).write(text.as_bytes()))
                    .await
                    .map_err(|why| Failure::Later(format!("to {shown}: {why}")))
            }
            Self::Url(lines) => lines.send(text).await,
        }
    }
}

impl Place for Sink {
    type Item = String;

    async fn take(&self, lines: &[String]) -> Result<usize, Failure> {
        self.write(lines.concat()).await.map(|()| 0)
    }
}

/// Files are written beside the async workers: a disk that hangs holds up nothing but the audit.
async fn blocking(work: impl FnOnce() -> io::Result<()> + Send + 'static) -> Result<(), String> {
    match spawn_blocking(work).await {
        Ok(outcome) => outcome.map_err(|error| error.to_string()),
        Err(_) => Err("the write panicked".to_owned()),
    }
}

fn lock(file: &Mutex<Rotating>) -> std::sync::MutexGuard<'_, Rotating> {
    file.lock().unwrap_or_else(PoisonError::into_inner)
}
