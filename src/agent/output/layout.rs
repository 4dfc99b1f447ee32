//! Where a target goes below the output folder.
//!
//! The default namespace has no folder of its own: `OUT/NAME…`, and `OUT/NAMESPACE/NAME…` for the others. Only with a
//! folder for each target can the two meet, when a target of the default namespace is called as another namespace.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use super::Format;
use super::marker::Marker;
use crate::cluster::folder::DEFAULT_NAMESPACE;
use crate::engine::object::ObjectKey;
use crate::engine::problem::Problem;

pub fn path(root: &Path, key: &ObjectKey, format: Format) -> PathBuf {
    let folder = if key.namespace == DEFAULT_NAMESPACE {
        root.to_owned()
    } else {
        root.join(&key.namespace)
    };
    match format {
        Format::Files => folder.join(&key.name),
        Format::Dotenv => folder.join(format!("{}.env", key.name)),
        Format::Json => folder.join(format!("{}.json", key.name)),
    }
}

pub fn refuse_collision(marker: &Marker, key: &ObjectKey, format: Format) -> Result<(), Problem> {
    let meets = |entry: &super::Entry| {
        let is_folder_of = |name: &str, namespace: &str| name == namespace && namespace != DEFAULT_NAMESPACE;
        let we_are_its_namespace = format == Format::Files
            && key.namespace == DEFAULT_NAMESPACE
            && is_folder_of(&key.name, &entry.namespace);
        let it_is_our_namespace = entry.format == Format::Files
            && entry.namespace == DEFAULT_NAMESPACE
            && is_folder_of(&entry.name, &key.namespace);
        we_are_its_namespace || it_is_our_namespace
    };
    let Some(other) = marker.entries().find(|entry| meets(entry)) else {
        return Ok(());
    };
    let why = format!(
        "its folder is also that of {}; rename one of them, or use --format dotenv or json",
        other.key()
    );
    Err(Problem::BadData {
        why: format!("{key}: {why}"),
    })
}

/// A folder, and those above it, that only we can look into. Those that are there stay as they are.
pub fn create_private(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// A namespace's folder is ours only while one of our outputs is in it; whatever else is there keeps it.
pub fn remove_empty_namespace(root: &Path, namespace: &str) {
    if namespace != DEFAULT_NAMESPACE {
        let _ = fs::remove_dir(root.join(namespace));
    }
}

/// Makes what happened in a folder outlive a power cut.
pub fn sync(folder: &Path) -> io::Result<()> {
    fs::File::open(folder)?.sync_all()
}
