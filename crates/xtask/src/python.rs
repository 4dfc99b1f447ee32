//! Pythons with what the conformance suite needs: the system's, or one of our own.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result};
use lockstep_testkit::VENV_DIR;

use crate::run;

/// The suite's scenarios were recorded with this very version.
const MOTO: &str = "5.2.5";

/// A Python that has PyYAML.
pub fn with_yaml() -> Result<PathBuf> {
    let system = PathBuf::from("python3");
    if has_yaml(&system) {
        return Ok(system);
    }
    let own = own();
    if !has_yaml(&own) {
        install("pyyaml")?;
    }
    Ok(own)
}

/// Where moto's server is: the one that `MOTO_SERVER` names, or our own. It is installed if it is not there.
pub fn moto() -> Result<PathBuf> {
    let named = run::variable("MOTO_SERVER").is_some();
    if !named && !has_moto(&venv()) {
        install(&format!("moto[server]=={MOTO}"))?;
    }
    let found = lockstep_testkit::moto_server();
    let found = found.context("MOTO_SERVER names no program, or moto came without its server")?;
    eprintln!("{:<24} from {}", "moto", found.display());
    Ok(found)
}

/// Installs a package into our own environment, which is made if it is not there.
fn install(package: &str) -> Result<()> {
    let (venv, begun) = (venv(), Instant::now());
    eprintln!("{package:<24} installing into {}", venv.display());
    if !own().is_file() {
        run::output(Command::new("python3").args(["-m", "venv"]).arg(&venv))
            .context("cannot make an environment")?;
    }
    run::output(Command::new(own()).args(["-m", "pip", "install", "--quiet", package]))
        .with_context(|| format!("cannot install {package}"))?;
    let took = begun.elapsed().as_secs_f64();
    eprintln!("{package:<24} installed in {took:.0} s");
    Ok(())
}

fn venv() -> PathBuf {
    run::root().join(VENV_DIR)
}

fn own() -> PathBuf {
    venv().join("bin/python")
}

fn has_yaml(python: &Path) -> bool {
    run::output(Command::new(python).args(["-c", "import yaml"])).is_ok()
}

/// Whether the very version is installed there. Python itself would take a second to tell.
fn has_moto(venv: &Path) -> bool {
    let versions = std::fs::read_dir(venv.join("lib"))
        .into_iter()
        .flatten()
        .flatten();
    let named = format!("site-packages/moto-{MOTO}.dist-info");
    versions
        .into_iter()
        .any(|version| version.path().join(&named).is_dir())
}
