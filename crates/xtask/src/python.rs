//! Pythons with what the conformance suite needs: the system's, or one of our own.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result};
use lockstep_testkit::VENV_DIR;

use crate::run;

/// The suite's scenarios were recorded with this very version.
const MOTO: &str = "5.2.5";

/// Azure's own clients, with which the fake of Azure has to agree.
const AZURE: [(&str, &str); 4] = [
    ("azure-identity", "1.27.0"),
    ("azure-keyvault-certificates", "4.12.0"),
    ("azure-keyvault-keys", "4.11.3"),
    ("azure-keyvault-secrets", "4.12.0"),
];

/// Google's own clients, with which the fake of Google Cloud has to agree.
const GOOGLE: [(&str, &str); 4] = [
    ("google-auth", "2.62.2"),
    ("google-cloud-secret-manager", "2.32.0"),
    ("google-crc32c", "1.9.0"),
    ("requests", "2.34.2"),
];

/// A Python that has PyYAML.
pub fn with_yaml() -> Result<PathBuf> {
    let system = PathBuf::from("python3");
    if has_yaml(&system) {
        return Ok(system);
    }
    let own = own();
    if !has_yaml(&own) {
        install(&["pyyaml"])?;
    }
    Ok(own)
}

/// Where moto's server is: the one that `MOTO_SERVER` names, or our own. It is installed if it is not there.
pub fn moto() -> Result<PathBuf> {
    let named = run::variable("MOTO_SERVER").is_some();
    if !named && !has(&venv(), "moto", MOTO) {
        install(&[&format!("moto[server]=={MOTO}")])?;
    }
    let found = lockstep_testkit::moto_server();
    let found = found.context("MOTO_SERVER names no program, or moto came without its server")?;
    eprintln!("{:<24} from {}", "moto", found.display());
    Ok(found)
}

/// Installs Azure's own clients if they are not there.
pub fn azure_clients() -> Result<()> {
    clients("azure-clients", &AZURE, lockstep_testkit::azure_clients)
}

/// Installs Google's own clients if they are not there.
pub fn google_clients() -> Result<()> {
    clients("google-clients", &GOOGLE, lockstep_testkit::google_clients)
}

fn clients(name: &str, packages: &[(&str, &str)], found: fn() -> Option<PathBuf>) -> Result<()> {
    let venv = venv();
    let mut wanted = packages.iter();
    if !wanted.all(|(package, version)| has(&venv, package, version)) {
        let packages: Vec<_> = packages
            .iter()
            .map(|(package, version)| format!("{package}=={version}"))
            .collect();
        install(&packages.iter().map(String::as_str).collect::<Vec<_>>())?;
    }
    let found = found().context("the packages came without their modules")?;
    eprintln!("{name:<24} for {}", found.display());
    Ok(())
}

/// Installs packages into our own environment, which is made if it is not there.
fn install(packages: &[&str]) -> Result<()> {
    let (venv, begun) = (venv(), Instant::now());
    let package = packages[0];
    eprintln!("{package:<24} installing into {}", venv.display());
    if !own().is_file() {
        run::output(Command::new("python3").args(["-m", "venv"]).arg(&venv))
            .context("cannot make an environment")?;
    }
    run::output(
        Command::new(own())
            .args(["-m", "pip", "install", "--quiet"])
            .args(packages),
    )
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
fn has(venv: &Path, package: &str, version: &str) -> bool {
    let versions = std::fs::read_dir(venv.join("lib"))
        .into_iter()
        .flatten()
        .flatten();
    let named = format!("site-packages/{}-{version}.dist-info", package.replace('-', "_"));
    versions
        .into_iter()
        .any(|version| version.path().join(&named).is_dir())
}
