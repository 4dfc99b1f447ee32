//! lockstep itself, run here with the arguments of the chart and the rights of its ServiceAccount, and no more.
//!
//! A rule that is missing shows as a refusal in its log, or as an ExternalSecret that does not become ready.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use lockstep_testkit::{Program, Running, eventually, free_port, http_get};
use serde_json::{Value as Json, json};

use super::cases::Case;
use super::families;
use super::monitoring::Monitoring;
use super::tools::Tools;
use crate::chart::read;

/// A namespace in the reach of every release.
const NAMESPACE: &str = "team-a";

const WITHIN: Duration = Duration::from_secs(30);

/// Lets it make a Secret, tell of it, and give it up again.
pub async fn works(lockstep: &Path, tools: &Tools, case: &Case, folder: &Path) -> Result<()> {
    let metrics = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()?));
    let operator = start(lockstep, tools, case, folder, metrics).await?;
    let log = operator.log().to_owned();
    wants_no_webhook(tools)?;
    let objects = folder.join(format!("{}-objects.json", case.values));
    write(&objects, &example(case))?;
    tools.kubectl_apply(&objects, &[])?;
    let what = "the ExternalSecret has its Secret, and there is an event of it";
    let synced = eventually(what, WITHIN, async || is_synced(tools)).await;
    synced.with_context(|| format!("the operator's log:\n{}", read(&log).unwrap_or_default()))?;

    if case.everywhere {
        tells_what_is_asked(tools, metrics).await?;
    }
    let path = objects.to_str().context("a path that is no text")?;
    let deleted = tools.kubectl(&["delete", "--filename", path, "--timeout=30s"]);
    deleted.context("what was made cannot be deleted")?;
    operator.stop()?;
    // The next one has to make its own.
    tools.kubectl(&[
        "delete",
        "events.events.k8s.io",
        "--all",
        "--namespace",
        NAMESPACE,
    ])?;
    let log = read(&log)?;
    let refusals: Vec<&str> = log.lines().filter(|line| is_refusal(line)).collect();
    ensure!(
        refusals.is_empty(),
        "lockstep was refused what it asked for:\n{}",
        refusals.join("\n")
    );
    Ok(())
}

/// No Service leads anywhere here, so that the API server cannot ask its webhooks, whatever the values say of that.
fn wants_no_webhook(tools: &Tools) -> Result<()> {
    const KIND: &str = "validatingwebhookconfigurations";
    let there: Json = serde_json::from_str(&tools.kubectl(&["get", KIND, "--output=json"])?)?;
    for configuration in there["items"].as_array().into_iter().flatten() {
        let webhooks = configuration["webhooks"].as_array().map_or(0, Vec::len);
        let ignore = |nth: usize| json!({"op": "replace", "path": format!("/webhooks/{nth}/failurePolicy"), "value": "Ignore"});
        let patch: Json = (0..webhooks).map(ignore).collect();
        let name = configuration["metadata"]["name"].as_str().context("a name")?;
        tools.kubectl(&["patch", KIND, name, "--type=json", "--patch", &patch.to_string()])?;
    }
    Ok(())
}

/// Alerts and dashboard ask for nothing that it does not tell.
async fn tells_what_is_asked(tools: &Tools, metrics: SocketAddr) -> Result<()> {
    let monitoring = Monitoring::of_the_chart(tools)?;
    let what = "the metrics tell what alerts and dashboard ask for";
    eventually(what, WITHIN, async || {
        let (_, text) = http_get(metrics, "/metrics")?;
        families::check(monitoring.expressions(), &text)
    })
    .await?;
    Ok(())
}

fn is_synced(tools: &Tools) -> Result<()> {
    let get = |what: &str, field: &str| {
        tools.kubectl(&[
            "get",
            what,
            "--namespace",
            NAMESPACE,
            "--output",
            &format!("jsonpath={field}"),
        ])
    };
    let data = get("secret/example", "{.data}").unwrap_or_default();
    ensure!(
        data == r#"{"word":"bG9ja3N0ZXA="}"#,
        "{}",
        get("externalsecret/example", "{.status}")?
    );
    let events = get("events.events.k8s.io", "{.items[*].reason}")?;
    ensure!(!events.is_empty(), "there is no event");
    Ok(())
}

