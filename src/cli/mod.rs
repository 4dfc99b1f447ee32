//! The command line: which face, with which settings, on which runtime; and the commands for people, one folder each.

pub mod columns;
mod diff;
mod ending;
mod leaves;
mod loglevel;
mod manifests;
mod plain;
mod render;
mod variables;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Command, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use self::ending::{Ending, Halt, complain};
use crate::telemetry::logging;
use crate::{agent, operator, process, webhook};

/// Keeps Kubernetes Secrets in step with the stores they come from.
///
/// A drop-in for External Secrets Operator: the same objects, the same flags. Without a command, the operator runs.
#[derive(Debug, Parser)]
#[command(name = "lockstep", version, max_term_width = 110)]
struct Cli {
    #[command(subcommand)]
    face: Face,
}

#[derive(Debug, Subcommand)]
enum Face {
    /// Runs in a cluster and reconciles the objects of external-secrets.io.
    Operator(Box<operator::Flags>),
    /// Runs on a folder of manifests, without a cluster, and writes Secrets to files.
    Agent(agent::Flags),
    /// Answers the API server whether an object may be stored. The operator does so too, with --webhook-port.
    Webhook(webhook::Flags),
    /// Keeps the certificate of `lockstep webhook`. Nobody needs it whose webhook runs in the operator.
    Certcontroller(Box<webhook::certcontroller::Flags>),
    /// Shows the Secrets, or other targets, that ExternalSecrets come to, from values in a file; asks no store and no
    /// cluster.
    Render(render::Flags),
    /// Shows what the next sync would change in a cluster, without values; writes nothing.
    Diff(diff::Flags),
    /// Tells a running lockstep to log more, or as much as it was started with.
    Loglevel(loglevel::Flags),
}

fn command() -> Command {
    Cli::command()
}

pub fn run() -> ExitCode {
    logging::hush_panics();
    process::leave_no_core();
    let arguments = with_face(std::env::args_os().collect());
    let matches = variables::with_variables(command()).get_matches_from(arguments);
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&anyhow::Error::new(error).context("could not start the async runtime")),
    };
    let outcome = match cli.face {
        Face::Operator(flags) => runtime
            .block_on(operator::run(&flags))
            .map(|()| ExitCode::SUCCESS),
        Face::Agent(flags) => runtime.block_on(agent::run(&flags)),
        Face::Webhook(flags) => runtime.block_on(webhook::run(&flags)).map(|()| ExitCode::SUCCESS),
        Face::Certcontroller(flags) => {
            let run = webhook::certcontroller::run(&flags);
            runtime.block_on(run).map(|()| ExitCode::SUCCESS)
        }
        Face::Diff(flags) => Ok(ended(runtime.block_on(diff::run(&flags)))),
        Face::Loglevel(flags) => Ok(ended(loglevel::run(&flags))),
        Face::Render(flags) => Ok(ended(runtime.block_on(render::run(&flags)))),
    };
    // Whatever still blocks a thread (a name look-up, say) must not hold up the exit.
    runtime.shutdown_background();
    outcome.unwrap_or_else(|error| fail(&error))
}

fn ended(outcome: Result<Ending, Halt>) -> ExitCode {
    outcome.map_or_else(|halt| halt.tell(), ExitCode::from)
}

/// The last word of a process that cannot go on, whether or not it logs.
fn fail(error: &anyhow::Error) -> ExitCode {
    complain(&format!("{error:#}"));
    ExitCode::FAILURE
}

/// ESO's Deployment gives flags and no command: that is the operator.
fn with_face(mut arguments: Vec<OsString>) -> Vec<OsString> {
    const FOR_US: [&str; 4] = ["--help", "-h", "--version", "-V"];
    let first = arguments.get(1).and_then(|first| first.to_str());
    let is_flag = first.is_none_or(|first| first.starts_with('-') && !FOR_US.contains(&first));
    if is_flag {
        let position = arguments.len().min(1);
        arguments.insert(position, OsString::from("operator"));
    }
    arguments
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faces(arguments: &[&str]) -> Vec<String> {
        let arguments = arguments.iter().map(OsString::from).collect();
        with_face(arguments)
            .into_iter()
            .filter_map(|argument| argument.into_string().ok())
            .collect()
    }

    #[test]
    fn flags_without_a_command_are_the_operators() {
        assert_eq!(faces(&["lockstep"]), ["lockstep", "operator"]);
        assert_eq!(
            faces(&["lockstep", "--concurrent=5"]),
            ["lockstep", "operator", "--concurrent=5"]
        );
        assert_eq!(
            faces(&["lockstep", "agent", "--once"]),
            ["lockstep", "agent", "--once"]
        );
        assert_eq!(faces(&["lockstep", "--help"]), ["lockstep", "--help"]);
    }

    #[test]
    fn the_command_line_is_consistent() {
        variables::with_variables(command()).debug_assert();
    }
}
