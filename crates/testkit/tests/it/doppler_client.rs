//! The fake of Doppler: is it what Doppler's own client takes it for?

use std::process::Command;

use anyhow::{Context, Result, ensure};
use lockstep_testkit::{Doppler, doppler_client};

#[tokio::test]
#[ignore = "needs the test bed"]
async fn doppler_s_own_client_agrees_with_the_fake() -> Result<()> {
    let python = doppler_client().context("run `cargo xtask testbed doppler-client`")?;
    let doppler = Doppler::start().await?;
    doppler.allow("everywhere");
    doppler.allow_config("reader", ("app", "prd"), false);
    doppler.trust("identity", "subject", "");
    doppler.put(("app", "prd"), "API_KEY", "one");
    doppler.put(("app", "prd"), "DB__USER_NAME", "u");
    doppler.put(("app", "prd"), "USER", "u");
    let mut command = Command::new(python);
    command
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/doppler_client.py"))
        .arg(doppler.url())
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
