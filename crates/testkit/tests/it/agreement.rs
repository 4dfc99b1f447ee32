//! A script that drives a fake with its vendor's own client, and says so when they agree.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, ensure};

pub async fn reached(python: &Path, script: &str, url: &str) -> Result<()> {
    let mut command = Command::new(python);
    command
        .arg(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it")).join(script))
        .arg(url)
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
