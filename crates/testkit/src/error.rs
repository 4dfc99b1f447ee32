//! What can go wrong while a test bed is set up. No message repeats its source.

use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

/// Why the test bed, or a program run against it, is not as asked for.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A server's program is in none of the places it is looked for.
    #[error("the test bed has no `{0}`: run `cargo xtask testbed` (or set KUBEBUILDER_ASSETS)")]
    MissingBinary(&'static str),
    /// A program that the system brings is not installed.
    #[error("`{name}` is not installed: {advice}")]
    NotInstalled {
        /// Which program.
        name: &'static str,
        /// How to get it.
        advice: &'static str,
    },
    /// A file or a process could not be worked with.
    #[error("cannot {what}")]
    Io {
        /// What was tried, as it follows "cannot".
        what: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// A process ended that should still be running.
    #[error("{name} ended early ({status}); its log ends:\n{log}")]
    Ended {
        /// Which process.
        name: String,
        /// How it ended.
        status: ExitStatus,
        /// The last lines of its log.
        log: String,
    },
    /// Something did not come true in time.
    #[error("{what}: not within {within:?}; last seen: {last}")]
    TimedOut {
        /// What was waited for.
        what: String,
        /// How long.
        within: Duration,
        /// What the last look showed.
        last: String,
    },
    /// The API server refused a request.
    #[error("cannot {what}")]
    Api {
        /// What was tried, as it follows "cannot".
        what: String,
        /// What the API server or the client said.
        source: Box<kube::Error>,
    },
    /// A backend could not be asked.
    #[error("cannot {what}")]
    Http {
        /// What was tried, as it follows "cannot".
        what: String,
        /// What the client said.
        source: reqwest::Error,
    },
    /// A backend, or a program that ran to its end, said no.
    #[error("cannot {what}: {said}")]
    Refused {
        /// What was tried, as it follows "cannot".
        what: String,
        /// The answer.
        said: String,
    },
    /// A file holds something else than it should.
    #[error("{}: {why}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A credential could not be made.
    #[error("cannot make a {0}")]
    Credential(&'static str),
}

impl Error {
    /// Wraps an input-output error; `what` follows "cannot".
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }

    /// Wraps an HTTP client's error; `what` follows "cannot".
    pub(crate) fn http(what: impl Into<String>) -> impl FnOnce(reqwest::Error) -> Self {
        let what = what.into();
        move |source| Self::Http { what, source }
    }

    /// Wraps an API error; `what` follows "cannot".
    pub(crate) fn api(what: impl Into<String>) -> impl FnOnce(kube::Error) -> Self {
        let what = what.into();
        move |source| Self::Api {
            what,
            source: Box::new(source),
        }
    }
}
