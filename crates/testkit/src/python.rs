//! Pythons with what others wrote, against which our own is held.

use std::path::PathBuf;

use crate::{VENV_DIR, workspace_root};

/// A Python that has Azure's own clients, as `cargo xtask testbed` installed them.
pub fn azure_clients() -> Option<PathBuf> {
    with("azure/keyvault/secrets")
}

/// One that has Doppler's own client.
pub fn doppler_client() -> Option<PathBuf> {
    with("dopplersdk")
}

/// One that has Google's own client.
pub fn google_clients() -> Option<PathBuf> {
    with("google/cloud/secretmanager")
}

/// One that has Infisical's own client.
pub fn infisical_client() -> Option<PathBuf> {
    with("infisical_sdk")
}

/// One that has OpenTelemetry's own messages.
pub fn opentelemetry() -> Option<PathBuf> {
    with("opentelemetry/proto/collector")
}

/// One that has the clients with which the fakes of small backends have to agree.
pub fn small_clients() -> Option<PathBuf> {
    with_all(&["gitlab", "nacl", "onepasswordconnectsdk"])
}

/// One that has clients of `BeyondTrust`, GitLab, Grafana and GitHub.
pub fn token_clients() -> Option<PathBuf> {
    with_all(&["bt_cli", "github", "gitlab", "grafana_client"])
}

fn with(module: &str) -> Option<PathBuf> {
    with_all(&[module])
}

fn with_all(modules: &[&str]) -> Option<PathBuf> {
    let venv = workspace_root().join(VENV_DIR);
    let has_them = |folder: std::io::Result<std::fs::DirEntry>| {
        folder.is_ok_and(|folder| {
            let packages = folder.path().join("site-packages");
            modules.iter().all(|module| packages.join(module).is_dir())
        })
    };
    let is_installed = std::fs::read_dir(venv.join("lib")).ok()?.any(has_them);
    is_installed.then(|| venv.join("bin/python"))
}