fn is_refusal(line: &str) -> bool {
    line.to_ascii_lowercase().contains("forbidden")
}

async fn start(
    lockstep: &Path,
    tools: &Tools,
    case: &Case,
    folder: &Path,
    metrics: SocketAddr,
) -> Result<Running> {
    let port = free_port()?;
    // Where it listens is the pod's own affair, and so is what is mounted there.
    let audit = "--audit-log=/";
    let is_the_pods = |argument: &&&str| {
        ["-addr=", "-port=", "--metrics-", "-cert-dir=", audit]
            .iter()
            .any(|part| argument.contains(part))
    };
    let arguments = case.arguments.iter().filter(|argument| !is_the_pods(argument));
    let audits = case.arguments.iter().any(|argument| argument.starts_with(audit));
    let log = format!(
        "--audit-log={}",
        folder.join(format!("{}-audit", case.values)).display()
    );
    let program = Program::new(lockstep, folder.join(format!("{}-operator.log", case.values)))
        .args(arguments)
        .args([
            format!("--live-addr=127.0.0.1:{port}"),
            format!("--metrics-addr={metrics}"),
            format!("--webhook-port={}", webhook_port(case)?),
        ])
        .args(audits.then_some(log))
        .env("KUBECONFIG", kubeconfig(tools, case, folder)?)
        .ready_on(port);
    Ok(program.start().await?)
}

/// Another one, where there is one: on this machine it may be taken.
fn webhook_port(case: &Case) -> Result<u16> {
    let serves = case
        .arguments
        .iter()
        .any(|argument| argument.starts_with("--webhook-port="));
    if serves { Ok(free_port()?) } else { Ok(0) }
}

/// A kubeconfig with the account's token and namespace, which are what a pod gets.
fn kubeconfig(tools: &Tools, case: &Case, folder: &Path) -> Result<PathBuf> {
    let token = tools.kubectl(&["create", "token", case.account, "--namespace", case.namespace])?;
    let mut config: Json =
        serde_json::from_str(&tools.kubectl(&["config", "view", "--raw", "--minify", "--output=json"])?)?;
    config["users"][0]["user"] = json!({"token": token.trim()});
    config["contexts"][0]["context"]["namespace"] = json!(case.namespace);
    let path = folder.join(format!("{}-account.kubeconfig", case.values));
    write(&path, &config)?;
    Ok(path)
}

/// A store of each kind that the release serves, an ExternalSecret, and one that fails, so that the metrics tell of failures.
fn example(case: &Case) -> Json {
    let kinds: &[&str] = if case.everywhere {
        &["SecretStore", "ClusterSecretStore"]
    } else {
        &["SecretStore"]
    };
    let class = case
        .arguments
        .iter()
        .find_map(|argument| argument.strip_prefix("--controller-class="));
    let store = json!({
        "controller": class.unwrap_or_default(),
        "provider": {"fake": {"data": [{"key": "word", "value": "lockstep"}]}},
    });
    let secret = |key: &str| {
        json!({
            "secretStoreRef": {"name": "example", "kind": "SecretStore"},
            "data": [{"secretKey": "word", "remoteRef": {"key": key}}],
        })
    };
    let mut items: Vec<Json> = kinds.iter().map(|kind| object(kind, "example", &store)).collect();
    items.push(object("ExternalSecret", "example", &secret("word")));
    items.push(object("ExternalSecret", "failing", &secret("missing")));
    json!({"apiVersion": "v1", "kind": "List", "items": items})
}

/// An object of ours. The API server drops the namespace where its kind has none.
fn object(kind: &str, name: &str, spec: &Json) -> Json {
    json!({
        "apiVersion": "external-secrets.io/v1",
        "kind": kind,
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": spec,
    })
}

fn write(path: &Path, document: &Json) -> Result<()> {
    std::fs::write(path, document.to_string()).with_context(|| format!("cannot write {}", path.display()))
}
