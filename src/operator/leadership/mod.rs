//! Only one replica works: the one that holds ESO's lease.
//!
//! Using ESO's own lease keeps an ESO pod and a lockstep pod from leading at the same time while one replaces the
//! other. The rest of the process only sees "we lead" and "we lead no more", and the [`Fence`] that every write passes:
//! it is open for as long as we are sure to lead, and shuts by itself.

mod election;
mod lease;

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, anyhow};
use jiff::Timestamp;
use kube::Client;
use lockstep_gostd::hex;
use rand::Rng as _;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until, timeout, timeout_at};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use self::election::{Elector, Step, Terms};
use self::lease::{Fault, InCluster, Lease};
use super::flags::Election;
use crate::cluster::Fence;
use crate::random::random;

/// How often one who waits looks, so that it hears of a lease that was given back.
const LOOK: Duration = Duration::from_millis(300);
/// How long one who leads nobody waits for an answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long giving the lease back may take.
const FAREWELL: Duration = Duration::from_secs(2);

/// The lease, held or wanted.
#[derive(Debug)]
pub struct Leadership {
    /// What it is called.
    pub lease: String,
    state: watch::Receiver<bool>,
    retire: CancellationToken,
    task: JoinHandle<()>,
}

impl Leadership {
    /// Takes part in the election. The fence is open for as long as it is won.
    pub fn seek(client: Client, election: &Election, namespace: &str, fence: Fence) -> Result<Self> {
        let terms = Terms {
            lease: election.leader_election_lease_duration,
            deadline: election.leader_election_renew_deadline,
            retry: election.leader_election_retry_period,
        };
        terms.check().map_err(|why| anyhow!(why))?;
        let name = &election.leader_election_id;
        let lease = InCluster::new(client, namespace, name);
        Ok(Self::on((name, lease), Elector::new(identity()?, terms), fence))
    }

    fn on((name, lease): (&str, impl Lease), elector: Elector, fence: Fence) -> Self {
        let (tell, state) = watch::channel(false);
        let retire = CancellationToken::new();
        let campaign = Campaign {
            lease: Arc::new(lease),
            elector,
            is_unsure: true,
            fence,
            tell,
        };
        let task = tokio::spawn(campaign.run(retire.clone()));
        Self {
            lease: name.to_owned(),
            state,
            retire,
            task,
        }
    }

    /// Waits for the lease. `false`: told to stop before.
    pub async fn won(&mut self, stop: &CancellationToken) -> bool {
        info!("waiting for the lease");
        let won = tokio::select! {
            won = self.state.wait_for(|leads| *leads) => won.is_ok(),
            () = stop.cancelled() => false,
        };
        if won {
            info!("holding the lease");
        }
        won
    }

    /// Ends when the lease is lost.
    pub async fn lost(&mut self) {
        // An election that ended by itself holds nothing any more.
        let _ = self.state.wait_for(|leads| !*leads).await;
    }

    /// Gives the lease back, so that another replica need not wait for it to run out.
    pub async fn release(self) {
        self.retire.cancel();
        let _ = timeout(FAREWELL * 2, self.task).await;
    }
}

/// One replica's part in the election.
struct Campaign {
    lease: Arc<dyn Lease>,
    elector: Elector,
    /// What we saw last may not be so any more.
    is_unsure: bool,
    fence: Fence,
    tell: watch::Sender<bool>,
}

impl Campaign {
    async fn run(mut self, retire: CancellationToken) {
        loop {
            let next = tokio::select! {
                () = retire.cancelled() => return self.leave().await,
                next = self.in_time() => next,
            };
            let Some(next) = next else {
                self.fence.close();
                self.tell.send_replace(false);
                return;
            };
            tokio::select! {
                () = retire.cancelled() => return self.leave().await,
                () = sleep_until(next) => {}
            }
        }
    }

    /// One turn, and when the next one is; `None`: we led, and do so no more.
    async fn in_time(&mut self) -> Option<Instant> {
        let Some(until) = self.elector.leads_until() else {
            return Some(self.turn(PATIENCE).await);
        };
        // Half of the time that is left to a leader is for another attempt.
        let patience = self.elector.terms.deadline / 2;
        let next = timeout_at(until, self.turn(patience)).await.ok()?;
        let until = self.elector.leads_until()?;
        (Instant::now() < until).then(|| next.min(until))
    }

    async fn turn(&mut self, patience: Duration) -> Instant {
        match self.attempt(patience).await {
            Ok(next) => next,
            Err(Fault::Outdated) => {
                self.is_unsure = true;
                Instant::now() + LOOK / 6
            }
            Err(Fault::Failed(why)) => {
                self.is_unsure = true;
                warn!(why, "the lease could not be asked for, and will be again");
                Instant::now() + self.elector.terms.retry / 2
            }
        }
    }

    async fn attempt(&mut self, patience: Duration) -> Result<Instant, Fault> {
        if self.is_unsure || self.elector.leads_until().is_none() {
            let seen = within(patience, self.lease.read()).await?;
            self.elector.saw(seen, Instant::now());
        }
        let sent = Instant::now();
        match self.elector.step(sent, Timestamp::now()) {
            Step::Wait(until) => Ok(until.min(sent + LOOK.min(self.elector.terms.retry))),
            Step::Write(bid) => {
                let seen = within(patience, self.lease.write(&bid)).await?;
                self.elector.wrote(seen, sent);
                self.is_unsure = false;
                if let Some(until) = self.elector.leads_until() {
                    self.fence.open_until(until);
                    self.tell.send_replace(true);
                }
                Ok(sent + self.elector.terms.retry)
            }
        }
    }

    /// Nobody here writes any more; somebody else may.
    async fn leave(mut self) {
        self.fence.close();
        self.tell.send_replace(false);
        if self.elector.leads_until().is_none() {
            return;
        }
        if let Err(Fault::Failed(why)) = within(FAREWELL, self.give_back()).await {
            warn!(why, "the lease could not be given back, and runs out by itself");
        }
    }

    /// Not before our last write is over.
    async fn give_back(&mut self) -> Result<(), Fault> {
        self.fence.is_quiet().await;
        while let Some(bid) = self.elector.farewell(Timestamp::now()) {
            match self.lease.write(&bid).await {
                // A renewal may have been under way.
                Err(Fault::Outdated) => self.elector.saw(self.lease.read().await?, Instant::now()),
                outcome => return outcome.map(drop),
            }
        }
        Ok(())
    }
}

async fn within<T>(patience: Duration, call: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
    let late = || Err(Fault::Failed(format!("no answer within {patience:?}")));
    timeout(patience, call).await.unwrap_or_else(|_| late())
}

/// That of this very process: a name alone may be that of two, or of one that was killed and writes no more.
fn identity() -> Result<String> {
    let mut bytes = [0; 8];
    random()
        .map_err(|problem| anyhow!("{problem}"))?
        .fill_bytes(&mut bytes);
    Ok(format!("{}_{}", hostname(), hex::encode(&bytes)))
}

/// A pod's hostname is its name.
fn hostname() -> String {
    std::fs::read_to_string("/etc/hostname")
        .map_or_else(|_| "lockstep".to_owned(), |name| name.trim().to_owned())
}

#[cfg(test)]
mod tests;
