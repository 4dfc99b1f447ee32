//! Logs, on standard error: JSON lines or text, one for each thing that changed. How much is logged can be changed
//! while the process runs.

use std::io::IsTerminal as _;
use std::panic::PanicHookInfo;
use std::sync::{Mutex, PoisonError};

use tracing::{error, info};
use tracing_subscriber::fmt::format::{FmtSpan, JsonFields};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer, Registry, reload};

/// From the least to the most that is logged.
const LEVELS: [&str; 5] = ["error", "warn", "info", "debug", "trace"];

/// How timestamps are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeFormat {
    /// RFC 3339, in UTC.
    Text,
    /// Seconds since 1970.
    Epoch,
}

/// How much is logged.
#[derive(Debug)]
pub struct Verbosity {
    filter: reload::Handle<EnvFilter, Registry>,
    /// What the process was started with.
    configured: String,
    /// In place of that, while it is something else.
    level: Mutex<Option<usize>>,
}

/// Logs for machines. `level` is one of error, warn, info, debug, trace.
pub fn start_json(level: &str, time: TimeFormat) -> Verbosity {
    let layer = tracing_subscriber::fmt::layer()
        .json()
        .fmt_fields(JsonFields::new())
        .flatten_event(true)
        .with_span_events(FmtSpan::NONE)
        .with_writer(std::io::stderr);
    match time {
        TimeFormat::Text => start(level, layer),
        TimeFormat::Epoch => start(level, layer.with_timer(EpochSeconds)),
    }
}

/// The same as lines of text.
pub fn start_text(level: &str, time: TimeFormat) -> Verbosity {
    let layer = tracing_subscriber::fmt::layer()
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    match time {
        TimeFormat::Text => start(level, layer),
        TimeFormat::Epoch => start(level, layer.with_timer(EpochSeconds)),
    }
}

/// Logs for a person at a terminal.
pub fn start_plain(level: &str) -> Verbosity {
    let layer = tracing_subscriber::fmt::layer()
        .with_target(false)
        .without_time()
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    start(level, layer)
}

type Filtered = tracing_subscriber::layer::Layered<reload::Layer<EnvFilter, Registry>, Registry>;

fn start(level: &str, layer: impl Layer<Filtered> + Send + Sync) -> Verbosity {
    let (filter, verbosity) = Verbosity::new(level);
    tracing_subscriber::registry().with(filter).with(layer).init();
    verbosity
}

impl Verbosity {
    fn new(level: &str) -> (reload::Layer<EnvFilter, Registry>, Self) {
        let (layer, filter) = reload::Layer::new(filter(level));
        let verbosity = Self {
            filter,
            configured: level.to_owned(),
            level: Mutex::default(),
        };
        (layer, verbosity)
    }

    /// Logs more than now, until there is no more.
    pub fn more(&self) {
        let mut level = self.level.lock().unwrap_or_else(PoisonError::into_inner);
        let now = level.unwrap_or_else(|| self.started_with());
        let more = (now + 1).min(LEVELS.len() - 1);
        *level = Some(more);
        self.set(LEVELS[more]);
    }

    /// Logs again what it was started with.
    pub fn reset(&self) {
        *self.level.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.set(&self.configured);
    }

    fn set(&self, level: &str) {
        // It fails only when nothing is logged any more.
        let _ = self.filter.reload(filter(level));
        info!(level, "the log level was changed");
    }

    fn started_with(&self) -> usize {
        let first = self.configured.split(',').next();
        let place = LEVELS.iter().position(|level| Some(*level) == first);
        place.unwrap_or_default()
    }
}

/// Libraries speak up only when something is wrong. Of requests to the API server that fail we tell ourselves, and more.
fn filter(level: &str) -> EnvFilter {
    EnvFilter::new(format!("warn,kube_client::client::builder=off,lockstep={level}"))
}

/// From now on a panic says where it was, and not what: that may quote what was in hand.
pub fn hush_panics() {
    std::panic::set_hook(Box::new(tell_panic));
}

fn tell_panic(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    if tracing::dispatcher::has_been_set() {
        error!(place, "a panic; this is a bug in lockstep");
    } else {
        complain(&place);
    }
}

#[expect(clippy::print_stderr, reason = "nothing is logged, and somebody should know")]
fn complain(place: &str) {
    eprintln!("lockstep: a panic at {place}; this is a bug in lockstep");
}

struct EpochSeconds;

impl tracing_subscriber::fmt::time::FormatTime for EpochSeconds {
    fn format_time(&self, writer: &mut tracing_subscriber::fmt::format::Writer<'_>) -> std::fmt::Result {
        let now = jiff::Timestamp::now();
        write!(writer, "{}.{:06}", now.as_second(), now.subsec_microsecond())
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn more_is_logged_step_by_step_and_then_as_before() {
        let (_layer, verbosity) = Verbosity::new("info,lockstep::controller=error");
        let now = || {
            let now = verbosity.filter.with_current(ToString::to_string);
            now.unwrap_or_default()
        };
        let started = now();
        let debug = filter("debug").to_string();
        let trace = filter("trace").to_string();
        for expected in [&debug, &trace, &trace] {
            verbosity.more();
            assert_eq!(now(), *expected);
        }
        verbosity.reset();
        assert_eq!(now(), started);
        verbosity.more();
        assert_eq!(now(), debug);
    }

    /// Panics, when the test below calls it: what is said then goes to the standard error of a process of its own.
    const ASIDE: &str = "LOCKSTEP_TEST_PANICS";

    #[test]
    #[expect(clippy::disallowed_methods, reason = "it is its own child that it looks for")]
    fn a_panic_says_where_it_was_and_not_what() {
        const CANARY: &str = "canary-4f1c";
        if std::env::var_os(ASIDE).is_some() {
            hush_panics();
            panic!("it quotes {CANARY}");
        }
        let this = std::env::current_exe().expect("this program");
        let output = Command::new(this)
            .args(["a_panic_says_where_it_was_and_not_what", "--nocapture"])
            .env(ASIDE, "1")
            .output()
            .expect("it runs");
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{told}");
        assert!(
            told.contains("lockstep: a panic at src/telemetry/logging.rs:"),
            "{told}"
        );
        assert!(!told.contains(CANARY), "{told}");
        assert!(!String::from_utf8_lossy(&output.stdout).contains(CANARY));
    }
}
