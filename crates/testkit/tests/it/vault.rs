//! Vault: are there the engines and the ways to log in that tests are about?

use anyhow::{Context, Result, ensure};
use http::Method;
use lockstep_testkit::Vault;
use reqwest::Certificate;
use serde_json::json;

#[tokio::test]
#[ignore = "needs the test bed"]
async fn each_test_has_mounts_of_its_own() -> Result<()> {
    let vault = Vault::shared().await?;
    for (version, value, answer) in [
        (1, json!({"a": "b"}), "/data/a"),
        (2, json!({"data": {"a": "b"}}), "/data/data/a"),
    ] {
        let (one, other) = (vault.kv(version).await?, vault.kv(version).await?);
        let at = |mount: &str| match version {
            1 => format!("{mount}/x"),
            _ => format!("{mount}/data/x"),
        };
        vault.write(&at(&one), value).await?;
        let read = vault.read(&at(&one)).await?;
        ensure!(read.pointer(answer) == Some(&json!("b")), "KV v{version}");
        ensure!(vault.read(&at(&other)).await.is_err(), "KV v{version}");
        vault.delete(&at(&one)).await?;
        ensure!(vault.read(&at(&one)).await.is_err(), "KV v{version}");
    }
    Ok(())
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn every_engine_and_every_way_to_log_in_is_there() -> Result<()> {
    let vault = Vault::shared().await?;
    for engine in ["database", "pki", "ssh", "transit"] {
        vault.secrets(engine).await?;
    }
    for method in [
        "approle",
        "aws",
        "cert",
        "gcp",
        "jwt",
        "kubernetes",
        "ldap",
        "userpass",
    ] {
        vault.auth(method).await?;
    }
    Ok(())
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn a_token_may_do_what_its_policy_says() -> Result<()> {
    let vault = Vault::shared().await?;
    let mount = vault.kv(1).await?;
    let policy = vault
        .policy(&format!(
            "path \"{mount}/mine\" {{ capabilities = [\"create\", \"update\", \"read\"] }}"
        ))
        .await?;
    let token = vault.token(json!({"policies": [policy], "ttl": "1h"})).await?;
    let write = async |key: &str| {
        let path = format!("{mount}/{key}");
        let reply = vault.ask(Method::POST, &path, &token, Some(json!({"a": "b"})));
        reply.await.map(|(status, _)| status)
    };
    ensure!(write("mine").await? == 204);
    ensure!(write("yours").await? == 403);
    let (status, _) = vault
        .ask(Method::GET, "auth/token/lookup-self", "s.nonsense", None)
        .await?;
    ensure!(status == 403);
    Ok(())
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn its_certificate_is_of_an_authority_of_its_own() -> Result<()> {
    let vault = Vault::shared().await?;
    let url = format!("{}/v1/sys/health", vault.tls_url());
    let authority = Certificate::from_pem(vault.authority().pem().as_bytes())?;
    let client = reqwest::Client::builder().tls_certs_only([authority]).build()?;
    ensure!(client.get(&url).send().await?.status() == 200);
    let stranger = reqwest::Client::builder().build()?.get(&url).send().await;
    let refused = stranger.err().context("nobody else trusts it")?;
    ensure!(refused.is_connect(), "{refused:?}");
    Ok(())
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn it_ends_with_its_handle() -> Result<()> {
    let vault = Vault::start().await?;
    let url = format!("{}/v1/sys/health", vault.url());
    ensure!(reqwest::get(&url).await?.status() == 200);
    drop(vault);
    let gone = reqwest::get(&url).await.err().context("it still answers")?;
    ensure!(gone.is_connect(), "{gone:?}");
    Ok(())
}
