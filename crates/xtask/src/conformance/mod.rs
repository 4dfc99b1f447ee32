//! The black-box scenarios of `../shared/conformance`, against lockstep and a real API server.
//!
//! `tests/conformance/passing.txt` names the scenarios that must pass; a scenario that passes stays in it.

mod report;
mod scenarios;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::test::Outcome;
use crate::{python, run, testbed};
use report::Report;
use scenarios::{Kind, Scenario};

const SUITE: &str = "../shared/conformance";
const PASSING: &str = "tests/conformance/passing.txt";
const DEVIATIONS: &str = "tests/conformance/deviations.yaml";
const OPERATOR: &str =
    "operator --metrics-addr=127.0.0.1:{port1} --live-addr=127.0.0.1:{port2} --store-requeue-interval=10s";
const JOBS: usize = 8;
const READY: &str = "http://127.0.0.1:{port2}/readyz";
const NONE: &str = "none";
const WEBHOOK: &str = "webhook --port={webhook_port} --cert-dir={certs} --dns-name=localhost \
    --metrics-addr=127.0.0.1:{port1} --healthz-addr=127.0.0.1:{port2}";

/// What `cargo xtask conformance` is told.
#[derive(Args)]
pub struct Flags {
    /// Every scenario, not only those that must pass; tells how the outcome differs from the list
    #[arg(long)]
    pub all: bool,
    /// Of these only those with such a name; `*` stands for anything
    #[arg(long, value_name = "NAME")]
    pub only: Vec<String>,
    /// Scenarios at a time
    #[arg(long, default_value_t = JOBS)]
    pub jobs: usize,
    /// Fail when a scenario has to be skipped (`LOCKSTEP_SKIP_NOTHING=1` does the same)
    #[arg(long)]
    pub skip_nothing: bool,
}

/// Runs scenarios, and fails when one that must pass does not.
pub fn run(flags: &Flags) -> Result<()> {
    testbed::control_plane()?;
    match check(flags)? {
        Outcome::Passed(text) => println!("\nconformance: {text}"),
        Outcome::Failed(text) => bail!("conformance: {text}"),
        Outcome::Skipped(text) => bail!("conformance cannot be run: {text}"),
    }
    Ok(())
}

/// As [`run`], for one who sums up several outcomes.
pub fn check(flags: &Flags) -> Result<Outcome> {
    let suite = run::root().join(SUITE);
    if !suite.join("run.py").is_file() {
        return Ok(Outcome::Skipped(format!("{SUITE} is not beside this repository")));
    }
    if !run::is_there("openssl", "version") {
        return Ok(Outcome::Skipped("openssl is not installed".to_owned()));
    }
    let python = match python::with_yaml() {
        Ok(python) => python,
        Err(error) => return Ok(Outcome::Skipped(format!("no Python with PyYAML: {error:#}"))),
    };
    let every = scenarios::read(&suite.join("scenarios"))?;
    let listed = scenarios::listed(&run::root().join(PASSING), &every)?;
    let wanted: Vec<&Scenario> = every
        .iter()
        .filter(|scenario| flags.wants(&scenario.name, &listed))
        .collect();
    if wanted.is_empty() {
        return Ok(Outcome::Skipped(format!(
            "{PASSING} names none of the {} scenarios",
            every.len()
        )));
    }
    let must = wanted
        .iter()
        .map(|scenario| scenario.name.clone())
        .filter(|name| listed.contains(name))
        .collect();
    let moto = backends(&wanted);
    let lockstep = run::build_lockstep(false)?;
    let mut report = Report::default();
    for kind in Kind::ALL {
        let names: Vec<&str> = wanted
            .iter()
            .filter(|scenario| scenario.kind == kind)
            .map(|scenario| scenario.name.as_str())
            .collect();
        if !names.is_empty() {
            let title = format!("conformance, {}: {} scenarios", kind.title(), names.len());
            let mut command = command(&python, &suite, &lockstep, kind, &names, flags.jobs)?;
            command.envs(moto.iter().map(|moto| ("MOTO_SERVER", moto)));
            report.add(run::step(&title, || report::watch(command, &names))?);
        }
    }
    Ok(judge(&report, &must, every.len(), flags))
}

