//! Where the servers' programs are.

use std::path::{Path, PathBuf};

use crate::Error;

/// Where `cargo xtask testbed` puts what it builds, relative to the workspace.
pub const BIN_DIR: &str = "target/testbed/bin";

/// Where the test bed's Python programs are, relative to the workspace.
pub const VENV_DIR: &str = "target/venv";

/// The root of the workspace that this crate was compiled in.
pub fn workspace_root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here)
}

/// The program of that name: from `KUBEBUILDER_ASSETS` when it is set and holds it, else as built by
/// `cargo xtask testbed`.
#[expect(
    clippy::disallowed_methods,
    reason = "KUBEBUILDER_ASSETS is the convention of Kubernetes test tools"
)]
pub fn find(name: &'static str) -> Result<PathBuf, Error> {
    let assets = std::env::var_os("KUBEBUILDER_ASSETS")
        .filter(|dir| !dir.is_empty())
        .map(PathBuf::from);
    assets
        .into_iter()
        .chain([workspace_root().join(BIN_DIR)])
        .map(|dir| dir.join(name))
        .find(|program| program.is_file())
        .ok_or(Error::MissingBinary(name))
}

/// The folder with all of these programs: in the `PATH`, or one of those where the system keeps them besides.
#[expect(clippy::disallowed_methods, reason = "the PATH says where programs are")]
pub fn folder_with(programs: &[&str], besides: &[PathBuf]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let has_all = |folder: &PathBuf| programs.iter().all(|program| folder.join(program).is_file());
    std::env::split_paths(&path)
        .chain(besides.iter().cloned())
        .find(has_all)
}

/// Our own Python, if this package is installed there: a path below `site-packages`.
pub(crate) fn python_with(package: &str) -> Option<PathBuf> {
    let venv = workspace_root().join(VENV_DIR);
    let has_it = |folder: std::io::Result<std::fs::DirEntry>| {
        folder.is_ok_and(|folder| folder.path().join("site-packages").join(package).is_dir())
    };
    let is_installed = std::fs::read_dir(venv.join("lib")).ok()?.any(has_it);
    is_installed.then(|| venv.join("bin/python"))
}
