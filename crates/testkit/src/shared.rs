//! What every server of the test bed does at its start: one for all tests of a binary, on a port of its own.

use std::sync::{Arc, Weak};

use tokio::sync::Mutex;

use crate::Error;

const ATTEMPTS: usize = 3;

/// One that all tests of a binary share. It runs as long as somebody holds it.
///
/// Weak, because what a static holds is never dropped, and a server is ended when it is.
#[derive(Debug)]
pub struct Shared<T>(Mutex<Weak<T>>);

impl<T> Shared<T> {
    pub const fn none_yet() -> Self {
        Self(Mutex::const_new(Weak::new()))
    }

    /// The one that runs, or a new one.
    pub async fn get(&self, start: impl AsyncFnOnce() -> Result<T, Error>) -> Result<Arc<T>, Error> {
        let mut shared = self.0.lock().await;
        if let Some(running) = shared.upgrade() {
            return Ok(running);
        }
        let started = Arc::new(start().await?);
        *shared = Arc::downgrade(&started);
        Ok(started)
    }
}

/// Starts something. A port that was taken in the meantime is a reason to try again, with others.
pub async fn on_free_ports<T>(mut start: impl AsyncFnMut() -> Result<T, Error>) -> Result<T, Error> {
    let mut attempt = 1;
    loop {
        match start().await {
            Err(Error::Ended { log, .. }) if is_taken(&log) && attempt < ATTEMPTS => attempt += 1,
            outcome => return outcome,
        }
    }
}

fn is_taken(log: &str) -> bool {
    log.to_ascii_lowercase().contains("address already in use")
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;
    use std::process::ExitStatus;

    use super::*;

    fn ended(log: &str) -> Error {
        Error::Ended {
            name: "it".to_owned(),
            status: ExitStatus::from_raw(256),
            log: log.to_owned(),
        }
    }

    #[tokio::test]
    async fn it_is_started_once_and_again_when_nobody_held_it() {
        let shared = Shared::none_yet();
        let mut started = 0;
        let mut get = async || {
            shared
                .get(async || {
                    started += 1;
                    Ok(started)
                })
                .await
                .expect("it starts")
        };
        let (one, other) = (get().await, get().await);
        assert_eq!((*one, *other), (1, 1));
        drop((one, other));
        assert_eq!(*get().await, 2);
    }

    #[tokio::test]
    async fn only_a_taken_port_is_tried_again() {
        for (log, expected) in [("bind: Address already in use", ATTEMPTS), ("no such flag", 1)] {
            let mut tries = 0;
            let outcome = on_free_ports(async || {
                tries += 1;
                Err::<(), _>(ended(log))
            })
            .await;
            assert!(outcome.is_err());
            assert_eq!(tries, expected, "{log}");
        }
    }
}
