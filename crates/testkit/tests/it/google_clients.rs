//! The fake of Google Cloud: is it what Google's own clients take it for?

use std::process::Command;

use anyhow::{Context, Result, ensure};
use lockstep_testkit::{Google, google_clients};

const POOL: &str = "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q";
const TARGET: &str = "target@p.iam.gserviceaccount.com";

#[tokio::test]
#[ignore = "needs the test bed"]
async fn google_s_own_clients_agree_with_the_fake() -> Result<()> {
    let python = google_clients().context("run `cargo xtask testbed google-clients`")?;
    let google = Google::start().await?;
    let key = google.add_account("reader@p.iam.gserviceaccount.com")?;
    google.add_person("refresh");
    google.trust(POOL, "subject");
    google.trust(POOL, "AKIAMACHINE");
    for who in ["reader@p.iam.gserviceaccount.com", "subject"] {
        google.let_act_as(who, TARGET);
    }
    let folder = tempfile::tempdir()?;
    let (authority, file) = (folder.path().join("ca.pem"), folder.path().join("key.json"));
    std::fs::write(&authority, google.authority())?;
    std::fs::write(&file, key.to_string())?;
    let mut command = Command::new(python);
    command
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/google_clients.py"))
        .arg(google.url())
        .arg(&file)
        .arg(format!("http://{}", google.metadata_host()))
        .env("REQUESTS_CA_BUNDLE", &authority)
        .env("GCE_METADATA_HOST", google.metadata_host())
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
