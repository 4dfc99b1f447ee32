//! A folder for each target, swapped as the kubelet swaps the volumes of Secrets:
//!
//! ```text
//! app/..2026_11_20_12_00_00.000000001/password    the values, private
//! app/..data -> ..2026_11_20_12_00_00.000000001   what is current: replaced by one rename
//! app/password -> ..data/password                 what people open
//! ```
//!
//! Links of new keys are made before the rename and those of old keys removed after it. In between they lead nowhere,
//! which to whoever opens them is the same as not being there. So every reader sees one version, at every moment.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, symlink};
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::file::{self, gone_is_fine};
use super::layout;
use crate::engine::problem::Problem;
use crate::engine::values::Values;

const CURRENT: &str = "..data";
const FRESH: &str = "..data_tmp";
/// Versions made within the same nanosecond.
const ATTEMPTS: usize = 16;

/// Keys become names of files.
pub fn check(values: &Values) -> Result<(), Problem> {
    match values.keys().find(|key| !is_file_name(key)) {
        None => Ok(()),
        Some(key) => Err(Problem::BadData {
            why: format!("key {key:?} cannot be the name of a file"),
        }),
    }
}

fn is_file_name(key: &str) -> bool {
    !key.is_empty() && key.len() <= 255 && key != "." && !key.starts_with("..") && !key.contains(['/', '\0'])
}

/// Whether anything was not as wanted.
pub fn write(folder: &Path, values: &Values) -> io::Result<bool> {
    layout::create_private(folder)?;
    if is_current(folder, values) {
        return Ok(false);
    }
    let version = create_version(folder, values)?;
    for key in values.keys() {
        link(folder, key)?;
    }
    gone_is_fine(fs::remove_file(folder.join(FRESH)))?;
    symlink(version, folder.join(FRESH))?;
    fs::rename(folder.join(FRESH), folder.join(CURRENT))?;
    layout::sync(folder)?;
    tidy(folder)?;
    Ok(true)
}

/// Removes what is not, or no longer, part of the current version: leavings of an interrupted or a finished swap.
pub fn tidy(folder: &Path) -> io::Result<()> {
    if !folder.exists() {
        return Ok(());
    }
    let current = fs::read_link(folder.join(CURRENT)).ok();
    gone_is_fine(fs::remove_file(folder.join(FRESH)))?;
    for (name, path) in entries(folder)? {
        let is_current = current
            .as_ref()
            .is_some_and(|current| current.as_os_str() == name.as_str());
        if is_version(&name) && !is_current {
            fs::remove_dir_all(path)?;
        } else if is_our_link(&path, &name) && !path.exists() {
            fs::remove_file(path)?;
        }
    }
    layout::sync(folder)
}

/// What is not ours stays, and keeps the folder.
pub fn remove(folder: &Path) -> io::Result<()> {
    if !folder.is_dir() {
        return Ok(());
    }
    // With the one link goes everything, at once.
    gone_is_fine(fs::remove_file(folder.join(CURRENT)))?;
    tidy(folder)?;
    match fs::remove_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => Ok(()),
        result => gone_is_fine(result),
    }
}

/// Something that a first write would have to push aside.
pub fn foreign(folder: &Path, values: &Values) -> Option<PathBuf> {
    let about = fs::symlink_metadata(folder).ok()?;
    if !about.is_dir() {
        return Some(folder.to_owned());
    }
    let names = values.keys().map(String::as_str).chain([CURRENT]);
    names
        .map(|name| folder.join(name))
        .find(|path| fs::symlink_metadata(path).is_ok())
}

fn is_current(folder: &Path, values: &Values) -> bool {
    let Ok(current) = fs::read_link(folder.join(CURRENT)) else {
        return false;
    };
    let current = folder.join(current);
    let same_keys = entries(&current).is_ok_and(|entries| entries.len() == values.len());
    same_keys
        && values.iter().all(|(key, value)| {
            file::is_current(&current.join(key), value) && is_our_link(&folder.join(key), key)
        })
}

/// A folder of its own for the values, named by the time. Its name.
fn create_version(folder: &Path, values: &Values) -> io::Result<PathBuf> {
    let name = create_version_folder(folder)?;
    let path = folder.join(&name);
    for (key, value) in values {
        file::create(&path.join(key), value)?;
    }
    layout::sync(&path)?;
    Ok(name)
}

fn create_version_folder(folder: &Path) -> io::Result<PathBuf> {
    let mut refused = io::Error::from(io::ErrorKind::AlreadyExists);
    for _ in 0..ATTEMPTS {
        let name = version_name(Timestamp::now());
        match DirBuilder::new().mode(0o700).create(folder.join(&name)) {
            Ok(()) => return Ok(PathBuf::from(name)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => refused = error,
            Err(error) => return Err(error),
        }
    }
    Err(refused)
}

fn version_name(now: Timestamp) -> String {
    format!(
        "..{}.{:09}",
        now.strftime("%Y_%m_%d_%H_%M_%S"),
        now.subsec_nanosecond()
    )
}

/// Nobody else's hidden folder is taken for one of ours.
fn is_version(name: &str) -> bool {
    let Some((time, nanos)) = name.strip_prefix("..").and_then(|rest| rest.split_once('.')) else {
        return false;
    };
    let digits =
        |text: &str, count: usize| text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    let parts: Vec<&str> = time.split('_').collect();
    let lengths = [4, 2, 2, 2, 2, 2];
    parts.len() == lengths.len()
        && parts
            .iter()
            .zip(lengths)
            .all(|(part, length)| digits(part, length))
        && digits(nanos, 9)
}

fn link(folder: &Path, key: &str) -> io::Result<()> {
    let path = folder.join(key);
    if is_our_link(&path, key) {
        return Ok(());
    }
    // A link of ours that somebody replaced by a file of their own is theirs now.
    symlink(target(key), path)
}

fn is_our_link(path: &Path, key: &str) -> bool {
    fs::read_link(path).is_ok_and(|leads_to| leads_to == target(key))
}

fn target(key: &str) -> PathBuf {
    Path::new(CURRENT).join(key)
}

/// Name and path of everything in a folder. Names that are no text are nobody's we know.
fn entries(folder: &Path) -> io::Result<Vec<(String, PathBuf)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        found.extend(
            entry
                .file_name()
                .into_string()
                .ok()
                .map(|name| (name, entry.path())),
        );
    }
    Ok(found)
}
