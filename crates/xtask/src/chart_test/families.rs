//! The series that alerts and dashboard ask for, and those that the operator serves: an alert on a name that nobody serves would never fire.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};

/// Series that come from Prometheus itself.
const PROMETHEUS: [&str; 1] = ["up"];

/// Series that the operator serves only once something has happened that does not happen here.
const RARE: [&str; 10] = [
    "controller_runtime_reconcile_panics_total",
    "externalsecret_provider_api_calls_count",
    "leader_election_master_status",
    "lockstep_backend_budget_calls_per_second",
    "lockstep_externalsecret_certificate_not_after_timestamp_seconds",
    "lockstep_guard_held",
    "lockstep_lease_duration_seconds",
    "lockstep_lease_end_timestamp_seconds",
    // Only where it has one: cert-manager is not there.
    "lockstep_webhook_certificate_not_after_timestamp_seconds",
    "lockstep_webhook_certificate_not_before_timestamp_seconds",
];

/// Fails when an expression asks for a series that is neither in this text of metrics nor one of those above.
pub fn check<'a>(expressions: impl Iterator<Item = &'a str>, metrics: &str) -> Result<()> {
    let served = served(metrics);
    let asked: BTreeSet<&str> = expressions.flat_map(asked_for).collect();
    let known = [&PROMETHEUS[..], &RARE].concat();
    let known = |name: &str| served.contains(name) || known.contains(&name);
    let unknown: Vec<&&str> = asked.iter().filter(|name| !known(name)).collect();
    ensure!(
        unknown.is_empty(),
        "alerts or dashboard ask for series that the operator does not serve: {unknown:?}"
    );
    let forgotten: Vec<&&str> = RARE.iter().filter(|name| !asked.contains(**name)).collect();
    ensure!(
        forgotten.is_empty(),
        "a known series, but nobody asks for it: {forgotten:?}"
    );
    Ok(())
}

/// The names of the series in a text of metrics.
fn served(metrics: &str) -> BTreeSet<&str> {
    let series = metrics.lines().filter(|line| !line.starts_with('#'));
    series
        .filter_map(|line| line.split(['{', ' ']).next())
        .filter(|name| !name.is_empty())
        .collect()
}

/// The names that stand before a selector. Ours all have one: without it they would tell of every installation.
fn asked_for(expression: &str) -> impl Iterator<Item = &str> {
    let is_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == ':';
    let before = expression
        .match_indices('{')
        .map(|(place, _)| &expression[..place]);
    before.filter_map(move |before| before.rsplit(|letter| !is_name(letter)).next())
}

#[cfg(test)]
mod tests {
    use super::{RARE, asked_for, check, served};

    #[test]
    fn names_are_those_before_a_selector() {
        let expression = "sum by (job) (rate(a_total{job=\"x\"}[5m])) / b{job=\"x\"} unless c:d{}";
        assert_eq!(asked_for(expression).collect::<Vec<_>>(), ["a_total", "b", "c:d"]);
        let metrics = "# TYPE a counter\na{b=\"c\"} 1\nd_bucket{le=\"1\"} 2\ne 3\n";
        assert_eq!(
            served(metrics).into_iter().collect::<Vec<_>>(),
            ["a", "d_bucket", "e"]
        );
    }

    #[test]
    fn every_name_is_served_or_known() {
        let rare: Vec<String> = RARE.iter().map(|name| format!("{name}{{}}")).collect();
        let with = |more: &'static str| rare.iter().map(String::as_str).chain([more]);
        assert!(check(with("up{} + a{}"), "a 1\n").is_ok());
        let error = check(with("a{}"), "b 1\n").expect_err("refused").to_string();
        assert!(error.ends_with(r#"does not serve: ["a"]"#), "{error}");
        assert!(check(["up{}"].into_iter(), "").is_err());
    }
}
