//! Logs: JSON lines on standard error, one for each thing that changed.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::{FmtSpan, JsonFields};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// How timestamps are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeFormat {
    /// RFC 3339, in UTC.
    Text,
    /// Seconds since 1970.
    Epoch,
}

/// Logs for machines. `level` is one of error, warn, info, debug, trace.
pub fn start_json(level: &str, time: TimeFormat) {
    let layer = tracing_subscriber::fmt::layer()
        .json()
        .fmt_fields(JsonFields::new())
        .flatten_event(true)
        .with_span_events(FmtSpan::NONE)
        .with_writer(std::io::stderr);
    let registry = tracing_subscriber::registry().with(filter(level));
    match time {
        TimeFormat::Text => registry.with(layer).init(),
        TimeFormat::Epoch => registry.with(layer.with_timer(EpochSeconds)).init(),
    }
}

/// Logs for a person at a terminal.
pub fn start_plain(level: &str) {
    let layer = tracing_subscriber::fmt::layer()
        .with_target(false)
        .without_time()
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    tracing_subscriber::registry()
        .with(filter(level))
        .with(layer)
        .init();
}

/// Libraries speak up only when something is wrong.
fn filter(level: &str) -> EnvFilter {
    EnvFilter::new(format!("warn,lockstep={level}"))
}

struct EpochSeconds;

impl tracing_subscriber::fmt::time::FormatTime for EpochSeconds {
    fn format_time(&self, writer: &mut tracing_subscriber::fmt::format::Writer<'_>) -> std::fmt::Result {
        let now = jiff::Timestamp::now();
        write!(writer, "{}.{:06}", now.as_second(), now.subsec_microsecond())
    }
}
