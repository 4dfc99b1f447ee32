//! The fake of Azure: is it what Azure's own clients take it for?

use std::process::Command;

use anyhow::{Context, Result, ensure};
use lockstep_testkit::{Azure, RsaIdentity, azure_clients};

#[tokio::test]
#[ignore = "needs the test bed"]
async fn azure_s_own_clients_agree_with_the_fake() -> Result<()> {
    let python = azure_clients().context("run `cargo xtask testbed azure-clients`")?;
    let azure = Azure::start().await?;
    let identity = RsaIdentity::new("client")?;
    azure.register_secret("client", "secret");
    azure.register_subject("client", "subject");
    azure.register_certificate("client", &identity);
    let folder = tempfile::tempdir()?;
    let (authority, pem) = (folder.path().join("ca.pem"), folder.path().join("client.pem"));
    std::fs::write(&authority, azure.authority())?;
    std::fs::write(&pem, format!("{}{}", identity.key, identity.certificate))?;
    let mut command = Command::new(python);
    command
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/azure_clients.py"))
        .args([azure.url(), Azure::TENANT.to_owned()])
        .arg(&pem)
        .arg(azure.metadata_url())
        .env("REQUESTS_CA_BUNDLE", &authority)
        .env("AZURE_POD_IDENTITY_AUTHORITY_HOST", azure.metadata_url())
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
