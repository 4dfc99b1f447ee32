//! What every face has: flags as variables, a log that can be turned up, and nothing left on a disk.

use std::fs;
use std::process::Command;

use crate::bed::Bed;
use crate::{extract, store};

fn bed() -> Bed {
    Bed::new(&[("s.yaml", &store(r#"{"A": "1"}"#)), ("a.yaml", &extract("a", ""))])
}

#[test]
fn flags_may_be_variables_and_an_empty_one_is_none() {
    let bed = bed();
    let status = bed.once_in(&[("LOCKSTEP_FORMAT", "dotenv"), ("LOCKSTEP_TIMEOUT", "")]);
    assert!(status.success());
    bed.until(&[("a.env", "A=\"1\"\n")]);
    let refused = bed.once_in(&[("LOCKSTEP_FORMAT", "xml")]);
    assert_eq!(refused.code(), Some(2));
}

#[test]
fn the_log_is_turned_up_while_it_runs() {
    let bed = bed();
    let agent = bed.start(&[]);
    bed.until(&[("a/A", "1")]);
    let change = |change: &str| {
        let arguments = ["loglevel", change, "--pid", &agent.pid()];
        let mut command = Command::new(env!("CARGO_BIN_EXE_lockstep"));
        let status = command.args(arguments).status().expect("the program runs");
        assert!(status.success());
    };
    change("more");
    agent.until_told("level=\"debug\"");
    change("reset");
    agent.until_told("level=\"info,lockstep::controller=error\"");
}

#[test]
fn its_memory_is_never_written_to_a_disk() {
    let bed = bed();
    let agent = bed.start(&[]);
    bed.until(&[("a/A", "1")]);
    let limits = fs::read_to_string(format!("/proc/{}/limits", agent.pid())).expect("limits");
    let core = limits.lines().find(|line| line.starts_with("Max core file size"));
    let words: Vec<_> = core.unwrap_or_default().split_whitespace().skip(4).collect();
    assert_eq!(words, ["0", "0", "bytes"]);
}

#[test]
fn metrics_of_the_webhook_are_served_over_tls_or_not_at_all() {
    let run = |flags: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lockstep"));
        let flags = ["webhook", "--healthz-addr=0", "--metrics-addr=127.0.0.1:0"]
            .iter()
            .chain(flags);
        command.args(flags).output().expect("the program runs")
    };
    let refused = run(&["--metrics-auth"]);
    let told = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(1), "{told}");
    assert!(told.contains("--metrics-auth takes --metrics-secure"), "{told}");
}
