//! Texts that are to be seen nowhere: not in an error, and not in a log.

use std::collections::BTreeSet;
use std::fmt::{Debug, Display};
use std::io;
use std::sync::{Mutex, MutexGuard, Once, PoisonError};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

/// A part of every value that tests put into a backend.
pub const CANARY: &str = "canary-4f1c";

/// Whose words go into a log at all; what HTTP and TLS libraries trace are bytes on the wire.
const HEARD: &str = "lockstep=trace,reqwest=trace,aws_config=debug";

/// What the test of these very functions gives away.
const DECOY: &str = "canary-decoy";

static HIDDEN: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
static SPILT: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// From now on, until the process ends, this is looked for in what is logged.
pub fn hide(secret: &str) {
    static LISTENING: Once = Once::new();
    LISTENING.call_once(|| {
        let listening = tracing_subscriber::fmt()
            .with_env_filter(EnvFilter::new(HEARD))
            .with_ansi(false)
            .with_writer(Ears)
            .try_init();
        listening.expect("nobody else in this binary listens to what is logged");
        lock(&HIDDEN).insert(CANARY.to_owned());
    });
    lock(&HIDDEN).insert(secret.to_owned());
}

/// What is hidden shows neither here nor in what was logged so far.
pub fn assert_hidden<T: Display + Debug>(shown: &T) {
    for text in [format!("{shown}"), format!("{shown:?}"), format!("{shown:#?}")] {
        assert_eq!(found_in(&text), None, "in {text}");
    }
    assert_nothing_logged();
}

/// What is hidden was not logged so far.
pub fn assert_nothing_logged() {
    let spilt = lock(&SPILT);
    let first = spilt.iter().find(|line| !line.contains(DECOY));
    assert_eq!(first, None, "logged what must stay hidden");
}

fn found_in(text: &str) -> Option<String> {
    let hidden = lock(&HIDDEN);
    hidden
        .iter()
        .find(|secret| text.contains(secret.as_str()))
        .cloned()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Hears every line that is logged, and keeps those that should not have been.
struct Ears;

impl io::Write for Ears {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        if found_in(&text).is_some() {
            lock(&SPILT).push(text.into_owned());
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Ears {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        Self
    }
}

#[test]
fn what_is_given_away_is_noticed() {
    hide(DECOY);
    assert_eq!(found_in("it is canary-decoy!"), Some(DECOY.to_owned()));
    tracing::debug!(target: "lockstep::somewhere", "it is {DECOY}!");
    let heard = lock(&SPILT).iter().any(|line| line.contains(DECOY));
    assert!(heard, "nobody listens to what is logged");
    assert_nothing_logged();
}
