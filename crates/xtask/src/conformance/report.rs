//! What the suite's runner says, read while it is shown.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

/// What became of the scenarios.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Report {
    pub passed: BTreeSet<String>,
    pub failed: BTreeSet<String>,
    pub skipped: BTreeSet<String>,
    /// Why the runner was not content, if it was not.
    pub trouble: Option<String>,
    /// What the closing line `N passed, N failed` says has passed.
    counted: Option<usize>,
}

impl Report {
    /// Adds another run's.
    pub fn add(&mut self, other: Self) {
        self.passed.extend(other.passed);
        self.failed.extend(other.failed);
        self.skipped.extend(other.skipped);
        self.trouble = self.trouble.take().or(other.trouble);
    }

    fn hear(&mut self, line: &str) {
        if let Some(rest) = line.strip_prefix("FAIL ") {
            self.failed
                .extend(rest.split_whitespace().next().map(str::to_owned));
        } else if let Some((_, names)) = line.split_once(" skipped (feature not on): ") {
            self.skipped.extend(names.split_whitespace().map(str::to_owned));
        } else if let Some((passed, _)) = line
            .strip_suffix(" failed")
            .and_then(|counts| counts.split_once(" passed, "))
        {
            self.counted = passed.parse().ok();
        }
    }

    /// Takes what is neither failed nor skipped for passed, if the runner came to its end and counted as many.
    fn conclude(&mut self, names: &[&str]) {
        let told = |name: &str| self.failed.contains(name) || self.skipped.contains(name);
        let passed: BTreeSet<String> = names
            .iter()
            .filter(|name| !told(name))
            .map(|name| (*name).to_owned())
            .collect();
        match self.counted {
            Some(counted) if counted == passed.len() => self.passed = passed,
            Some(counted) => {
                let why = format!("the runner counted {counted} that passed, not {}", passed.len());
                self.trouble = Some(why);
            }
            None => self.trouble = Some("the runner broke off".to_owned()),
        }
    }
}

/// Runs the suite for these scenarios. What it says is shown as it comes.
pub fn watch(mut command: Command, names: &[&str]) -> Result<Report> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot start the runner")?;
    let output = child.stdout.take().context("the runner has no output")?;
    let mut report = Report::default();
    for line in BufReader::new(output).lines() {
        let line = line.context("cannot read what the runner says")?;
        println!("{line}");
        report.hear(&line);
    }
    let status = child.wait().context("cannot wait for the runner")?;
    if !status.success() {
        report.trouble = Some(format!("the runner was not content ({status})"));
    }
    report.conclude(names);
    Ok(report)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runner(script: &str) -> Report {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        watch(command, &["a", "b", "c"]).expect("sh is there")
    }

    #[test]
    fn what_is_neither_failed_nor_skipped_has_passed() {
        let report = runner(
            "echo 'FAIL a [x.yaml] about'; echo '1 skipped (feature not on): c'; echo '1 passed, 1 failed'; exit 1",
        );
        assert_eq!(report.passed.into_iter().collect::<Vec<_>>(), ["b"]);
        assert_eq!(report.failed.into_iter().collect::<Vec<_>>(), ["a"]);
        assert!(report.trouble.is_some());
    }

    #[test]
    fn a_runner_that_breaks_off_passes_nothing() {
        let report = runner("echo 'FAIL a [x.yaml]'; exit 1");
        assert!(report.passed.is_empty() && report.trouble.is_some());
    }
}
