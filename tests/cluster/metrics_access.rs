//! The metrics over TLS, for those whom RBAC lets read them.

use anyhow::{Context as _, Result, ensure};
use k8s_openapi::api::authentication::v1::TokenRequest;
use k8s_openapi::api::core::v1::ServiceAccount;
use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding};
use kube::api::{Api, PostParams};
use lockstep_testkit::{Authority, Issued, Program, Purpose, User, eventually, free_port};
use reqwest::{Certificate, Client};
use serde_json::json;

use crate::bench::{Bench, SOON};

const SECURE: [(&str, &str); 2] = [
    ("LOCKSTEP_METRICS_SECURE", "true"),
    ("LOCKSTEP_METRICS_AUTH", "true"),
];

/// A token of a ServiceAccount that is made for it.
async fn token(bench: &Bench, account: &str) -> Result<String> {
    let accounts = bench.api::<ServiceAccount>();
    let made = serde_json::from_value(json!({"metadata": {"name": account}}))?;
    accounts.create(&PostParams::default(), &made).await?;
    let request = TokenRequest::default();
    let token = accounts
        .create_token_request(account, &PostParams::default(), &request)
        .await?;
    Ok(token.status.context("a token")?.token)
}

/// Lets the account read metrics, as the chart's role does.
async fn allow(bench: &Bench, account: &str) -> Result<()> {
    let role = json!({
        "metadata": {"name": "metrics-reader"}, "rules": [{"nonResourceURLs": ["/metrics"], "verbs": ["get"]}],
    });
    let binding = json!({
        "metadata": {"name": "metrics-reader"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "metrics-reader"},
        "subjects": [{"kind": "ServiceAccount", "name": account, "namespace": bench.namespace}],
    });
    let (roles, bindings) = (
        Api::<ClusterRole>::all(bench.client.clone()),
        Api::<ClusterRoleBinding>::all(bench.client.clone()),
    );
    roles
        .create(&PostParams::default(), &serde_json::from_value(role)?)
        .await?;
    bindings
        .create(&PostParams::default(), &serde_json::from_value(binding)?)
        .await?;
    Ok(())
}

fn trusting(authority: &Authority) -> Result<Client> {
    let root = Certificate::from_pem(authority.pem().as_bytes())?;
    // Each request shakes hands anew, and sees the certificate of that moment.
    let client = Client::builder().no_proxy().pool_max_idle_per_host(0);
    Ok(client.tls_certs_only([root]).build()?)
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn metrics_are_told_over_tls_to_those_who_may_read_them() -> Result<()> {
    let (first, second) = (Authority::new("first")?, Authority::new("second")?);
    let folder = tempfile::tempdir()?;
    let write = |issued: &Issued| -> Result<()> {
        std::fs::write(folder.path().join("tls.crt"), &issued.certificate)?;
        Ok(std::fs::write(folder.path().join("tls.key"), &issued.key)?)
    };
    write(&first.issue("metrics", Purpose::Server)?)?;
    let shown = folder.path().to_str().context("a path")?;
    let environment = [SECURE[0], SECURE[1], ("LOCKSTEP_METRICS_CERT_DIR", shown)];
    let bench = Bench::set_up_in(&environment, "access", "value").await?;
    let (prometheus, tenant) = (token(&bench, "prometheus").await?, token(&bench, "tenant").await?);
    allow(&bench, "prometheus").await?;

    let url = format!("https://{}/metrics", bench.metrics);
    let client = trusting(&first)?;
    let status = async |token: Option<&str>| -> Result<u16> {
        let mut request = client.get(&url);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        Ok(request.send().await?.status().as_u16())
    };
    eventually("it is told to who may", SOON, async || {
        let status = status(Some(&prometheus)).await?;
        ensure!(status == 200, "{status}");
        Ok(())
    })
    .await?;
    for (token, expected) in [
        (None, 401),
        (Some("eyJhbGciOiJub25lIn0.e30."), 401),
        (Some(tenant.as_str()), 403),
    ] {
        let status = status(token).await?;
        ensure!(status == expected, "{status} and not {expected}");
    }

    write(&second.issue("metrics", Purpose::Server)?)?;
    let client = trusting(&second)?;
    eventually("a new certificate is shown", SOON, async || {
        let answer = client.get(&url).bearer_auth(&prometheus).send().await?;
        ensure!(answer.status().as_u16() == 200, "{}", answer.status());
        Ok(())
    })
    .await?;
    let log = std::fs::read_to_string(bench.operator.log())?;
    ensure!(
        !log.contains(&prometheus) && !log.contains(&tenant),
        "a token was logged"
    );
    Ok(())
}

/// The webhook as a program of its own has the same door.
#[tokio::test]
#[ignore = "needs the test bed"]
async fn the_webhooks_metrics_are_told_to_those_who_may_read_them() -> Result<()> {
    let bench = Bench::set_up("door", "value").await?;
    let (prometheus, tenant) = (token(&bench, "prometheus").await?, token(&bench, "tenant").await?);
    allow(&bench, "prometheus").await?;
    let (metrics, port, probes) = (free_port()?, free_port()?, free_port()?);
    let log = bench.plane.folder().join("webhook.log");
    let program = Program::new(env!("CARGO_BIN_EXE_lockstep"), log);
    let _webhook = program
        .args([
            "webhook".to_owned(),
            format!("--metrics-addr=127.0.0.1:{metrics}"),
            format!("--healthz-addr=127.0.0.1:{probes}"),
            format!("--port={port}"),
        ])
        .env("KUBECONFIG", bench.plane.kubeconfig_of(User::Operator))
        .env(SECURE[0].0, SECURE[0].1)
        .env(SECURE[1].0, SECURE[1].1)
        .start()
        .await?;
    let client = Client::builder()
        .no_proxy()
        .tls_danger_accept_invalid_certs(true)
        .build()?;
    let url = format!("https://127.0.0.1:{metrics}/metrics");
    let status = async |token: &str| -> Result<u16> {
        let answer = client.get(&url).bearer_auth(token).send().await?;
        Ok(answer.status().as_u16())
    };
    eventually("it is told to who may", SOON, async || {
        let status = status(&prometheus).await?;
        ensure!(status == 200, "{status}");
        Ok(())
    })
    .await?;
    let status = status(&tenant).await?;
    ensure!(status == 403, "{status} and not 403");
    Ok(())
}
