//! Runs a Python program that drives a fake with a client that is not ours.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use lockstep_testkit::small_clients;

/// Runs it until it says that it agrees.
pub async fn agree(program: &str, arguments: &[&str]) -> Result<()> {
    let python = small_clients().context("run `cargo xtask testbed small-clients`")?;
    let mut command = Command::new(python);
    command
        .arg(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it")).join(program))
        .args(arguments)
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
