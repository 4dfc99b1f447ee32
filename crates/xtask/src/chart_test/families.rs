//! The series that alerts and dashboard ask for, and those that the operator serves: an alert on a name that nobody serves would never fire.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, ensure};

/// Series that come from Prometheus itself.
const PROMETHEUS: [&str; 1] = ["up"];

/// Series that the operator serves only once something has happened that does not happen here.
const RARE: [&str; 9] = [
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

/// Labels that Prometheus puts on what it reads.
const OF_TARGETS: [&str; 2] = ["job", "pod"];

/// Fails when an expression asks for a series that is neither in this text of metrics nor one of those above, or selects by a label that it does not have.
pub fn check<'a>(expressions: impl Iterator<Item = &'a str>, metrics: &str) -> Result<()> {
    let served = served(metrics);
    let selectors: Vec<_> = expressions.flat_map(selectors).collect();
    let asked: BTreeSet<&str> = selectors.iter().map(|(name, _)| *name).collect();
    let known = [&PROMETHEUS[..], &RARE].concat();
    let known = |name: &str| served.contains_key(name) || known.contains(&name);
    let unknown: Vec<&&str> = asked.iter().filter(|name| !known(name)).collect();
    ensure!(
        unknown.is_empty(),
        "alerts or dashboard ask for series that the operator does not serve: {unknown:?}"
    );
    let has = |name: &str, label: &str| {
        let labels = served.get(name);
        OF_TARGETS.contains(&label) || labels.is_none_or(|labels| labels.contains(label))
    };
    let other = |(name, labels): &(&'a str, Vec<&'a str>)| labels.iter().any(|label| !has(name, label));
    let other: Vec<_> = selectors.iter().filter(|selector| other(selector)).collect();
    ensure!(
        other.is_empty(),
        "alerts or dashboard select series by labels that they do not have: {other:?}"
    );
    let forgotten: Vec<&&str> = RARE.iter().filter(|name| !asked.contains(**name)).collect();
    ensure!(
        forgotten.is_empty(),
        "a known series, but nobody asks for it: {forgotten:?}"
    );
    Ok(())
}

/// The series in a text of metrics by their names, and the labels that they have.
fn served(metrics: &str) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut served: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for line in metrics.lines().filter(|line| !line.starts_with('#')) {
        let (series, labels) = match line.split_once('{') {
            Some((name, rest)) => (name, rest.rsplit_once('}').map_or("", |(labels, _)| labels)),
            None => (line.split(' ').next().unwrap_or_default(), ""),
        };
        if !series.is_empty() {
            served.entry(series).or_default().extend(names_of(labels));
        }
    }
    served
}

/// The names that stand before a selector, and the labels in it. Ours all have one: without it they would tell of every installation.
fn selectors(expression: &str) -> impl Iterator<Item = (&str, Vec<&str>)> {
    let is_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == ':';
    expression.match_indices('{').filter_map(move |(place, _)| {
        let name = expression[..place].rsplit(|letter| !is_name(letter)).next()?;
        let (labels, _) = expression[place + 1..].split_once('}')?;
        Some((name, names_of(labels).collect()))
    })
}

/// Of `a="b",c=~"d"`, a and c. No value that we have or ask for holds a comma.
fn names_of(labels: &str) -> impl Iterator<Item = &str> {
    let pairs = labels.split(',').filter_map(|pair| pair.split_once(['=', '!']));
    pairs.map(|(name, _)| name.trim())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{RARE, check, selectors, served};

    #[test]
    fn names_are_those_before_a_selector_and_labels_those_in_it() {
        let expression = "sum by (job) (rate(a_total{job=\"x\", d!~\"y\"}[5m])) / b{job=\"x\"} unless c:d{}";
        let found: Vec<_> = selectors(expression).collect();
        assert_eq!(
            found,
            [("a_total", vec!["job", "d"]), ("b", vec!["job"]), ("c:d", vec![])]
        );
        let metrics = "# TYPE a counter\na{b=\"c\",d=\"e\"} 1\nd_bucket{le=\"1\"} 2\ne 3\n";
        let served = served(metrics);
        assert_eq!(served.keys().copied().collect::<Vec<_>>(), ["a", "d_bucket", "e"]);
        assert_eq!(served["a"], BTreeSet::from(["b", "d"]));
    }

    #[test]
    fn every_name_is_served_or_known_and_has_the_labels() {
        let rare: Vec<String> = RARE.iter().map(|name| format!("{name}{{}}")).collect();
        let with = |more: &'static str| rare.iter().map(String::as_str).chain([more]);
        assert!(check(with("up{} + a{job=\"x\",b=\"c\"}"), "a{b=\"c\"} 1\n").is_ok());
        let error = check(with("a{}"), "b 1\n").expect_err("refused").to_string();
        assert!(error.ends_with(r#"does not serve: ["a"]"#), "{error}");
        let error = check(with("a{c=\"d\"}"), "a{b=\"c\"} 1\n")
            .expect_err("refused")
            .to_string();
        assert!(error.contains(r#"("a", ["c"])"#), "{error}");
        assert!(check(["up{}"].into_iter(), "").is_err());
    }
}
