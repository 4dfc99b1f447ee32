//! `cargo xtask`: everything generated, the test bed, and the checks.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a tool for a terminal: its output is what it is for"
)]

use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

mod bench;
mod chart;
mod chart_test;
mod conformance;
mod crds;
mod docs;
mod drift;
mod python;
mod run;
mod test;
mod testbed;
mod up;

#[derive(Parser)]
#[command(
    bin_name = "cargo xtask",
    about = "Builds, generates and checks what `cargo` alone does not"
)]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Write the CRDs to crds/
    Crds(Check),
    /// Render the Helm chart to deploy/
    Chart(Check),
    /// Hold the Helm chart against a real API server
    ChartTest,
    /// Write the command-line reference to docs/
    Docs(Check),
    /// Build or install the servers that the tests run against, into target/testbed/bin and target/venv
    Testbed(testbed::Flags),
    /// Run every test there is, and say what was skipped and why
    Test(test::Flags),
    /// Run the black-box scenarios of ../shared/conformance
    Conformance(conformance::Flags),
    /// Run lockstep in a Kubernetes control plane on this machine, until Ctrl-C
    Up(up::Flags),
    /// Measure time, memory and API requests against a real API server
    Bench(bench::Flags),
}

#[derive(Args)]
struct Check {
    /// Change nothing; fail when a file is not as it would be written
    #[arg(long)]
    check: bool,
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().task {
        Task::Crds(flags) => crds::run(flags.check),
        Task::Chart(flags) => chart::run(flags.check),
        Task::ChartTest => chart_test::run(),
        Task::Docs(flags) => docs::run(flags.check),
        Task::Testbed(flags) => testbed::run(&flags),
        Task::Test(flags) => test::run(&flags),
        Task::Conformance(flags) => conformance::run(&flags),
        Task::Up(flags) => up::run(&flags),
        Task::Bench(flags) => bench::run(&flags),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
