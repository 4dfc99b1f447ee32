//! A Python that has PyYAML: the system's, or one of our own.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::run;

/// Finds it, or makes it in `target/venv`.
pub fn with_yaml() -> Result<PathBuf> {
    let system = PathBuf::from("python3");
    if has_yaml(&system) {
        return Ok(system);
    }
    let venv = run::target().join("venv");
    let own = venv.join("bin/python");
    if !has_yaml(&own) {
        println!("making a Python environment with PyYAML in {}", venv.display());
        run::output(Command::new(&system).args(["-m", "venv"]).arg(&venv))
            .context("cannot make an environment")?;
        run::output(Command::new(&own).args(["-m", "pip", "install", "--quiet", "pyyaml"]))
            .context("cannot install PyYAML")?;
    }
    Ok(own)
}

fn has_yaml(python: &PathBuf) -> bool {
    run::output(Command::new(python).args(["-c", "import yaml"])).is_ok()
}
