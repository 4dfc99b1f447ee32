//! Runs other programs, and tells what went wrong with them.

use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};

/// The root of the workspace.
pub fn root() -> &'static Path {
    lockstep_testkit::workspace_root()
}

/// Where cargo puts what it builds.
pub fn target() -> PathBuf {
    variable("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |dir| root().join(dir))
}

/// A variable of the environment, unless it is empty.
#[expect(
    clippy::disallowed_methods,
    reason = "the environment is a build tool's configuration"
)]
pub fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

/// Whether what has to be skipped is a failure.
pub fn skip_nothing() -> bool {
    variable("LOCKSTEP_SKIP_NOTHING").is_some()
}

/// The cargo that runs us.
pub fn cargo() -> Command {
    let mut command = Command::new(variable("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    command
}

/// Builds lockstep, and tells where it is.
pub fn build_lockstep(release: bool) -> Result<PathBuf> {
    let mut build = cargo();
    build.args(["build", "--quiet", "--package", "lockstep", "--bin", "lockstep"]);
    if release {
        build.arg("--release");
    }
    show(&mut build)?;
    Ok(target()
        .join(if release { "release" } else { "debug" })
        .join("lockstep"))
}

/// Runs a command whose output is for the person at the terminal.
pub fn show(command: &mut Command) -> Result<()> {
    let status = command
        .status()
        .with_context(|| format!("cannot start {}", described(command)))?;
    ensure!(status.success(), "{} failed ({status})", described(command));
    Ok(())
}

/// Runs a command, and returns what it prints.
pub fn output(command: &mut Command) -> Result<String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot start {}", described(command)))?;
    if !output.status.success() {
        bail!(
            "{} failed ({}): {}",
            described(command),
            output.status,
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    String::from_utf8(output.stdout).with_context(|| format!("{} printed no text", described(command)))
}

/// Whether a program is there: whether it can be started at all.
pub fn is_there(program: &str, argument: &str) -> bool {
    let mut command = Command::new(program);
    command
        .arg(argument)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    !matches!(command.status(), Err(error) if error.kind() == ErrorKind::NotFound)
}

/// Prints a headline, does the step, and tells how long it took.
pub fn step<T>(title: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    println!("\n== {title}");
    let begun = Instant::now();
    let outcome = work();
    let ending = if outcome.is_ok() { "done" } else { "FAILED" };
    println!(
        "== {title}: {ending} after {:.0} s",
        begun.elapsed().as_secs_f64()
    );
    outcome
}

fn described(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let text = words
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ");
    format!("`{text}`")
}
