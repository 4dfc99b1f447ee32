//! The fakes of `BeyondTrust`, GitLab, Grafana and GitHub: are they what the clients of others take them for?

use std::process::Command;

use anyhow::{Context, Result, ensure};
use lockstep_testkit::{Beyondtrust, Github, Gitlab, Grafana, RsaIdentity, token_clients};

#[tokio::test]
#[ignore = "needs the test bed"]
async fn clients_of_others_agree_with_the_fakes() -> Result<()> {
    let python = token_clients().context("run `cargo xtask testbed token-clients`")?;
    let (key, app, installation) = ("key", "17", "4711");
    let identity = RsaIdentity::new("app")?;
    let gitlab = Gitlab::start(key, &["projects/42", "groups/a%2Fb"]).await?;
    let grafana = Grafana::start(&format!("Bearer {key}")).await?;
    let github = Github::start(app, installation, &identity).await?;
    let beyondtrust = Beyondtrust::start(key).await?;
    let folder = tempfile::tempdir()?;
    let pem = folder.path().join("app.pem");
    std::fs::write(&pem, &identity.key)?;
    let mut command = Command::new(python);
    command
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/token_clients.py"))
        .args([gitlab.url(), grafana.url(), github.url()])
        .args([key, app, installation])
        .arg(&pem)
        .args([&beyondtrust.url(), Beyondtrust::SITE])
        .env("NO_PROXY", "*");
    let output = tokio::task::spawn_blocking(move || command.output()).await??;
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    ensure!(output.status.success(), "{}", said(&output.stderr));
    ensure!(
        said(&output.stdout).trim() == "agreed",
        "{}",
        said(&output.stdout)
    );
    Ok(())
}
