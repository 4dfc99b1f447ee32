//! Builds one program of the test bed from its Go module.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use aws_lc_rs::digest;

use crate::run;

/// One program of the test bed.
pub struct Tool {
    pub name: &'static str,
    /// Its folder in `testbed/`.
    pub module: &'static str,
    pub package: &'static str,
    /// Where the program keeps its version, and the Go module whose version that is.
    pub version: Option<(&'static str, &'static str)>,
    /// How long it takes, if it is long enough to make one wonder.
    pub takes: Option<&'static str>,
}

const LINES_OF_A_FAILURE: usize = 20;
const STILL_AT_IT: Duration = Duration::from_secs(30);

/// What `go version` says, if Go is installed.
pub fn version() -> Option<String> {
    run::output(Command::new("go").arg("version")).ok()
}

/// Builds it, unless it was built from the same sources before.
pub fn build_if_needed(tool: &Tool, go: &str, folder: &Path, force: bool) -> Result<()> {
    let module = run::root().join("testbed").join(tool.module);
    let stamp = folder.join(format!(".{}.stamp", tool.name));
    let wanted = stamp_of(tool, go, &module)?;
    let program = folder.join(tool.name);
    let built = program.is_file() && fs::read_to_string(&stamp).is_ok_and(|there| there == wanted);
    if built && !force {
        eprintln!("{:<24} up to date", tool.name);
        return Ok(());
    }
    build(tool, &module, &program).with_context(|| format!("cannot build {}", tool.name))?;
    fs::write(&stamp, wanted).with_context(|| format!("cannot write {}", stamp.display()))
}

/// What a program was built from: another stamp, another program.
fn stamp_of(tool: &Tool, go: &str, module: &Path) -> Result<String> {
    let mut context = digest::Context::new(&digest::SHA256);
    for file in ["go.mod", "go.sum"] {
        let path = module.join(file);
        context.update(&fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?);
    }
    for part in [
        go,
        tool.package,
        tool.version.map(|(symbol, _)| symbol).unwrap_or_default(),
    ] {
        context.update(part.as_bytes());
        context.update(&[0]);
    }
    Ok(format!("{:?}\n", context.finish()))
}

fn build(tool: &Tool, module: &Path, program: &Path) -> Result<()> {
    let takes = tool.takes.map(|time| format!(": this takes {time}"));
    eprintln!("{:<24} building{}", tool.name, takes.unwrap_or_default());
    let begun = Instant::now();
    // Built beside its place and moved there, so that a program in use is never half written.
    let unfinished = program.with_extension("new");
    let log = run::root()
        .join("target/testbed")
        .join(format!("{}.log", tool.name));
    let output = File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
    let mut go = Command::new("go");
    go.arg("build")
        .arg("-trimpath")
        .arg("-ldflags")
        .arg(linker_flags(tool, module)?);
    go.args([OsStr::new("-o"), unfinished.as_os_str(), OsStr::new(tool.package)]);
    go.current_dir(module)
        .env("CGO_ENABLED", "0")
        .stdin(Stdio::null());
    go.stdout(output.try_clone()?).stderr(output);
    let status = watch(go, tool.name, begun)?;
    ensure!(
        status.success(),
        "go build failed ({status}); its output ends:\n{}",
        end_of(&log)
    );
    fs::rename(&unfinished, program).with_context(|| format!("cannot move to {}", program.display()))?;
    fs::remove_file(&log).with_context(|| format!("cannot remove {}", log.display()))?;
    eprintln!(
        "{:<24} built in {:.0} s",
        tool.name,
        begun.elapsed().as_secs_f64()
    );
    Ok(())
}

fn linker_flags(tool: &Tool, module: &Path) -> Result<String> {
    let strip = "-s -w";
    let Some((symbol, of)) = tool.version else {
        return Ok(strip.to_owned());
    };
    let version = run::output(
        Command::new("go")
            .args(["list", "-m", "-f", "{{.Version}}", of])
            .current_dir(module),
    )?;
    Ok(format!("{strip} -X {symbol}={}", version.trim()))
}

/// Waits for a build, with a sign of life now and then.
fn watch(mut go: Command, name: &str, begun: Instant) -> Result<ExitStatus> {
    let mut child = go.spawn().context("cannot start go")?;
    let mut told = begun;
    loop {
        if let Some(status) = child.try_wait().context("cannot wait for go")? {
            return Ok(status);
        }
        if told.elapsed() >= STILL_AT_IT {
            told = Instant::now();
            eprintln!(
                "{name:<24} building, {:.0} s so far",
                begun.elapsed().as_secs_f64()
            );
        }
        std::thread::park_timeout(Duration::from_millis(100));
    }
}

fn end_of(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(LINES_OF_A_FAILURE)..].join("\n")
}
