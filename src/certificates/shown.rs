//! The certificate that is shown right now. Whoever connects next sees what was put here last.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio::sync::watch;

use super::Pair;
use crate::engine::renewal::Validity;

/// A place for one certificate. Clones share it.
#[derive(Clone)]
pub struct Shown {
    certified: Arc<RwLock<Option<Arc<CertifiedKey>>>>,
    /// What is there, for those who wait for it or look at how long it is valid.
    pair: watch::Sender<Option<Pair>>,
}

impl Default for Shown {
    fn default() -> Self {
        Self {
            certified: Arc::default(),
            pair: watch::Sender::new(None),
        }
    }
}

impl Shown {
    /// Shows it from now on; whether it was another one before. What cannot be shown takes nothing's place.
    pub fn show(&self, pair: &Pair) -> Result<bool, &'static str> {
        if self.pair.borrow().as_ref() == Some(pair) {
            return Ok(false);
        }
        let certified = Arc::new(pair.certified()?);
        *self.certified.write().unwrap_or_else(PoisonError::into_inner) = Some(certified);
        self.pair.send_replace(Some(pair.clone()));
        Ok(true)
    }

    pub fn validity(&self) -> Option<Validity> {
        self.pair.borrow().as_ref()?.validity()
    }

    /// Whether there is one, it is for this name, and it will be valid then.
    pub fn is_good(&self, name: &str, at: jiff::Timestamp) -> bool {
        let pair = self.pair.borrow();
        let is_valid = |pair: &Pair| {
            pair.validity()
                .is_some_and(|validity| validity.from <= at && at < validity.until)
        };
        pair.as_ref()
            .is_some_and(|pair| is_valid(pair) && pair.is_for(name))
    }

    /// Waits for the first one; whether it came in time.
    pub async fn first(&self, patience: Duration) -> bool {
        let mut pair = self.pair.subscribe();
        let first = pair.wait_for(Option::is_some);
        tokio::time::timeout(patience, first).await.is_ok()
    }
}

impl ResolvesServerCert for Shown {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.certified
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl fmt::Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shown")
            .field("validity", &self.validity())
            .finish_non_exhaustive()
    }
}
