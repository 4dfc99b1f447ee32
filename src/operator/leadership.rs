//! Only one replica works: the one that holds ESO's lease.
//!
//! Using ESO's own lease keeps an ESO pod and a lockstep pod from leading at the same time while one replaces the
//! other. The rest of the process only sees "we lead" and "we lead no more".

use anyhow::{Context as _, Result};
use kube::Client;
use kube_lease_manager::LeaseManagerBuilder;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::flags::Election;

/// The lease, held or wanted. Dropping it gives the lease back.
#[derive(Debug)]
pub struct Leadership {
    state: watch::Receiver<bool>,
    task: JoinHandle<()>,
}

impl Leadership {
    /// Takes part in the election.
    pub async fn seek(client: Client, election: &Election, namespace: &str, identity: &str) -> Result<Self> {
        let seconds = |duration: std::time::Duration| duration.as_secs().max(1);
        let duration = seconds(election.leader_election_lease_duration);
        let grace = duration
            .saturating_sub(seconds(election.leader_election_renew_deadline))
            .max(1);
        let manager = LeaseManagerBuilder::new(client, &election.leader_election_id)
            .with_namespace(namespace)
            .with_identity(identity)
            .with_duration(duration)
            .with_grace(grace)
            .build()
            .await
            .with_context(|| {
                format!(
                    "could not take part in the election on lease {namespace}/{}",
                    election.leader_election_id
                )
            })?;
        let (state, task) = manager.watch().await;
        let task = tokio::spawn(async move {
            if let Ok(Err(error)) = task.await {
                warn!(cause = %error, "the election ended");
            }
        });
        Ok(Self { state, task })
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
        drop(self.state);
        let _ = tokio::time::timeout(std::time::Duration::from_secs(2), self.task).await;
    }
}
