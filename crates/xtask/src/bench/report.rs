//! What was measured, as a table or as JSON.

use std::fmt::Write as _;

use anyhow::Result;
use serde::Serialize;

use super::backend::Calls;
use super::outage::Outage;
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
    /// What the backend was asked for until then.
    pub load_calls: Option<Calls>,
    /// One refresh interval with nothing changed.
    pub refresh_requests: Tally,
    pub refresh_calls: Option<Calls>,
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
    pub outage: Option<Outage>,
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
        for (when, calls) in [
            ("to be ready", &self.load_calls),
            ("in one interval", &self.refresh_calls),
        ] {
            rows.extend(
                calls
                    .iter()
                    .map(|calls| ("backend", format!("{} {when}", told(calls)))),
            );
        }
        rows.extend(self.outage.iter().flat_map(of_outage));
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

fn told(calls: &Calls) -> String {
    let Calls {
        logins,
        reads,
        batches,
        others,
        busiest_second,
    } = calls;
    format!(
        "{logins} logins, {reads} reads, {batches} batches, {others} others, {busiest_second} a second at most"
    )
}

fn of_outage(outage: &Outage) -> [(&'static str, String); 5] {
    let told_by = format!(
        "{}, and {} objects in the end",
        seconds(outage.told_seconds),
        outage.objects_told
    );
    [
        ("an outage of", format!("{} s", outage.lasted_seconds)),
        ("told by the store after", told_by),
        ("backend, while away", told(&outage.calls_meanwhile)),
        ("Secrets touched", outage.secrets_touched.to_string()),
        (
            "all ready after its return",
            format!(
                "{}; {}",
                seconds(outage.recovered_seconds),
                told(&outage.calls_on_return)
            ),
        ),
    ]
}

fn seconds(seconds: f64) -> String {
    format!("{seconds:.2} s")
}

fn mebibytes(kibibytes: u64) -> String {
    format!("{}.{} MiB", kibibytes / 1024, kibibytes % 1024 * 10 / 1024)
}
