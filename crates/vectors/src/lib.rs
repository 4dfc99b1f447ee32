//! Results recorded from ESO and from Go's libraries, for tests alone. They lie beside the project, or in the folder
//! that `LOCKSTEP_VECTORS` names.

use std::path::{Path, PathBuf};

use serde_json::Value;

/// Where the recorded cases are.
#[expect(
    clippy::disallowed_methods,
    reason = "where they are, only whoever runs the tests knows"
)]
pub fn folder() -> PathBuf {
    match std::env::var_os("LOCKSTEP_VECTORS") {
        Some(folder) => folder.into(),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/conformance/vectors"),
    }
}

/// All cases of a file.
///
/// # Panics
///
/// Without them there is nothing to test.
pub fn load(file: &str) -> Vec<Value> {
    let path = folder().join(file);
    let text = std::fs::read(&path).unwrap_or_else(|error| {
        panic!(
            "the recorded cases are needed, but {} cannot be read: {error}; LOCKSTEP_VECTORS names another folder",
            path.display()
        )
    });
    serde_json::from_slice(&text).expect("the recorded cases are a JSON array")
}