/// Gets the backends that scenarios need, and tells where moto is. Scenarios whose backend cannot be had are skipped
/// by the runner, which names them.
fn backends(wanted: &[&Scenario]) -> Option<PathBuf> {
    let needed = |feature| wanted.iter().any(|scenario| scenario.needs(feature));
    if needed("vault")
        && let Err(error) = testbed::vault()
    {
        println!("no Vault: {error:#}");
    }
    if !needed("aws") {
        return None;
    }
    match python::moto() {
        Ok(moto) => Some(moto),
        Err(error) => {
            println!("no AWS: {error:#}");
            None
        }
    }
}

impl Default for Flags {
    fn default() -> Self {
        Self {
            all: false,
            only: Vec::new(),
            jobs: JOBS,
            skip_nothing: false,
        }
    }
}

impl Flags {
    fn wants(&self, name: &str, listed: &BTreeSet<String>) -> bool {
        let asked_for =
            self.only.is_empty() || self.only.iter().any(|pattern| scenarios::fits(name, pattern));
        asked_for && (self.all || listed.contains(name))
    }
}

fn command(
    python: &Path,
    suite: &Path,
    lockstep: &Path,
    kind: Kind,
    names: &[&str],
    jobs: usize,
) -> Result<Command> {
    let operator = match kind {
        Kind::Generic => format!("{} {OPERATOR} --unsafe-allow-generic-targets", lockstep.display()),
        Kind::Plain | Kind::Beta | Kind::Admission => format!("{} {OPERATOR}", lockstep.display()),
    };
    let mut command = Command::new(python);
    command
        .arg("-u")
        .arg(suite.join("run.py"))
        .current_dir(run::root());
    command.args([
        "--crds",
        "crds",
        "--cmd",
        &operator,
        "--ready-url",
        READY,
        "--jobs",
        &jobs.to_string(),
    ]);
    match kind {
        Kind::Plain => {}
        Kind::Generic => drop(command.args(["--with", "generic-targets"])),
        Kind::Beta => drop(command.args(["--with", "v1beta1"])),
        Kind::Admission => drop(
            command
                .arg("--webhook-cmd")
                .arg(format!("{} {WEBHOOK}", lockstep.display())),
        ),
    }
    command.arg("--keep").arg(logs(kind)?);
    if run::root().join(DEVIATIONS).is_file() {
        command.args(["--deviations", DEVIATIONS]);
    }
    for name in names {
        command.args(["--only", name]);
    }
    bed(&mut command);
    Ok(command)
}

/// A fresh folder for the files and logs of a run.
fn logs(kind: Kind) -> Result<PathBuf> {
    let folder = run::target().join("conformance").join(kind.folder());
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    Ok(folder)
}

/// Tells the runner where the servers are. It looks into the first variable, then into the second.
fn bed(command: &mut Command) {
    let folders: Vec<PathBuf> = testbed::folders();
    for (variable, folder) in ["BED_BIN", "KUBEBUILDER_ASSETS"].into_iter().zip(folders) {
        command.env(variable, folder);
    }
}

fn judge(report: &Report, must: &BTreeSet<String>, total: usize, flags: &Flags) -> Outcome {
    let not_run = named(must.intersection(&report.skipped), " ");
    let is_broken = |name: &&String| !report.passed.contains(*name) && !report.skipped.contains(*name);
    let broken = named(must.iter().filter(is_broken), " ");
    let mut said = vec![format!("{} of {total} scenarios must pass", must.len())];
    if flags.all {
        // One a line, as the list wants them.
        println!(
            "\npass and are not in {PASSING}:\n{}",
            named(report.passed.difference(must), "\n")
        );
        println!(
            "\nare in {PASSING} and do not pass:\n{}",
            named(must.iter().filter(is_broken), "\n")
        );
        said.push(format!(
            "{} pass, {} fail",
            report.passed.len(),
            report.failed.len()
        ));
    }
    if not_run != NONE {
        said.push(format!("not run, because a feature is off: {not_run}"));
    }
    if broken != NONE {
        said.push(format!("broken: {broken}"));
    }
    said.extend(report.trouble.clone());
    let text = said.join("; ");
    // With all scenarios one that is not listed may fail: that is what the two lists are for.
    let may_skip = not_run == NONE || !(flags.skip_nothing || run::skip_nothing());
    let fine = broken == NONE && may_skip && (flags.all || report.trouble.is_none());
    if fine {
        Outcome::Passed(text)
    } else {
        Outcome::Failed(text)
    }
}

fn named<'a>(names: impl Iterator<Item = &'a String>, separator: &str) -> String {
    let names: Vec<&str> = names.map(String::as_str).collect();
    if names.is_empty() {
        NONE.to_owned()
    } else {
        names.join(separator)
    }
}

fn text_of(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}
