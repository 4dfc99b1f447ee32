//! Where the servers' programs are.

use std::path::{Path, PathBuf};

use crate::Error;

/// Where `cargo xtask testbed` puts what it builds, relative to the workspace.
pub const BIN_DIR: &str = "target/testbed/bin";

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
