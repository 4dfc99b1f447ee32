//! The operator that is measured.

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use lockstep_testkit::{ControlPlane, Memory, Program, Running, User, eventually, free_port, http_get};

use super::tally::Tally;

/// However busy it is, it is quiet some day.
const QUIET_WITHIN: Duration = Duration::from_mins(2);
const SYNCS: &str = "externalsecret_sync_calls_total";

/// A running operator.
pub struct Operator<'plane> {
    running: Running,
    metrics: SocketAddr,
    plane: &'plane ControlPlane,
}

impl<'plane> Operator<'plane> {
    /// Starts it as a user of its own, and waits until it is ready.
    pub async fn start(
        program: &Path,
        plane: &'plane ControlPlane,
        (arguments, environment): (&[String], &[(&'static str, String)]),
    ) -> Result<Self> {
        let (metrics, live) = (free_port()?, free_port()?);
        let program = Program::new(program, plane.folder().join("operator.log"));
        let program = environment
            .iter()
            .fold(program, |program, (name, value)| program.env(name, value));
        let running = program
            .args([
                "operator".to_owned(),
                format!("--metrics-addr=127.0.0.1:{metrics}"),
            ])
            .args([format!("--live-addr=127.0.0.1:{live}")])
            .args(arguments.iter().cloned())
            .env("KUBECONFIG", plane.kubeconfig_of(User::Operator))
            .ready_on(live)
            .start()
            .await?;
        Ok(Self {
            running,
            metrics: SocketAddr::from(([127, 0, 0, 1], metrics)),
            plane,
        })
    }

    /// From its start to its being ready.
    pub fn ready_after(&self) -> Duration {
        self.running.ready_after()
    }

    /// Its memory.
    pub fn memory(&self) -> Result<Memory> {
        Ok(self.running.memory()?)
    }

    /// Waits until it has asked the API server for nothing but its lease for so long.
    pub async fn quiet(&self, span: Duration) -> Result<()> {
        let mut last = (self.asked()?, Instant::now());
        eventually("the operator is quiet", QUIET_WITHIN, async || {
            let asked = self.asked().map_err(|error| format!("{error:#}"))?;
            if asked != last.0 {
                last = (asked, Instant::now());
            }
            if last.1.elapsed() >= span {
                Ok(())
            } else {
                Err(format!("{} requests", last.0))
            }
        })
        .await?;
        Ok(())
    }

    /// How often it has synchronised an object, by its own count; `None` when it does not say.
    pub fn syncs(&self) -> Result<Option<u64>> {
        let (status, text) =
            http_get(self.metrics, "/metrics").context("cannot read the operator's metrics")?;
        ensure!(status == 200, "the operator's metrics answer {status}");
        Ok(sum(&text, SYNCS))
    }

    /// Ends it, and tells how long that took.
    pub fn stop(self) -> Result<Duration> {
        let stopped = self.running.stop()?;
        ensure!(
            stopped.status.is_some_and(|status| status.success()),
            "the operator did not end well: {stopped:?}"
        );
        Ok(stopped.took)
    }

    fn asked(&self) -> Result<usize> {
        let tally = Tally::of(self.plane)?;
        Ok(tally
            .iter()
            .filter(|(kind, _)| !kind.contains(" leases"))
            .map(|(_, count)| count)
            .sum())
    }
}

/// Sums the samples of one family of a Prometheus text. Counts are whole.
fn sum(text: &str, family: &str) -> Option<u64> {
    let samples = text.lines().filter(|line| {
        line.strip_prefix(family)
            .is_some_and(|rest| rest.starts_with(['{', ' ']))
    });
    let values = samples.filter_map(|line| line.rsplit(' ').next()?.split('.').next()?.parse::<u64>().ok());
    values.fold(None, |sum, value| Some(sum.unwrap_or(0) + value))
}

#[cfg(test)]
mod tests {
    use super::sum;

    #[test]
    fn only_the_family_itself_is_summed() {
        let text =
            "# HELP calls_total x\ncalls_total{a=\"1 2\"} 3\ncalls_total{a=\"b\"} 4.0\ncalls_total_error 9\n";
        assert_eq!(sum(text, "calls_total"), Some(7));
        assert_eq!(sum(text, "other"), None);
    }
}
