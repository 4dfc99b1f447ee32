//! How a command ends: with a code that a script can ask for, and with words for people.

use std::fmt;
use std::io::{self, Write as _};
use std::process::ExitCode;

/// The exit codes, from best to worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ending {
    /// Done, and nothing to tell.
    Fine = 0,
    /// What was asked about is wrong, or differs.
    Finding = 1,
    /// The command cannot be carried out as it was given.
    Misuse = 2,
    /// The cluster or a backend cannot be reached.
    Unreachable = 3,
}

impl From<Ending> for ExitCode {
    fn from(ending: Ending) -> Self {
        Self::from(ending as u8)
    }
}

/// Why a command stopped. Messages name file, object and field, and no value.
#[derive(Debug)]
pub struct Halt {
    pub ending: Ending,
    pub messages: Vec<String>,
}

impl Halt {
    pub fn new(ending: Ending, message: impl fmt::Display) -> Self {
        Self {
            ending,
            messages: vec![message.to_string()],
        }
    }

    pub fn misuse(message: impl fmt::Display) -> Self {
        Self::new(Ending::Misuse, message)
    }

    /// Tells what is wrong, and ends with the code for it.
    pub fn tell(&self) -> ExitCode {
        for message in &self.messages {
            complain(message);
        }
        self.ending.into()
    }
}

/// To standard error, where it does not mix with what was asked for.
#[expect(clippy::print_stderr, reason = "people read it; commands do not log")]
pub fn complain(message: &str) {
    eprintln!("lockstep: {message}");
}

/// To standard output. Nobody may be reading any more, which is no reason to fail.
pub fn print(text: &[u8]) {
    let mut stdout = io::stdout().lock();
    let _ = stdout.write_all(text).and_then(|()| stdout.flush());
}
