//! A Python that has the clients with which the fakes of small backends have to agree.

use std::path::PathBuf;

use crate::{VENV_DIR, workspace_root};

const MODULES: [&str; 3] = ["gitlab", "nacl", "onepasswordconnectsdk"];

/// Where it is, if `cargo xtask testbed` has installed it.
pub fn small_clients() -> Option<PathBuf> {
    let venv = workspace_root().join(VENV_DIR);
    let has_them = |folder: std::io::Result<std::fs::DirEntry>| {
        folder.is_ok_and(|folder| {
            let packages = folder.path().join("site-packages");
            MODULES.iter().all(|module| packages.join(module).is_dir())
        })
    };
    let is_installed = std::fs::read_dir(venv.join("lib")).ok()?.any(has_them);
    is_installed.then(|| venv.join("bin/python"))
}
