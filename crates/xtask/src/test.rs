//! `cargo xtask test`: every test there is, and a plain word on what was skipped.

use anyhow::{Result, bail};
use clap::{Args, Subcommand};

use crate::{chart_test, conformance, run, testbed};

/// What `cargo xtask test` is told.
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Flags {
    #[command(subcommand)]
    part: Option<Part>,
    /// Only what needs nothing but Rust: unit tests, recorded vectors, repository checks
    #[arg(long)]
    quick: bool,
    /// Run every conformance scenario, and tell how that differs from the list of those that must pass
    #[arg(long)]
    all_scenarios: bool,
    /// Fail when something has to be skipped (`LOCKSTEP_SKIP_NOTHING=1` does the same)
    #[arg(long)]
    skip_nothing: bool,
}

/// One part of the tests, by itself.
#[derive(Subcommand)]
enum Part {
    /// The same as `cargo xtask conformance`
    Conformance(conformance::Flags),
}

/// What became of one part of the tests.
pub enum Outcome {
    Passed(String),
    Failed(String),
    Skipped(String),
}

/// Runs them all: a part that fails does not keep the next from being run.
pub fn run(flags: &Flags) -> Result<()> {
    if let Some(Part::Conformance(flags)) = &flags.part {
        return conformance::run(flags);
    }
    let mut parts = vec![("tests", cargo_test(&["--workspace"]))];
    match bed(flags) {
        Ok(()) => on_the_bed(flags, &mut parts),
        Err(outcome) => parts.push(("tests on the test bed, chart, conformance", outcome)),
    }
    summary(&parts, flags.skip_nothing || run::skip_nothing())
}

/// The control plane, without which nothing more can be tried.
fn bed(flags: &Flags) -> Result<(), Outcome> {
    if flags.quick {
        return Err(Outcome::Skipped("--quick".to_owned()));
    }
    testbed::can_build().map_err(Outcome::Skipped)?;
    let built = run::step("test bed", testbed::control_plane);
    built.map_err(|error| Outcome::Failed(format!("no test bed: {error:#}")))
}

fn on_the_bed(flags: &Flags, parts: &mut Vec<(&'static str, Outcome)>) {
    let mut left_out = Vec::new();
    for backend in &testbed::BACKENDS {
        if let Err(error) = run::step(backend.name, backend.prepare) {
            left_out.extend(backend.words);
            parts.push((
                backend.name,
                Outcome::Skipped(format!("tests that need it: {error:#}")),
            ));
        }
    }
    parts.push(("tests on the test bed", ignored_tests(&left_out)));
    parts.push(("chart", chart()));
    parts.push(("conformance", conformance(flags)));
}

/// By convention what is ignored is what needs the test bed; `tests/repository` holds us to it. A test that needs a
/// backend has its name in its own path.
fn ignored_tests(left_out: &[&str]) -> Outcome {
    let mut arguments = vec!["--workspace", "--tests", "--", "--ignored"];
    arguments.extend(left_out.iter().flat_map(|word| ["--skip", word]));
    cargo_test(&arguments)
}

fn chart() -> Outcome {
    match testbed::programs().and_then(|()| chart_test::run()) {
        Ok(()) => Outcome::Passed("the chart and a real API server agree".to_owned()),
        Err(error) => Outcome::Failed(format!("{error:#}")),
    }
}

fn conformance(flags: &Flags) -> Outcome {
    let asked = conformance::Flags {
        all: flags.all_scenarios,
        skip_nothing: flags.skip_nothing,
        ..conformance::Flags::default()
    };
    conformance::check(&asked).unwrap_or_else(|error| Outcome::Failed(format!("{error:#}")))
}

fn cargo_test(arguments: &[&str]) -> Outcome {
    let title = format!("cargo test {}", arguments.join(" "));
    match run::step(&title, || {
        run::show(run::cargo().args(["test", "--no-fail-fast"]).args(arguments))
    }) {
        Ok(()) => Outcome::Passed(title),
        Err(error) => Outcome::Failed(format!("{error:#}")),
    }
}

fn summary(parts: &[(&str, Outcome)], skip_nothing: bool) -> Result<()> {
    println!("\n== summary");
    let mut bad = Vec::new();
    for (name, outcome) in parts {
        let (word, text, fine) = match outcome {
            Outcome::Passed(text) => ("passed", text, true),
            Outcome::Failed(text) => ("FAILED", text, false),
            Outcome::Skipped(text) => ("skipped", text, !skip_nothing),
        };
        println!("{name:<24} {word}: {text}");
        if !fine {
            bad.push(*name);
        }
    }
    if bad.is_empty() {
        Ok(())
    } else {
        bail!("not as it should be: {}", bad.join(", "))
    }
}
