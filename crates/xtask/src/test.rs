//! `cargo xtask test`: every test there is, and a plain word on what was skipped.

use anyhow::{Result, bail};
use clap::Args;

use crate::{chart_test, conformance, run, testbed};

/// What `cargo xtask test` is told.
#[derive(Args)]
pub struct Flags {
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

/// What became of one part of the tests.
pub enum Outcome {
    Passed(String),
    Failed(String),
    Skipped(String),
}

type Part = fn(&Flags) -> Outcome;

/// Runs them all: a part that fails does not keep the next from being run.
pub fn run(flags: &Flags) -> Result<()> {
    let mut parts = vec![("tests", cargo_test(&["--workspace"]))];
    let bed = if flags.quick {
        Err("--quick".to_owned())
    } else {
        testbed::can_build()
    };
    let bed = bed.and_then(|()| {
        let built = run::step("test bed", testbed::control_plane);
        built.map_err(|error| {
            parts.push(("test bed", Outcome::Failed(format!("{error:#}"))));
            "no test bed".to_owned()
        })
    });
    let on_the_bed: [(&str, Part); 3] = [
        ("tests on the test bed", ignored_tests),
        ("chart", chart),
        ("conformance", conformance),
    ];
    for (name, part) in on_the_bed {
        let outcome = match &bed {
            Ok(()) => part(flags),
            Err(why) => Outcome::Skipped(why.clone()),
        };
        parts.push((name, outcome));
    }
    summary(
        &parts,
        flags.skip_nothing || run::variable("LOCKSTEP_SKIP_NOTHING").is_some(),
    )
}

/// By convention what is ignored is what needs the test bed; `tests/repository` holds us to it.
fn ignored_tests(_: &Flags) -> Outcome {
    cargo_test(&["--workspace", "--tests", "--", "--ignored"])
}

fn chart(_: &Flags) -> Outcome {
    match testbed::everything().and_then(|()| chart_test::run()) {
        Ok(()) => Outcome::Passed("the chart and a real API server agree".to_owned()),
        Err(error) => Outcome::Failed(format!("{error:#}")),
    }
}

fn conformance(flags: &Flags) -> Outcome {
    let asked = conformance::Flags {
        all: flags.all_scenarios,
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
