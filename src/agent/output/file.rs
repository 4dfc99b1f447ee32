//! One private file, replaced as a whole.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::layout;
use crate::engine::secret_bytes::SecretBytes;

pub const MODE: u32 = 0o600;

/// A reader finds the old file or the new one, whenever we are interrupted. A file that is as wanted is left alone,
/// so that nobody who watches it is woken for nothing. Whether it was not as wanted.
pub fn write(path: &Path, content: &SecretBytes) -> io::Result<bool> {
    if is_current(path, content) {
        return Ok(false);
    }
    tidy(path)?;
    let fresh = fresh(path);
    create(&fresh, content)?;
    fs::rename(&fresh, path)?;
    path.parent().map_or(Ok(()), layout::sync)?;
    Ok(true)
}

/// A file that was not there before, with its mode from the beginning.
pub fn create(path: &Path, content: &SecretBytes) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(MODE)
        .open(path)?;
    file.write_all(content.expose())?;
    file.sync_all()
}

/// Adds to a file that is there.
pub fn append(path: &Path, text: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().append(true).open(path)?;
    file.write_all(text)?;
    file.sync_all()
}

pub fn is_current(path: &Path, content: &SecretBytes) -> bool {
    read(path, content.len()).is_ok_and(|found| found == Some(content.clone()))
}

/// The content of a private file of this length; `None` for any other.
fn read(path: &Path, length: usize) -> io::Result<Option<SecretBytes>> {
    let about = fs::symlink_metadata(path)?;
    let is_like_ours = about.is_file() && about.permissions().mode() & 0o777 == MODE;
    if !is_like_ours || about.len() != length as u64 {
        return Ok(None);
    }
    let mut found = Zeroizing::new(Vec::with_capacity(length));
    File::open(path)?
        .take(length as u64 + 1)
        .read_to_end(&mut found)?;
    Ok(Some(SecretBytes::from(found.as_slice())))
}

pub fn remove(path: &Path) -> io::Result<()> {
    tidy(path)?;
    gone_is_fine(fs::remove_file(path))?;
    path.parent().map_or(Ok(()), layout::sync)
}

/// Removes what an interrupted write left.
pub fn tidy(path: &Path) -> io::Result<()> {
    gone_is_fine(fs::remove_file(fresh(path)))
}

/// Can a file be written in this place?
pub fn probe(path: &Path) -> io::Result<()> {
    create(&fresh(path), &SecretBytes::default())?;
    tidy(path)
}

pub fn gone_is_fine(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

fn fresh(path: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(".lockstep-new");
    path.with_file_name(name)
}
