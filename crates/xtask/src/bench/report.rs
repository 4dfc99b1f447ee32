//! What was measured, as a table or as JSON.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::Result;
use lockstep_testkit::Shelf;
use serde::Serialize;

use super::tally::Tally;

/// All numbers of one measurement.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    pub objects: usize,
    /// What the API server itself needs for a Secret and a status of each object.
    pub floor_seconds: f64,
    /// From the operator's start to the last object's being ready.
    pub all_ready_seconds: f64,
    pub load_requests: Tally,
    /// What the Vault was asked for until then.
    pub vault: Option<VaultTraffic>,
    /// One refresh interval with nothing changed.
    pub refresh_requests: Tally,
    /// Refreshes in that time, by the operator's own count.
    pub refresh_syncs: Option<u64>,
    /// After a restart with everything in order; lists, watches and the leader's lease left out.
    pub restart_requests: Tally,
    pub empty_ready_seconds: f64,
    pub restart_ready_seconds: f64,
    pub stop_seconds: f64,
    pub idle_resident_kib: u64,
    pub loaded_resident_kib: u64,
    pub restart_resident_kib: u64,
    pub peak_kib: u64,
}

/// Calls to a Vault.
#[derive(Debug, Serialize)]
pub struct VaultTraffic {
    logins: usize,
    reads: usize,
    others: usize,
    /// Within a second, at most.
    busiest_second: usize,
}

impl VaultTraffic {
    /// Since the Vault was filled.
    pub fn so_far(shelf: &Shelf) -> Self {
        let ((logins, reads), traffic) = (shelf.logins_and_reads(), shelf.faults.traffic());
        Self {
            logins,
            reads,
            others: traffic.total().saturating_sub(logins + reads),
            busiest_second: traffic.busiest(Duration::from_secs(1)),
        }
    }
}

impl Report {
    /// For a program.
    pub fn json(&self) -> Result<String> {
        Ok(serde_json::to_string_pretty(self)?)
    }

    /// For a person.
    pub fn table(&self) -> String {
        let ratio = self.all_ready_seconds / self.floor_seconds;
        let syncs = self
            .refresh_syncs
            .map_or_else(|| "unknown".to_owned(), |syncs| syncs.to_string());
        let mut rows = vec![
            ("objects", self.objects.to_string()),
            ("all ready after", format!("{:.2} s", self.all_ready_seconds)),
            (
                "the API server alone",
                format!("{:.2} s, so {ratio:.2} times that", self.floor_seconds),
            ),
            ("ready with no object after", seconds(self.empty_ready_seconds)),
            ("ready after a restart after", seconds(self.restart_ready_seconds)),
            ("ended after SIGTERM after", seconds(self.stop_seconds)),
            ("resident, no object", mebibytes(self.idle_resident_kib)),
            ("resident, all ready", mebibytes(self.loaded_resident_kib)),
            ("resident, restarted", mebibytes(self.restart_resident_kib)),
            ("resident at most", mebibytes(self.peak_kib)),
            ("refreshes in one interval", syncs),
        ];
        if let Some(vault) = &self.vault {
            let (logins, reads, others) = (vault.logins, vault.reads, vault.others);
            rows.push((
                "calls to Vault",
                format!("{logins} logins, {reads} reads, {others} others"),
            ));
            rows.push((
                "calls to Vault in a second",
                format!("{} at most", vault.busiest_second),
            ));
        }
        rows.extend(self.requests("to be ready", &self.load_requests));
        rows.extend(self.requests("in one interval", &self.refresh_requests));
        rows.extend(self.requests("after a restart", &self.restart_requests));
        rows.into_iter().fold(String::new(), |mut text, (name, value)| {
            let _ = writeln!(text, "{name:<28} {value}");
            text
        })
    }

    fn requests(&self, when: &'static str, tally: &Tally) -> Vec<(&'static str, String)> {
        let mut rows = vec![(
            "requests",
            format!(
                "{} {when} ({} an object)",
                tally.total(),
                self.each(tally.total())
            ),
        )];
        rows.extend(
            tally
                .iter()
                .map(|(kind, count)| ("", format!("{count:>7}  {kind} ({} an object)", self.each(count)))),
        );
        rows
    }

    fn each(&self, count: usize) -> String {
        // Far below the numbers that a float cannot hold.
        #[expect(clippy::cast_precision_loss, reason = "numbers of requests are small")]
        let each = count as f64 / self.objects.max(1) as f64;
        format!("{each:.2}")
    }
}

fn seconds(seconds: f64) -> String {
    format!("{seconds:.2} s")
}

fn mebibytes(kibibytes: u64) -> String {
    format!("{}.{} MiB", kibibytes / 1024, kibibytes % 1024 * 10 / 1024)
}
