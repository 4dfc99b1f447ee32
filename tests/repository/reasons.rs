//! Every reason that a condition or an event may have is explained to those who read it.

use std::fs;

use crate::assert_none;
use crate::source::root;

const PROBLEMS: &str = "src/engine/problem.rs";
const PAGE: &str = "docs/troubleshooting.md";

#[test]
fn every_reason_has_its_paragraph() {
    let read =
        |path: &str| fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    let page = read(PAGE);
    let headings: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    let reasons = reasons(&read(PROBLEMS));
    assert!(reasons.len() > 20, "{PROBLEMS} is not read right: {reasons:?}");
    let untold = reasons
        .iter()
        .filter(|reason| !headings.contains(&reason.as_str()));
    let stale = headings
        .iter()
        .filter(|heading| !reasons.iter().any(|reason| reason == *heading));
    let findings: Vec<String> = untold
        .map(|reason| format!("{reason} has no heading"))
        .chain(stale.map(|heading| format!("{heading} is no reason")))
        .collect();
    assert_none(&format!("{PAGE} and {PROBLEMS} differ:"), &findings);
}

/// What `Problem::reason` may answer.
fn reasons(source: &str) -> Vec<String> {
    let body = source
        .lines()
        .skip_while(|line| !line.contains("fn reason("))
        .skip(1);
    let body = body.take_while(|line| !line.contains("fn "));
    let quoted = body.filter_map(|line| line.split('"').nth(1));
    quoted.map(str::to_owned).collect()
}
