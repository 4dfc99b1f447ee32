//! Keeps a certificate for the webhook: makes and renews it, tells the API server whom to trust, and shows it.
//!
//! Every replica does this, for each of them is asked. Whoever is first writes; who was second sees that in the
//! version, reads again, and shows what the first one made. What is wanted is looked at again and again, so that
//! something that was deleted or undone comes back.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use super::{Kept, Shown};
use crate::cluster::WebhookObjects;
use crate::engine::problem::Problem;
use crate::engine::renewal::{self, Lives, Step};

/// How often others may be first in a row.
const ATTEMPTS: usize = 5;

#[derive(Debug)]
pub struct Keeper {
    pub objects: Arc<dyn WebhookObjects>,
    /// By which the API server asks for us.
    pub names: Vec<String>,
    pub lives: Lives,
    /// How often we look.
    pub interval: Duration,
    pub shown: Shown,
    pub clock: fn() -> Timestamp,
}

impl Keeper {
    pub async fn run(self, stop: CancellationToken) {
        let mut told = None;
        loop {
            let outcome = self.round().await.map_err(|problem| problem.to_string());
            if outcome != told.clone().map_or(Ok(()), Err) {
                told = outcome.err();
                if let Some(cause) = &told {
                    warn!(cause, "the webhook's certificate cannot be kept up");
                } else {
                    info!("the webhook's certificate is kept up again");
                }
            }
            tokio::select! {
                () = tokio::time::sleep(self.interval) => {}
                () = stop.cancelled() => return,
            }
        }
    }

    /// Does what there is to be done.
    pub async fn round(&self) -> Result<(), Problem> {
        for _ in 0..ATTEMPTS {
            let now = (self.clock)();
            let found = self.objects.read().await?;
            let kept = Kept::read(&found.values, now);
            let announced = self.announce(&kept).await;
            self.show(&kept);
            let standing = kept.standing(&self.names, announced.is_ok(), now);
            let step = renewal::next(&standing, &self.lives, now);
            if let Step::Wait(until) = step {
                debug!(%until, "nothing to be renewed");
                return announced;
            }
            let next = kept.after(step, &self.names, &self.lives, now)?;
            match self.objects.write(&next.values(), &found).await {
                Ok(()) => info!(?step, "made what the webhook shows"),
                Err(Problem::Conflict { .. }) => debug!("somebody else was first"),
                Err(problem) => return Err(problem),
            }
        }
        Ok(())
    }

    async fn announce(&self, kept: &Kept) -> Result<(), Problem> {
        match kept.bundle() {
            nobody if nobody.is_empty() => Ok(()),
            bundle => self.objects.announce(&bundle).await,
        }
    }

    fn show(&self, kept: &Kept) {
        match kept.shown.as_ref().map(|pair| self.shown.show(pair)) {
            Some(Ok(true)) => {
                info!(until = ?self.shown.validity().map(|it| it.until), "shows a new certificate");
            }
            Some(Err(cause)) => warn!(cause, "the kept certificate cannot be shown"),
            Some(Ok(false)) | None => {}
        }
    }
}

#[cfg(test)]
mod tests;
