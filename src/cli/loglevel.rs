//! `lockstep loglevel`: how much a running lockstep logs, for those who can only start this very program beside it, as
//! in a container without a shell.

use clap::{Args, ValueEnum};
use rustix::process::{Pid, Signal, kill_process};

use super::ending::{Ending, Halt};

#[derive(Clone, Debug, Args)]
#[command(max_term_width = 110)]
pub struct Flags {
    /// What is to be logged
    pub change: Change,
    /// The process; in a container it is the first one
    #[arg(long, value_name = "PID", default_value = "1", value_parser = clap::value_parser!(i32).range(1..))]
    pub pid: i32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Change {
    /// One level more than now: info, debug, trace; the same as SIGUSR1
    More,
    /// What it was started with; the same as SIGUSR2
    Reset,
}

pub fn run(flags: &Flags) -> Result<Ending, Halt> {
    let signal = match flags.change {
        Change::More => Signal::USR1,
        Change::Reset => Signal::USR2,
    };
    let failed = |why: &str| Halt::misuse(format!("--pid {}: {why}", flags.pid));
    let pid = Pid::from_raw(flags.pid).ok_or_else(|| failed("is no process"))?;
    match kill_process(pid, signal) {
        Ok(()) => Ok(Ending::Fine),
        Err(error) => Err(failed(&error.to_string())),
    }
}
