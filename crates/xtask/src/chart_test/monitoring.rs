//! The alerts and the dashboard: whether Prometheus takes them, and whether each alert fires when it is to.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use serde_json::{Value as Json, json};

use super::tools::Tools;
use crate::chart::{CHART, KUBERNETES, read};
use crate::run;

/// What happens, and what is to be said of it then.
const STORY: &str = include_str!("alerts.yaml");

/// Where the runbooks are.
const RUNBOOKS: &str = "docs/alerts.md";

/// What Grafana would put into a query.
const VARIABLES: [(&str, &str); 2] = [("$__rate_interval", "5m"), ("$job", "lockstep-metrics")];

/// The alerts and queries of the chart.
pub struct Monitoring {
    groups: Vec<Json>,
    queries: Vec<String>,
}

/// Holds them against Prometheus's own tool, and alerts against their runbooks.
pub fn check(tools: &Tools) -> Result<()> {
    let monitoring = Monitoring::of_the_chart(tools)?;
    let folder = run::target().join("chart-test");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let write = |name: &str, text: &str| -> Result<PathBuf> {
        let path = folder.join(name);
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(path)
    };
    let rules = json!({"groups": monitoring.groups});
    tools.promtool(
        &["check", "rules"],
        &write("whole-rules.yaml", &rules.to_string())?,
    )?;
    let queries = monitoring.queries_as_rules();
    tools.promtool(&["check", "rules"], &write("queries.yaml", &queries.to_string())?)?;

    write("rules.yaml", &monitoring.rules_with_summaries().to_string())?;
    tools.promtool(&["test", "rules"], &write("alerts.yaml", STORY)?)?;
    let alerts = monitoring.alerts();
    same("alert that fires in chart_test/alerts.yaml", &alerts, &fired()?)?;
    same(
        "alert with a heading in docs/alerts.md",
        &alerts,
        &headings(&read(&run::root().join(RUNBOOKS))?),
    )
}

impl Monitoring {
    /// What the chart makes of them for a release of the name `lockstep`.
    pub fn of_the_chart(tools: &Tools) -> Result<Self> {
        let rendered = |template: &str, setting: &str| -> Result<Json> {
            let text = tools.helm(&[
                "template",
                "lockstep",
                CHART,
                "--kube-version",
                KUBERNETES,
                "--set",
                setting,
                "--show-only",
                template,
            ])?;
            serde_saphyr::from_str(&text).with_context(|| format!("{template} makes no YAML"))
        };
        let rule = rendered(
            "templates/prometheusrule.yaml",
            "prometheusRule.enabled=true,prometheusRule.renderMode=alwaysRender",
        )?;
        let groups = rule["spec"]["groups"].as_array().context("no groups of rules")?;
        let map = rendered("templates/dashboard.yaml", "grafanaDashboard.enabled=true")?;
        let dashboard = map["data"]["lockstep.json"].as_str().context("no dashboard")?;
        let dashboard: Json = serde_json::from_str(dashboard).context("the dashboard is no JSON")?;
        let targets = each(&dashboard["panels"]).flat_map(|panel| each(&panel["targets"]));
        let queries = targets.filter_map(|target| target["expr"].as_str()).map(|query| {
            VARIABLES
                .iter()
                .fold(query.to_owned(), |query, (variable, value)| {
                    query.replace(variable, value)
                })
        });
        Ok(Self {
            groups: groups.clone(),
            queries: queries.collect(),
        })
    }

    /// Every query that is in the chart.
    pub fn expressions(&self) -> impl Iterator<Item = &str> {
        let rules = self.rules().filter_map(|rule| rule["expr"].as_str());
        rules.chain(self.queries.iter().map(String::as_str))
    }

    fn rules(&self) -> impl Iterator<Item = &Json> {
        self.groups.iter().flat_map(|group| each(&group["rules"]))
    }

    fn alerts(&self) -> BTreeSet<String> {
        let names = self.rules().filter_map(|rule| rule["alert"].as_str());
        names.map(str::to_owned).collect()
    }

    /// A test names the annotations of an alert word for word; one of them is enough to see what it is about.
    fn rules_with_summaries(&self) -> Json {
        let rules = self.rules().map(|rule| {
            let mut rule = rule.clone();
            rule["annotations"] = json!({"summary": rule["annotations"]["summary"]});
            rule
        });
        json!({"groups": [{"name": "lockstep", "rules": rules.collect::<Vec<_>>()}]})
    }

    fn queries_as_rules(&self) -> Json {
        let rules = self
            .queries
            .iter()
            .enumerate()
            .map(|(number, query)| json!({"record": format!("dashboard:query:{number}"), "expr": query}));
        json!({"groups": [{"name": "dashboard", "rules": rules.collect::<Vec<_>>()}]})
    }
}

/// The alerts that are expected at some time.
fn fired() -> Result<BTreeSet<String>> {
    let story: Json = serde_saphyr::from_str(STORY).context("chart_test/alerts.yaml is no YAML")?;
    let expected = each(&story["tests"]).flat_map(|test| each(&test["alert_rule_test"]));
    let expected = expected.filter(|alert| each(&alert["exp_alerts"]).next().is_some());
    Ok(expected
        .filter_map(|alert| Some(alert["alertname"].as_str()?.to_owned()))
        .collect())
}

fn headings(runbooks: &str) -> BTreeSet<String> {
    let headings = runbooks.lines().filter_map(|line| line.strip_prefix("## "));
    let alerts = headings.filter(|heading| heading.starts_with("Lockstep"));
    alerts.map(str::to_owned).collect()
}

fn same(what: &str, alerts: &BTreeSet<String>, found: &BTreeSet<String>) -> Result<()> {
    let missing: Vec<&String> = alerts.difference(found).collect();
    let beyond: Vec<&String> = found.difference(alerts).collect();
    ensure!(missing.is_empty(), "no {what}: {missing:?}");
    ensure!(
        beyond.is_empty(),
        "not an alert of the chart, but an {what}: {beyond:?}"
    );
    Ok(())
}

fn each(list: &Json) -> impl Iterator<Item = &Json> {
    list.as_array().into_iter().flatten()
}
