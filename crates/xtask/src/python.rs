//! Pythons with what the conformance suite needs: the system's, or one of our own.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result};
use lockstep_testkit::VENV_DIR;

use crate::run;

/// The suite's scenarios were recorded with this very version.
const MOTO: &str = "5.2.5";

/// What others wrote, against which our own is held.
pub struct Packages {
    pub name: &'static str,
    /// With their versions.
    versions: &'static [(&'static str, &'static str)],
    /// A Python that has them.
    found: fn() -> Option<PathBuf>,
}

/// Azure's own clients, with which the fake of Azure has to agree.
pub const AZURE: Packages = Packages {
    name: "azure-clients",
    versions: &[
        ("azure-identity", "1.27.0"),
        ("azure-keyvault-certificates", "4.12.0"),
        ("azure-keyvault-keys", "4.11.3"),
        ("azure-keyvault-secrets", "4.12.0"),
    ],
    found: lockstep_testkit::azure_clients,
};

/// OpenTelemetry's own messages, which have to be made of what traces are sent as.
pub const TELEMETRY: Packages = Packages {
    name: "opentelemetry",
    versions: &[("opentelemetry-proto", "1.45.2")],
    found: lockstep_testkit::opentelemetry,
};

/// Doppler's own client, with which the fake of Doppler has to agree.
pub const DOPPLER: Packages = Packages {
    name: "doppler-client",
    versions: &[("doppler-sdk", "1.3.0")],
    found: lockstep_testkit::doppler_client,
};

/// Clients of `BeyondTrust`, GitLab, Grafana and GitHub that others wrote, with which the fakes of these have to agree.
pub const TOKENS: Packages = Packages {
    name: "token-clients",
    versions: &[
        ("bt-cli", "0.6.1"),
        ("grafana-client", "5.1.4"),
        ("pygithub", "2.10.0"),
        ("python-gitlab", "8.6.0"),
    ],
    found: lockstep_testkit::token_clients,
};

/// The clients with which the fakes of small backends have to agree.
pub const SMALL: Packages = Packages {
    name: "small-clients",
    versions: &[
        ("PyNaCl", "1.6.2"),
        ("onepasswordconnectsdk", "2.1.0"),
        ("python-gitlab", "8.6.0"),
    ],
    found: lockstep_testkit::small_clients,
};

/// Google's own clients, with which the fake of Google Cloud has to agree.
pub const GOOGLE: Packages = Packages {
    name: "google-clients",
    versions: &[
        ("google-auth", "2.62.2"),
        ("google-cloud-secret-manager", "2.32.0"),
        ("google-crc32c", "1.9.0"),
    ],
    found: lockstep_testkit::google_clients,
};

/// Infisical's own client. What is newer wants certificates that are not out yet.
pub const INFISICAL: Packages = Packages {
    name: "infisical-client",
    versions: &[("infisicalsdk", "1.0.17")],
    found: lockstep_testkit::infisical_client,
};

/// All of them.
pub const ALL: [&Packages; 7] = [&AZURE, &DOPPLER, &GOOGLE, &INFISICAL, &SMALL, &TELEMETRY, &TOKENS];

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

impl Packages {
    /// Installs them if they are not there.
    pub fn prepare(&self) -> Result<()> {
        let (venv, mut wanted) = (venv(), self.versions.iter());
        if !wanted.all(|(package, version)| has(&venv, package, version)) {
            let packages = self.versions.iter();
            let packages: Vec<_> = packages
                .map(|(package, version)| format!("{package}=={version}"))
                .collect();
            install(&packages.iter().map(String::as_str).collect::<Vec<_>>())?;
        }
        let found = (self.found)().context("the packages came without their modules")?;
        eprintln!("{:<24} for {}", self.name, found.display());
        Ok(())
    }
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
    let package = package.replace('-', "_").to_lowercase();
    let named = format!("site-packages/{package}-{version}.dist-info");
    versions
        .into_iter()
        .any(|version| version.path().join(&named).is_dir())
}
