//! The agent's flags.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::output::Format;
use crate::audit::AuditFlags;
use crate::process::{RuleFlags, parse_duration};
use crate::traces::TraceFlags;

const EXAMPLES: &str = "\
Examples:
  Write everything once and say how it went; exits 1 unless all is in step
    lockstep agent --manifests ./manifests --out ./secrets --once

  Keep files for `docker compose` fresh
    lockstep agent --manifests ./manifests --out ./secrets --format dotenv

The manifests are those that `kubectl apply` takes: ExternalSecrets and
their stores, and the Secrets, ConfigMaps and Namespaces that they refer to.";

#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES, max_term_width = 110)]
pub struct Flags {
    /// The folder with the manifests: every .yaml, .yml and .json file below it
    #[arg(long, value_name = "DIR")]
    pub manifests: PathBuf,
    /// The folder that targets are written to; it is made if it is missing
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// How a target looks on disk
    #[arg(long, value_name = "FORMAT", default_value = "files")]
    pub format: Format,
    /// Try everything once, print how it went, and end
    #[arg(long)]
    pub once: bool,
    /// How long to wait for the first word on every ExternalSecret
    #[arg(long, value_name = "DURATION", default_value = "2m", value_parser = parse_duration)]
    pub timeout: Duration,
    /// How often a store is checked that does not say itself
    #[arg(long, value_name = "DURATION", default_value = "5m", value_parser = parse_duration)]
    pub store_requeue_interval: Duration,
    #[command(flatten)]
    pub rules: RuleFlags,
    /// The least severe messages that are shown [default: info, warn with --once]
    #[arg(long, value_name = "LEVEL")]
    pub loglevel: Option<Level>,
    #[command(flatten)]
    pub audit: AuditFlags,
    #[command(flatten)]
    pub traces: TraceFlags,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Level {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

impl Flags {
    /// The cluster in memory tells people what the controllers tell a log; once is enough.
    pub fn log_filter(&self) -> String {
        let level = match self.loglevel {
            None if self.once => "warn",
            None | Some(Level::Info) => "info",
            Some(Level::Error) => "error",
            Some(Level::Warn) => "warn",
            Some(Level::Debug) => return "debug".to_owned(),
            Some(Level::Trace) => return "trace".to_owned(),
        };
        format!("{level},lockstep::controller=error")
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Alone {
        #[command(flatten)]
        flags: Flags,
    }

    fn parse(arguments: &[&str]) -> Result<Flags, clap::Error> {
        let needed = ["agent", "--manifests", "m", "--out", "o"];
        Alone::try_parse_from(needed.iter().chain(arguments)).map(|alone| alone.flags)
    }

    #[test]
    fn defaults_are_for_a_daemon_that_writes_files() {
        let flags = parse(&[]).expect("flags");
        assert_eq!(
            (flags.format, flags.once, flags.timeout),
            (Format::Files, false, Duration::from_mins(2))
        );
        assert_eq!(flags.log_filter(), "info,lockstep::controller=error");
        assert_eq!(
            parse(&["--once"]).expect("flags").log_filter(),
            "warn,lockstep::controller=error"
        );
        assert_eq!(
            parse(&["--once", "--loglevel", "debug"])
                .expect("flags")
                .log_filter(),
            "debug"
        );
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for bad in [
            "--timeout=1d",
            "--format=xml",
            "--loglevel=loud",
            "--no-such-flag",
        ] {
            assert!(parse(&[bad]).is_err(), "{bad}");
        }
    }
}
